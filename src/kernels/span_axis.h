// All groups of an alignment on one axis.
//
// Each group's right spans get a stretch of the axis of their own, as long as they reach, with
// a free position on either side. A left bound outside its group's stretch becomes the free
// position on that side, which compares to every right bound of the group as the bound did. So
// spans of two groups never meet, lengths are kept, and what follows knows nothing of keys.
#ifndef LAKEGATE_KERNELS_SPAN_AXIS_H_
#define LAKEGATE_KERNELS_SPAN_AXIS_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "kernels/span_columns.h"
#include "kernels/work.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// A position on an axis is one of these, the narrowest that holds it: std::uint32_t,
// std::uint64_t, WidePosition (2^32 groups of 2^64 positions each).
__extension__ using WidePosition = unsigned __int128;

// Instantiates a template for each of them.
#define LG_FOR_POSITION_TYPES(INSTANTIATE) \
  INSTANTIATE(std::uint32_t)               \
  INSTANTIATE(std::uint64_t)               \
  INSTANTIATE(WidePosition)

template <typename P>
int BitsOf(P value) {
  if constexpr (sizeof(P) > 8) {
    const auto high = static_cast<std::uint64_t>(value >> 64);
    return high != 0 ? 64 + static_cast<int>(std::bit_width(high))
                     : static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value)));
  } else {
    return static_cast<int>(std::bit_width(value));
  }
}

// From the least start to the greatest end of a group's right spans.
struct GroupExtent {
  std::int64_t low = std::numeric_limits<std::int64_t>::max();
  std::int64_t high = std::numeric_limits<std::int64_t>::min();

  bool empty() const { return low > high; }
  void Add(std::int64_t start, std::int64_t end) {
    low = start < low ? start : low;
    high = end > high ? end : high;
  }
};

// The extents of `groups` groups. kCancelled.
Result<std::vector<GroupExtent>> MeasureGroups(const SideSpans& right, std::size_t groups,
                                               const KernelContext& context);

// The first position behind an axis of these extents.
WidePosition AxisEnd(std::span<const GroupExtent> extents);

// P holds AxisEnd(extents).
template <typename P>
class SpanAxis {
 public:
  explicit SpanAxis(std::span<const GroupExtent> extents) {
    stretches_.reserve(extents.size());
    P next = 1;
    for (const GroupExtent& extent : extents) {
      if (extent.empty()) {
        stretches_.push_back(Stretch{});
        continue;
      }
      const std::uint64_t width = LengthOf(extent.low, extent.high);
      stretches_.push_back(Stretch{extent.low, width, next});
      firsts_.push_back(next);
      next = static_cast<P>(next + static_cast<P>(width) + 2);
    }
    end_ = next;
  }

  // Every position is below it.
  P end() const { return end_; }

  // A bound of a right span of the group.
  P OfRight(Row group, std::int64_t bound) const {
    const Stretch& stretch = stretches_[group];
    return static_cast<P>(stretch.first + static_cast<P>(LengthOf(stretch.low, bound)));
  }

  // A bound of a left span. Position 0, where no span is, for a group without right spans.
  P OfLeft(Row group, std::int64_t bound) const {
    if (!HasSpans(group)) return 0;
    const Stretch& stretch = stretches_[group];
    if (bound < stretch.low) return static_cast<P>(stretch.first - 1);
    const std::uint64_t distance = LengthOf(stretch.low, bound);
    if (distance > stretch.width) return static_cast<P>(Last(group) + 1);
    return static_cast<P>(stretch.first + static_cast<P>(distance));
  }

  // Groups of left rows may be unknown to the right side.
  bool HasSpans(Row group) const {
    return group < stretches_.size() && stretches_[group].first != 0;
  }
  // Where the right spans of a group begin and end.
  P First(Row group) const { return stretches_[group].first; }
  P Last(Row group) const {
    const Stretch& stretch = stretches_[group];
    return static_cast<P>(stretch.first + static_cast<P>(stretch.width));
  }

  // The bound that OfRight gave a position.
  std::int64_t BoundAt(Row group, P position) const {
    const Stretch& stretch = stretches_[group];
    const auto distance = static_cast<std::uint64_t>(position - stretch.first);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(stretch.low) + distance);
  }

  // Where the stretch that holds the position of a right bound begins.
  P FirstOfStretch(P position) const {
    const auto behind = std::upper_bound(firsts_.begin(), firsts_.end(), position);
    return *(behind - 1);
  }

 private:
  struct Stretch {
    std::int64_t low = 0;
    std::uint64_t width = 0;
    P first = 0;  // 0: no right spans
  };

  std::vector<Stretch> stretches_;  // by group
  std::vector<P> firsts_;           // of stretches that are not empty, ascending
  P end_ = 1;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_SPAN_AXIS_H_
