#include "kernels/right_side.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/try.h"
#include "kernels/packed_order.h"
#include "kernels/parallel.h"

namespace lakegate::kernels {
namespace {

using columnar::Scratch;

void RaiseTo(std::atomic<std::uint64_t>* most, std::uint64_t value) {
  std::uint64_t seen = most->load(std::memory_order_relaxed);
  while (seen < value && !most->compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

// Rows by start, end, row; those that do not count come last.
template <typename P>
Result<Scratch<Row>> OrderRows(const RightPositions<P>& positions, P axis_end,
                               const KernelContext& context) {
  const Scratch<P>& start = positions.start;
  const Scratch<P>& end = positions.end;
  const int position_bits = BitsOf(axis_end);
  const int length_bits = BitsOf(positions.longest);
  std::vector<WordKey> keys;
  if (position_bits + length_bits <= 64) {
    // A shift by 64 is not defined; a length of 64 bits leaves no room for a position.
    const int shift = length_bits & 63;
    keys.push_back(WordKey{position_bits + length_bits,
                           [&, shift](std::size_t first, std::size_t last, std::uint64_t* words) {
                             for (std::size_t i = first; i < last; ++i) {
                               words[i - first] = (static_cast<std::uint64_t>(start[i]) << shift) |
                                                  static_cast<std::uint64_t>(end[i] - start[i]);
                             }
                           }});
  } else {
    AppendPositionKeys<P>(
        position_bits, [&](std::size_t i) { return start[i]; }, &keys);
    AppendPositionKeys<P>(
        length_bits, [&](std::size_t i) { return static_cast<P>(end[i] - start[i]); }, &keys);
  }
  return SortByWordKeys(start.size(), keys, context);
}

template <typename P>
Status NumberBySlot(const PackedOrder& order, const Scratch<Slot<P>>& slots,
                    const KernelContext& context, Scratch<Row>* numbers) {
  LG_ASSIGN_OR_RETURN(const Ranks ranks, RankPacked(order, context));
  *numbers = Scratch<Row>(slots.size(), *PoolOf(context));
  return ParallelRanges(context, RowRanges{slots.size()},
                        [&](std::size_t first, std::size_t last) -> Status {
                          for (std::size_t i = first; i < last; ++i) {
                            (*numbers)[i] = ranks.rank[slots[i].row];
                          }
                          return {};
                        });
}

}  // namespace

template <typename P>
Result<RightPositions<P>> PlaceRight(const SideSpans& side, const SpanAxis<P>& axis,
                                     bool drop_empty, const KernelContext& context) {
  columnar::BufferPool& pool = *PoolOf(context);
  RightPositions<P> positions{Scratch<P>(side.rows(), pool), Scratch<P>(side.rows(), pool)};
  std::atomic<std::size_t> present = 0;
  std::atomic<std::uint64_t> longest = 0;
  LG_RETURN_IF_ERROR(ParallelRanges(
      context, RowRanges{side.rows()}, [&](std::size_t first, std::size_t last) -> Status {
        SpanBlock block;
        std::size_t count_here = 0;
        std::uint64_t longest_here = 0;
        for (std::size_t at = first; at < last; at += SpanBlock::kRows) {
          const std::size_t count = std::min(SpanBlock::kRows, last - at);
          side.Read(at, count, &block);
          for (std::size_t i = 0; i < count; ++i) {
            const Row group = block.group[i];
            if (group == kNoRow || (drop_empty && block.start[i] == block.end[i])) {
              positions.start[at + i] = axis.end();
              positions.end[at + i] = axis.end();
              continue;
            }
            positions.start[at + i] = axis.OfRight(group, block.start[i]);
            positions.end[at + i] = axis.OfRight(group, block.end[i]);
            longest_here = std::max(longest_here, LengthOf(block.start[i], block.end[i]));
            ++count_here;
          }
        }
        present.fetch_add(count_here, std::memory_order_relaxed);
        RaiseTo(&longest, longest_here);
        return {};
      }));
  positions.present = present.load();
  positions.longest = longest.load();
  return positions;
}

template <typename P>
Result<RightSide<P>> RightSide<P>::Make(RightPositions<P> positions, P axis_end,
                                        const KernelContext& context) {
  RightSide side;
  LG_ASSIGN_OR_RETURN(const Scratch<Row> rows, OrderRows(positions, axis_end, context));
  const std::size_t count = positions.present;
  side.slots_ = Scratch<Slot<P>>(count, *PoolOf(context));
  Scratch<Slot<P>>& slots = side.slots_;
  LG_RETURN_IF_ERROR(
      ParallelRanges(context, RowRanges{count}, [&](std::size_t first, std::size_t last) -> Status {
        for (std::size_t i = first; i < last; ++i) {
          const Row row = rows[i];
          slots[i].row = row;
          slots[i].start = positions.start[row];
          slots[i].end = positions.end[row];
        }
        return {};
      }));
  P reach = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (StopAt(i, context.cancel)) return Cancelled("interval_align");
    const P end = slots[i].end;
    reach = std::max(reach, end);
    slots[i].reach = reach;
    // Slots between a slot and its wider one end no later than it does.
    Row wider = i == 0 ? kNoRow : static_cast<Row>(i - 1);
    while (wider != kNoRow && slots[wider].end <= end) wider = slots[wider].wider;
    slots[i].wider = wider;
  }
  LG_ASSIGN_OR_RETURN(
      side.starts_, PositionIndex<P>::Make(
                        count, axis_end, [&](std::size_t at) { return slots[at].start; }, context));
  return side;
}

template <typename P>
Status RightSide<P>::RankTies(const columnar::Collected& table, std::span<const SortKey> keys,
                              const KernelContext& context) {
  if (keys.empty()) return {};
  LG_ASSIGN_OR_RETURN(const PackedOrder order, PackOrder(table, keys, "tie_breakers", context));
  return NumberBySlot(order, slots_, context, &ties_);
}

template <typename P>
Status RightSide<P>::RankScores(const columnar::Collected& table, std::string_view column,
                                const KernelContext& context) {
  if (column.empty()) return {};
  const SortKey best_first[] = {
      {std::string(column), SortDirection::kDescending, NullPlacement::kLast}};
  LG_ASSIGN_OR_RETURN(const PackedOrder order,
                      PackOrder(table, best_first, "score_column", context));
  return NumberBySlot(order, slots_, context, &scores_);
}

template <typename P>
Row FirstEqual(const RightSide<P>& right, P start, P end) {
  Row low = right.CountStartsBelow(start);
  Row high = right.CountStartsBelow(static_cast<P>(start + 1));
  const Row last = high;
  while (low < high) {
    const Row middle = low + (high - low) / 2;
    if (right.slot(middle).end < end) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < last && right.slot(low).end == end ? low : kNoRow;
}

#define LG_INSTANTIATE(P)                                                                   \
  template class RightSide<P>;                                                              \
  template Result<RightPositions<P>> PlaceRight(const SideSpans&, const SpanAxis<P>&, bool, \
                                                const KernelContext&);                      \
  template Row FirstEqual(const RightSide<P>&, P, P);
LG_FOR_POSITION_TYPES(LG_INSTANTIATE)
#undef LG_INSTANTIATE

}  // namespace lakegate::kernels
