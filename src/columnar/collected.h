// A stream read to its end: schema, batches, rows and bytes.
#ifndef LAKEGATE_COLUMNAR_COLLECTED_H_
#define LAKEGATE_COLUMNAR_COLLECTED_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/array_parts.h"
#include "lakegate/arrow.h"
#include "lakegate/cancel.h"
#include "lakegate/result.h"

namespace lakegate::columnar {

// Counts bytes against a limit; zero or less is no limit.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::int64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  // kResourceLimit names the setting `execution.memory_limit`; `what` says who asked.
  Status Take(std::int64_t bytes, std::string_view what);
  void GiveBack(std::int64_t bytes) { used_bytes_ -= bytes; }
  std::int64_t used_bytes() const { return used_bytes_; }

 private:
  std::int64_t limit_bytes_;
  std::int64_t used_bytes_ = 0;
};

struct Collected {
  OwnedSchema schema;
  std::vector<SharedArray> batches;  // none is empty
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};

// Gathers batches one by one.
class Collector {
 public:
  // `what` names the input in messages: "left input". kUnsupported for a format outside the
  // specification.
  static Result<Collector> Make(const ArrowSchema& schema, std::string_view what);
  Collector(Collector&&) noexcept;
  ~Collector();

  // Checks the batch (CheckArray) and takes it; an empty one is dropped. Gives the bytes that
  // it adds.
  Result<std::int64_t> Add(OwnedArray batch);
  const Collected& so_far() const;
  // Everything so far; the collector is empty afterwards.
  Collected Take();

 private:
  struct State;
  explicit Collector(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Reads a stream to its end; checks every batch (CheckArray) and counts it against `budget`.
// `what` names the input in messages: "left input".
Result<Collected> Collect(ArrowStream stream, MemoryBudget* budget, const CancelToken& cancel,
                          std::string_view what);

// The batches as a stream; the collected value may go.
ArrowStream StreamOf(Collected collected);

// Bytes of all buffers an array refers to (its slice of them where that is known): what
// limits, spills and receipts count. (Collect counts what batches share once.)
std::int64_t ByteSize(const ArrowSchema& schema, const ArrowArray& array);

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_COLLECTED_H_
