// Where a position stands among ascending ones: a table over the top bits of the positions,
// then a search among the few that share them.
//
// As many table entries as positions, about: where positions are spread, a search is one or
// two cache lines; where they crowd, it is a binary search of the crowd.
#ifndef LAKEGATE_KERNELS_POSITION_INDEX_H_
#define LAKEGATE_KERNELS_POSITION_INDEX_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/try.h"
#include "columnar/scratch.h"
#include "kernels/kernel_stream.h"
#include "kernels/parallel.h"
#include "kernels/span_axis.h"
#include "kernels/work.h"

namespace lakegate::kernels {

template <typename P>
class PositionIndex {
 public:
  // at(0) <= ... <= at(count - 1) < end; questions up to `end` may be asked. kCancelled.
  template <typename At>
  static Result<PositionIndex> Make(std::size_t count, P end, At at, const KernelContext& context) {
    PositionIndex index;
    const int bits = BitsOf(end);
    index.shift_ = std::max(0, bits - BitsOf(std::uint64_t{count} | 1));
    const std::size_t buckets = index.Bucket(end) + 2;
    index.table_ = columnar::Scratch<Row>(buckets, *PoolOf(context));
    // Entry b is the first place whose position lies in bucket b or behind it.
    LG_RETURN_IF_ERROR(ParallelRanges(
        context, RowRanges{count + 1}, [&](std::size_t first, std::size_t last) -> Status {
          for (std::size_t i = first; i < last; ++i) {
            const std::size_t from = i == 0 ? 0 : index.Bucket(at(i - 1)) + 1;
            const std::size_t to = i == count ? buckets : index.Bucket(at(i)) + 1;
            for (std::size_t b = from; b < to; ++b) index.table_[b] = static_cast<Row>(i);
          }
          return {};
        }));
    return index;
  }

  // Asks for the memory that the next two look at.
  void Prefetch(P position) const { __builtin_prefetch(&table_[Bucket(position)]); }

  // A place near the answer of CountBelow.
  Row Near(P position) const { return table_[Bucket(position)]; }

  // How many positions are below `position`; at as in Make.
  template <typename At>
  Row CountBelow(P position, At at) const {
    constexpr Row kFew = 8;
    const std::size_t bucket = Bucket(position);
    Row low = table_[bucket];
    Row high = table_[bucket + 1];
    while (high - low > kFew) {
      const Row middle = low + (high - low) / 2;
      if (at(middle) < position) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    while (low < high && at(low) < position) ++low;
    return low;
  }

 private:
  std::size_t Bucket(P position) const { return static_cast<std::size_t>(position >> shift_); }

  int shift_ = 0;
  columnar::Scratch<Row> table_;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_POSITION_INDEX_H_
