#include "engine/host_stream.h"

#include <cerrno>
#include <optional>
#include <utility>

#include "engine/hand_over.h"

namespace lakegate::engine {

namespace {

// Passes a stream through and keeps its first error where the query's reader looks for it.
class WatchedStream final : public RecordStream {
 public:
  WatchedStream(ArrowStream source, std::shared_ptr<HostErrors> errors)
      : source_(std::move(source)), errors_(std::move(errors)) {}
  ~WatchedStream() override { TakeOver(this); }

  const ArrowSchema& schema() const override { return source_->schema(); }

  Result<std::optional<OwnedArray>> Next() override {
    TakeOver(this);
    auto batch = source_->Next();
    if (!batch) errors_->Set(batch.error());
    if (batch && *batch) batch = std::optional(HandOverBatch(**std::move(batch)));
    HandOver(this);
    // The query may give out the very buffers of this batch.
    HandOver(errors_.get());
    return batch;
  }

 private:
  ArrowStream source_;
  std::shared_ptr<HostErrors> errors_;
};

struct HostTable {
  StreamFactory factory;
  std::shared_ptr<HostErrors> errors;
};

int32_t OpenHostStream(void* data, ArrowArrayStream* out) noexcept {
  TakeOver(data);
  const auto* table = static_cast<HostTable*>(data);
  auto stream = table->factory();
  if (!stream) {
    table->errors->Set(stream.error());
    return EIO;
  }
  ExportWatched(*std::move(stream), table->errors, out);
  return 0;
}

void ReleaseHostTable(void* data) noexcept {
  TakeOver(data);
  delete static_cast<HostTable*>(data);
}

}  // namespace

void ExportWatched(ArrowStream rows, std::shared_ptr<HostErrors> errors, ArrowArrayStream* out) {
  auto watched = std::make_unique<WatchedStream>(std::move(rows), std::move(errors));
  HandOver(watched.get());
  ExportStream(std::move(watched), out);
}

lg_stream_source StreamSourceOf(StreamFactory factory, std::shared_ptr<HostErrors> errors) {
  auto* table = new HostTable{std::move(factory), std::move(errors)};
  HandOver(table);
  return {table, &OpenHostStream, &ReleaseHostTable};
}

}  // namespace lakegate::engine
