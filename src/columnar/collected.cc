#include "columnar/collected.h"

#include <fmt/format.h>

#include <unordered_set>
#include <utility>

#include "base/try.h"
#include "columnar/bits.h"
#include "columnar/schema.h"
#include "columnar/view.h"

namespace lakegate::columnar {
namespace {

class CollectedStream final : public RecordStream {
 public:
  explicit CollectedStream(Collected collected) : collected_(std::move(collected)) {}

  const ArrowSchema& schema() const override { return *collected_.schema; }

  Result<std::optional<OwnedArray>> Next() override {
    if (next_ == collected_.batches.size()) return std::optional<OwnedArray>();
    SharedArray batch = std::move(collected_.batches[next_++]);
    const ArrowArray& raw = **batch;
    return std::optional<OwnedArray>(Borrow(raw, batch));
  }

 private:
  Collected collected_;
  std::size_t next_ = 0;
};

template <typename Offset>
std::int64_t SpanOfOffsets(const ArrowArray& array) {
  if (array.length == 0) return 0;
  const auto* offsets = static_cast<const Offset*>(array.buffers[1]) + array.offset;
  return static_cast<std::int64_t>(offsets[array.length] - offsets[0]);
}

// Bytes of the array's own buffers, children and dictionary left out.
std::int64_t OwnBytes(const DataType& type, const ArrowArray& array) {
  const std::int64_t rows = array.length;
  switch (type.layout) {
    case Layout::kNull:
    case Layout::kRunEndEncoded:
      return 0;
    case Layout::kBits:
      return BytesOfBits(rows);
    case Layout::kFixed:
      return rows * type.byte_width;
    case Layout::kOffsets32:
      return rows * 4 + SpanOfOffsets<std::int32_t>(array);
    case Layout::kOffsets64:
      return rows * 8 + SpanOfOffsets<std::int64_t>(array);
    case Layout::kViews:
      return rows * kViewBytes;  // the bytes behind them are counted apart
    case Layout::kList32:
      return rows * 4;
    case Layout::kList64:
    case Layout::kListView32:
      return rows * 8;
    case Layout::kListView64:
      return rows * 16;
    case Layout::kDenseUnion:
      return rows * 5;
    case Layout::kSparseUnion:
      return rows;
    case Layout::kFixedSizeList:
    case Layout::kStruct:
      return 0;
  }
  return 0;
}

// Adds arrays up; buffers that several arrays share (bytes behind views, dictionaries) count
// once. What was counted must stay alive, so that no address is used twice.
class ByteCounter {
 public:
  std::int64_t Add(const ArrowSchema& schema, const ArrowArray& array) {
    const auto type = ParseFormat(schema.format);
    if (!type) return 0;
    std::int64_t bytes = OwnBytes(*type, array);
    if (array.n_buffers > 0 && array.buffers[0] != nullptr) bytes += BytesOfBits(array.length);
    if (type->layout == Layout::kViews) bytes += AddVariadic(array);
    for (std::int64_t i = 0; i < array.n_children; ++i) {
      bytes += Add(*schema.children[i], *array.children[i]);
    }
    if (array.dictionary == nullptr) return bytes;
    const ArrowArray& values = *array.dictionary;
    const void* identity = values.n_buffers > 1 ? values.buffers[1] : &values;
    if (identity == nullptr || seen_.insert(identity).second) {
      bytes += Add(*schema.dictionary, values);
    }
    return bytes;
  }

 private:
  std::int64_t AddVariadic(const ArrowArray& array) {
    std::int64_t bytes = 0;
    const auto* sizes = static_cast<const std::int64_t*>(array.buffers[array.n_buffers - 1]);
    for (std::int64_t i = 0; sizes != nullptr && i < array.n_buffers - 3; ++i) {
      if (seen_.insert(array.buffers[2 + i]).second) bytes += sizes[i];
    }
    return bytes;
  }

  std::unordered_set<const void*> seen_;
};

}  // namespace

Status MemoryBudget::Take(std::int64_t bytes, std::string_view what) {
  if (limit_bytes_ > 0 && bytes > limit_bytes_ - used_bytes_) {
    return Error(ErrorKind::kResourceLimit,
                 fmt::format("The memory limit is reached: {} needs {} bytes beside {} in use, of "
                             "{}; raise the setting execution.memory_limit.",
                             what, bytes, used_bytes_, limit_bytes_));
  }
  used_bytes_ += bytes;
  return {};
}

struct Collector::State {
  std::string what;
  Collected collected;
  ByteCounter counter;
};

Collector::Collector(std::unique_ptr<State> state) : state_(std::move(state)) {}
Collector::Collector(Collector&&) noexcept = default;
Collector::~Collector() = default;

Result<Collector> Collector::Make(const ArrowSchema& schema, std::string_view what) {
  LG_RETURN_IF_ERROR(CheckSchema(schema));
  auto state = std::make_unique<State>();
  state->what = what;
  state->collected.schema = CopySchema(schema);
  return Collector(std::move(state));
}

Result<std::int64_t> Collector::Add(OwnedArray batch) {
  Collected& collected = state_->collected;
  if (auto checked = CheckArray(*collected.schema, *batch); !checked) {
    return checked.error().WithContext(state_->what);
  }
  if (batch->length == 0) return 0;
  const std::int64_t bytes = state_->counter.Add(*collected.schema, *batch);
  collected.rows += batch->length;
  collected.bytes += bytes;
  collected.batches.push_back(ShareArray(std::move(batch)));
  return bytes;
}

const Collected& Collector::so_far() const { return state_->collected; }

Collected Collector::Take() {
  Collected taken = std::move(state_->collected);
  state_->collected = Collected();
  state_->collected.schema = CopySchema(*taken.schema);
  state_->counter = ByteCounter();
  return taken;
}

Result<Collected> Collect(ArrowStream stream, MemoryBudget* budget, const CancelToken& cancel,
                          std::string_view what) {
  LG_ASSIGN_OR_RETURN(Collector collector, Collector::Make(stream->schema(), what));
  while (true) {
    if (cancel.cancelled()) {
      return Error(ErrorKind::kCancelled, fmt::format("Cancelled while reading the {}.", what));
    }
    LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, stream->Next());
    if (!batch) return collector.Take();
    LG_ASSIGN_OR_RETURN(const std::int64_t bytes, collector.Add(*std::move(batch)));
    LG_RETURN_IF_ERROR(budget->Take(bytes, what));
  }
}

ArrowStream StreamOf(Collected collected) {
  return std::make_unique<CollectedStream>(std::move(collected));
}

std::int64_t ByteSize(const ArrowSchema& schema, const ArrowArray& array) {
  return ByteCounter().Add(schema, array);
}

}  // namespace lakegate::columnar
