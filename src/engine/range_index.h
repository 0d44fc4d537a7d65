// How the engine finds the pairs of a range join: by an index that the host makes.
//
// A join whose condition is equality keys and two comparisons, one each way, is run by the bridge
// with one of these (bridge/src/range_join/): it collects one side, has it indexed, and asks for
// the pairs of each batch of the other. Rows are numbered within what was handed over.
#ifndef LAKEGATE_ENGINE_RANGE_INDEX_H_
#define LAKEGATE_ENGINE_RANGE_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::engine {

// Pairs are those with equal keys, build.below < probe.below and build.above > probe.above.
// Tables have the key columns first, then `below` and `above`, both int64.
struct RangeConditions {
  std::size_t keys = 0;
  bool below_or_equal = false;
  bool above_or_equal = false;
};

// The pairs of one batch, in parts. One thread at a time.
class RangePairs {
 public:
  virtual ~RangePairs() = default;
  // Writes up to `most` pairs; fewer at the end alone.
  virtual Result<std::size_t> Next(std::size_t most, std::uint32_t* probe_rows,
                                   std::uint32_t* build_rows) = 0;
};

// Threads: any number at once.
class RangeIndex {
 public:
  virtual ~RangeIndex() = default;
  // `each_once`: a probe row is in one pair at most.
  virtual Result<std::unique_ptr<RangePairs>> Probe(OwnedSchema schema, OwnedArray batch,
                                                    bool each_once) const = 0;
  virtual std::int64_t bytes() const = 0;
};

using RangeIndexMaker = std::function<Result<std::unique_ptr<RangeIndex>>(
    OwnedSchema schema, OwnedArray build, const RangeConditions& conditions)>;

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_RANGE_INDEX_H_
