// How many right spans overlap a left one: those that start before its end, less those that
// end at or before its start. Needs the positions in order, not the spans.
#ifndef LAKEGATE_KERNELS_OVERLAP_COUNT_H_
#define LAKEGATE_KERNELS_OVERLAP_COUNT_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "base/try.h"
#include "columnar/scratch.h"
#include "kernels/align_sides.h"
#include "kernels/kernel_stream.h"
#include "kernels/parallel.h"
#include "kernels/position_index.h"
#include "kernels/right_side.h"
#include "kernels/word_sort.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

template <typename P>
class SortedPositions {
 public:
  // The least `count` of `values`; all are below or at `end`. kCancelled.
  static Result<SortedPositions> Make(const columnar::Scratch<P>& values, std::size_t count, P end,
                                      const KernelContext& context) {
    std::vector<WordKey> keys;
    AppendPositionKeys<P>(
        BitsOf(end), [&](std::size_t i) { return values[i]; }, &keys);
    LG_ASSIGN_OR_RETURN(const auto places, SortByWordKeys(values.size(), keys, context));
    SortedPositions sorted;
    sorted.values_ = columnar::Scratch<P>(count, *PoolOf(context));
    LG_RETURN_IF_ERROR(ParallelRanges(context, RowRanges{count},
                                      [&](std::size_t first, std::size_t last) -> Status {
                                        for (std::size_t i = first; i < last; ++i) {
                                          sorted.values_[i] = values[places[i]];
                                        }
                                        return {};
                                      }));
    LG_ASSIGN_OR_RETURN(sorted.index_,
                        PositionIndex<P>::Make(
                            count, end, [&](std::size_t i) { return sorted.values_[i]; }, context));
    return sorted;
  }

  void PrefetchIndex(P position) const { index_.Prefetch(position); }
  void PrefetchValues(P position) const {
    __builtin_prefetch(values_.data() + index_.Near(position));
  }
  Row CountBelow(P position) const {
    return index_.CountBelow(position, [this](std::size_t i) { return values_[i]; });
  }

 private:
  columnar::Scratch<P> values_;
  PositionIndex<P> index_;
};

template <typename P>
class OverlapCount {
 public:
  // `positions` without empty spans. kCancelled.
  static Result<OverlapCount> Make(const RightPositions<P>& positions, P axis_end,
                                   const KernelContext& context) {
    OverlapCount count;
    LG_ASSIGN_OR_RETURN(count.starts_, SortedPositions<P>::Make(positions.start, positions.present,
                                                                axis_end, context));
    LG_ASSIGN_OR_RETURN(
        count.ends_, SortedPositions<P>::Make(positions.end, positions.present, axis_end, context));
    return count;
  }

  // counts[i] for row i of the block. The memory it needs is asked for ahead, because left
  // rows come in any order.
  void Count(const LeftBlock<P>& block, Row* counts) const {
    for (std::size_t i = 0; i < block.count; ++i) {
      starts_.PrefetchIndex(block.end[i]);
      ends_.PrefetchIndex(AfterStart(block, i));
    }
    for (std::size_t i = 0; i < block.count; ++i) {
      starts_.PrefetchValues(block.end[i]);
      ends_.PrefetchValues(AfterStart(block, i));
    }
    for (std::size_t i = 0; i < block.count; ++i) {
      counts[i] = starts_.CountBelow(block.end[i]) - ends_.CountBelow(AfterStart(block, i));
    }
  }

 private:
  // Row i's start is below the end of the axis, and 0 with its end where it has no match.
  static P AfterStart(const LeftBlock<P>& block, std::size_t i) {
    return static_cast<P>(block.start[i] + 1);
  }

  SortedPositions<P> starts_;
  SortedPositions<P> ends_;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_OVERLAP_COUNT_H_
