#include "hashing/stream_digest.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "columnar/view.h"
#include "hashing/blake3.h"
#include "hashing/canonical.h"
#include "hashing/column_encoder.h"
#include "hashing/schema_identity.h"

namespace lakegate::hashing {
namespace {

// Part of every digest: a change of the method changes it.
constexpr std::string_view kMethod = "lakegate.rows.1";

// The hasher gets the buffer when it holds this much: it stays in cache, and has enough
// chunks for every lane. Rows are added in small steps, so that long values do not pile up.
constexpr std::size_t kBufferedBytes = 64 * 1024;
constexpr std::int64_t kRowsAtOnce = 64;

Status EncodeColumn(const columnar::ColumnView& view, CanonicalEncoder& buffer, Blake3& hasher) {
  LG_ASSIGN_OR_RETURN(const ColumnEncoder column, ColumnEncoder::Open(view));
  for (std::int64_t row = 0; row < view.length(); row += kRowsAtOnce) {
    column.Encode(row, std::min(kRowsAtOnce, view.length() - row), buffer);
    if (buffer.size() < kBufferedBytes) continue;
    hasher.Update(buffer.bytes());
    buffer.Clear();
  }
  hasher.Update(buffer.bytes());
  buffer.Clear();
  return {};
}

}  // namespace

struct StreamDigest::State {
  std::string logical_schema;
  std::vector<Blake3> columns;
  std::int64_t rows = 0;
  CanonicalEncoder buffer;
};

Result<StreamDigest> StreamDigest::Open(const ArrowSchema& schema) {
  auto state = std::make_unique<State>();
  LG_RETURN_IF_ERROR(EncodeLogicalSchema(schema, state->buffer));
  state->logical_schema = state->buffer.text();
  state->columns.resize(static_cast<std::size_t>(schema.n_children));
  return StreamDigest(std::move(state));
}

StreamDigest::StreamDigest(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamDigest::StreamDigest(StreamDigest&&) noexcept = default;
StreamDigest& StreamDigest::operator=(StreamDigest&&) noexcept = default;
StreamDigest::~StreamDigest() = default;

Status StreamDigest::Update(const ArrowSchema& schema, const ArrowArray& batch) {
  state_->buffer.Clear();
  LG_RETURN_IF_ERROR(EncodeLogicalSchema(schema, state_->buffer));
  if (state_->buffer.text() != state_->logical_schema) {
    return Error(ErrorKind::kSchemaMismatch,
                 "A batch has other columns or types than the stream it belongs to.");
  }
  LG_ASSIGN_OR_RETURN(const columnar::BatchView view, columnar::BatchView::Open(schema, batch));
  state_->buffer.Clear();
  for (std::size_t i = 0; i < state_->columns.size(); ++i) {
    LG_RETURN_IF_ERROR(EncodeColumn(view.column(static_cast<std::int64_t>(i)), state_->buffer,
                                    state_->columns[i]));
  }
  state_->rows += view.length();
  return {};
}

std::int64_t StreamDigest::rows() const { return state_->rows; }

Digest StreamDigest::Finish() const {
  CanonicalEncoder encoder;
  encoder.Text(kMethod);
  encoder.Binary(state_->logical_schema);
  encoder.Int(state_->rows);
  encoder.Begin(Tag::kList, state_->columns.size());
  for (const Blake3& column : state_->columns) {
    const Digest digest = column.Finish();
    encoder.Binary({reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
  }
  return Blake3Of(encoder.bytes());
}

namespace {

class DigestingStream final : public RecordStream {
 public:
  DigestingStream(ArrowStream source, std::shared_ptr<StreamDigest> digest)
      : source_(std::move(source)), digest_(std::move(digest)) {}

  const ArrowSchema& schema() const override { return source_->schema(); }

  Result<std::optional<OwnedArray>> Next() override {
    if (failure_) return *failure_;
    LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, source_->Next());
    if (!batch) return std::optional<OwnedArray>();
    if (const Status updated = digest_->Update(source_->schema(), **batch); !updated) {
      failure_ = updated.error();
      return *failure_;
    }
    return batch;
  }

 private:
  ArrowStream source_;
  std::shared_ptr<StreamDigest> digest_;
  std::optional<Error> failure_;
};

}  // namespace

Result<DigestedStream> DigestWhileReading(ArrowStream source) {
  LG_ASSIGN_OR_RETURN(StreamDigest digest, StreamDigest::Open(source->schema()));
  auto shared = std::make_shared<StreamDigest>(std::move(digest));
  DigestedStream result;
  result.stream = std::make_unique<DigestingStream>(std::move(source), shared);
  result.digest = std::move(shared);
  return result;
}

}  // namespace lakegate::hashing
