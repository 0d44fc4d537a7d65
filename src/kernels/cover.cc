// count and coverage: answers about all overlapping right spans that need none of the pairs.
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/try.h"
#include "kernels/align_answers.h"
#include "kernels/overlap_count.h"
#include "kernels/row_lister.h"

namespace lakegate::kernels {
namespace {

using columnar::Scratch;

// An answer without pairs: kind, whole number and, where it has one, a fraction.
void AddKind(std::size_t left_row, bool matched, bool counts, Answers* answers) {
  answers->left.push_back(static_cast<std::int64_t>(left_row));
  answers->kind.push_back(matched ? kKindMatched : counts ? kKindNone : kKindInvalid);
}

template <typename P>
struct CountRows {
  OverlapCount<P> overlaps;
  bool all;  // also rows without a match

  void Answer(const AlignSides<P>&, const LeftBlock<P>& block, Answers* answers) const {
    std::array<Row, SpanBlock::kRows> counts;
    overlaps.Count(block, counts.data());
    for (std::size_t i = 0; i < block.count; ++i) {
      if (counts[i] == 0 && !all) continue;
      AddKind(block.first + i, counts[i] > 0, block.Counts(i), answers);
      answers->whole.push_back(counts[i]);
    }
  }
};

// The union of all spans: disjoint spans in order, and the positions before each.
template <typename P>
struct Islands {
  struct Island {
    P start;
    P end;
    P before;  // covered positions of the axis before it
  };
  Scratch<Island> islands;
  PositionIndex<P> index;

  static Result<Islands> Make(const RightSide<P>& right, P axis_end, const KernelContext& context) {
    Islands made;
    made.islands = Scratch<Island>(right.size(), *PoolOf(context));
    std::size_t count = 0;
    for (std::size_t at = 0; at < right.size(); ++at) {
      if (StopAt(at, context.cancel)) return Cancelled("interval_align");
      const Slot<P>& slot = right.slot(at);
      Island* last = count == 0 ? nullptr : &made.islands[count - 1];
      if (last != nullptr && slot.start <= last->end) {
        last->end = slot.reach;
        continue;
      }
      const P before =
          last == nullptr ? P{0} : static_cast<P>(last->before + (last->end - last->start));
      made.islands[count++] = Island{slot.start, slot.end, before};
    }
    made.islands.Shrink(count);
    LG_ASSIGN_OR_RETURN(
        made.index,
        PositionIndex<P>::Make(
            count, axis_end, [&](std::size_t i) { return made.islands[i].start; }, context));
    return made;
  }

  // Covered positions of the axis below `position`.
  P Below(P position) const {
    const Row at = index.CountBelow(position, [this](std::size_t i) { return islands[i].start; });
    if (at == 0) return 0;
    const Island& island = islands[at - 1];
    return static_cast<P>(island.before + (std::min(island.end, position) - island.start));
  }
};

template <typename P>
struct CoverageRows {
  Islands<P> islands;
  bool all;  // also rows without a match

  void Answer(const AlignSides<P>&, const LeftBlock<P>& block, Answers* answers) const {
    for (std::size_t i = 0; i < block.count; ++i) {
      islands.index.Prefetch(block.start[i]);
      islands.index.Prefetch(block.end[i]);
    }
    for (std::size_t i = 0; i < block.count; ++i) AddRow(block, i, answers);
  }

  void AddRow(const LeftBlock<P>& block, std::size_t i, Answers* answers) const {
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    const auto covered =
        static_cast<std::uint64_t>(islands.Below(block.end[i]) - islands.Below(block.start[i]));
    if (covered == 0 && !all) return;
    const std::uint64_t length = LengthOf(block.spans.start[i], block.spans.end[i]);
    const bool valid = block.Counts(i) && length > 0;
    AddKind(block.first + i, covered > 0, block.Counts(i), answers);
    answers->whole.push_back(static_cast<std::int64_t>(std::min(covered, kMost)));
    answers->value.push_back(valid ? static_cast<double>(covered) / static_cast<double>(length)
                                   : 0);
    answers->value_valid.push_back(valid);
  }
};

}  // namespace

template <typename P>
AlignListerResult CountLister(std::shared_ptr<const AlignSides<P>> sides,
                              const RightPositions<P>& positions, JoinHow how,
                              const KernelContext& context) {
  LG_ASSIGN_OR_RETURN(OverlapCount<P> overlaps,
                      OverlapCount<P>::Make(positions, sides->axis.end(), context));
  return MakeRowLister(std::move(sides), CountRows<P>{std::move(overlaps), how == JoinHow::kLeft},
                       context);
}

template <typename P>
AlignListerResult CoverageLister(std::shared_ptr<const AlignSides<P>> sides, JoinHow how,
                                 const KernelContext& context) {
  LG_ASSIGN_OR_RETURN(Islands<P> islands,
                      Islands<P>::Make(sides->right, sides->axis.end(), context));
  return MakeRowLister(std::move(sides), CoverageRows<P>{std::move(islands), how == JoinHow::kLeft},
                       context);
}

#define LG_INSTANTIATE(P)                                                                          \
  template AlignListerResult CountLister(std::shared_ptr<const AlignSides<P>>,                     \
                                         const RightPositions<P>&, JoinHow, const KernelContext&); \
  template AlignListerResult CoverageLister(std::shared_ptr<const AlignSides<P>>, JoinHow,         \
                                            const KernelContext&);
LG_FOR_POSITION_TYPES(LG_INSTANTIATE)
#undef LG_INSTANTIATE

}  // namespace lakegate::kernels
