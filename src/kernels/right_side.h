// The right spans of an alignment that count, laid on the axis and in its order.
#ifndef LAKEGATE_KERNELS_RIGHT_SIDE_H_
#define LAKEGATE_KERNELS_RIGHT_SIDE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "columnar/scratch.h"
#include "kernels/position_index.h"
#include "kernels/span_axis.h"
#include "kernels/word_sort.h"
#include "kernels/work.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// Starts and ends by right row; both AxisEnd where the row does not count.
template <typename P>
struct RightPositions {
  columnar::Scratch<P> start;
  columnar::Scratch<P> end;
  std::size_t present = 0;    // rows that count
  std::uint64_t longest = 0;  // of their lengths
};

// `drop_empty` leaves empty spans out. kCancelled.
template <typename P>
Result<RightPositions<P>> PlaceRight(const SideSpans& side, const SpanAxis<P>& axis,
                                     bool drop_empty, const KernelContext& context);

// A span among the others, which are ordered by start, end, row. A place in this order is a
// slot.
template <typename P>
struct Slot {
  P start;
  P end;
  P reach;    // the greatest end up to this slot
  Row wider;  // the last slot before this one that ends later, kNoRow without one
  Row row;    // of the right table
};

template <typename P>
class RightSide {
 public:
  // The order of `positions`, which it takes. kCancelled.
  static Result<RightSide> Make(RightPositions<P> positions, P axis_end,
                                const KernelContext& context);

  // Numbers that order the slots of equal criterion, least first; none without `keys`. Errors
  // of PackOrder.
  Status RankTies(const columnar::Collected& table, std::span<const SortKey> keys,
                  const KernelContext& context);
  // Numbers that replace the mode's own score, best first. Errors of PackOrder.
  Status RankScores(const columnar::Collected& table, std::string_view column,
                    const KernelContext& context);

  std::size_t size() const { return slots_.size(); }
  const Slot<P>& slot(std::size_t at) const { return slots_[at]; }
  const Slot<P>* slots() const { return slots_.data(); }
  Row RowOf(Row slot) const { return slots_[slot].row; }
  std::uint64_t LengthOfSlot(std::size_t at) const {
    return static_cast<std::uint64_t>(slots_[at].end - slots_[at].start);
  }

  bool has_ties() const { return !ties_.empty(); }
  Row TieOf(std::size_t at) const { return ties_.empty() ? 0 : ties_[at]; }
  bool has_scores() const { return !scores_.empty(); }
  Row ScoreOf(std::size_t at) const { return scores_[at]; }

  const PositionIndex<P>& starts() const { return starts_; }
  Row CountStartsBelow(P position) const {
    return starts_.CountBelow(position, [this](std::size_t at) { return slots_[at].start; });
  }

 private:
  columnar::Scratch<Slot<P>> slots_;
  PositionIndex<P> starts_;
  // By slot:
  columnar::Scratch<Row> ties_;
  columnar::Scratch<Row> scores_;
};

// The first slot with exactly these bounds, kNoRow without one.
template <typename P>
Row FirstEqual(const RightSide<P>& right, P start, P end);

// The tie breakers of slots as a sort key behind those of `*keys`, where there are any.
template <typename P>
void AppendTieKey(const RightSide<P>& right, std::vector<WordKey>* keys) {
  if (!right.has_ties()) return;
  keys->push_back(WordKey{32, [&right](std::size_t first, std::size_t last, std::uint64_t* words) {
                            for (std::size_t i = first; i < last; ++i)
                              words[i - first] = right.TieOf(i);
                          }});
}

// Positions of up to `bits` bits as sort keys, behind those of `*keys`.
template <typename P, typename PositionOf>
void AppendPositionKeys(int bits, PositionOf position_of, std::vector<WordKey>* keys) {
  const auto append = [&](int word_bits, int shift) {
    keys->push_back(WordKey{
        word_bits, [position_of, shift](std::size_t first, std::size_t last, std::uint64_t* words) {
          for (std::size_t i = first; i < last; ++i) {
            words[i - first] = static_cast<std::uint64_t>(position_of(i) >> shift);
          }
        }});
  };
  if (bits > 64) append(bits - 64, 64 % (8 * static_cast<int>(sizeof(P))));
  append(std::min(bits, 64), 0);
}

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_RIGHT_SIDE_H_
