// semi and anti: whether a left row has any match, which is cheaper than the matches.
#include <algorithm>
#include <array>
#include <utility>

#include "base/try.h"
#include "kernels/align_answers.h"
#include "kernels/overlap_count.h"
#include "kernels/row_lister.h"

namespace lakegate::kernels {
namespace {

using columnar::Scratch;

// Each of these says for row i of a block whether it has a match.

template <typename P>
struct Overlaps {
  OverlapCount<P> overlaps;
  void Find(const AlignSides<P>&, const LeftBlock<P>& block, bool* found) const {
    std::array<Row, SpanBlock::kRows> counts;
    overlaps.Count(block, counts.data());
    for (std::size_t i = 0; i < block.count; ++i) found[i] = counts[i] > 0;
  }
};

// Of the right spans that start no later, one ends no earlier.
template <typename P>
struct IsContained {
  void Find(const AlignSides<P>& sides, const LeftBlock<P>& block, bool* found) const {
    for (std::size_t i = 0; i < block.count; ++i) sides.right.starts().Prefetch(block.start[i]);
    for (std::size_t i = 0; i < block.count; ++i) {
      const Row after = sides.right.CountStartsBelow(static_cast<P>(block.start[i] + 1));
      found[i] = after > 0 && sides.right.slot(after - 1).reach >= block.end[i];
    }
  }
};

// Of the right spans that start no earlier, one ends no later.
template <typename P>
struct Contains {
  Scratch<P> least_end;  // by slot: of this one and all behind it
  void Find(const AlignSides<P>& sides, const LeftBlock<P>& block, bool* found) const {
    for (std::size_t i = 0; i < block.count; ++i) sides.right.starts().Prefetch(block.start[i]);
    for (std::size_t i = 0; i < block.count; ++i) {
      const Row at = sides.right.CountStartsBelow(block.start[i]);
      found[i] = at < least_end.size() && least_end[at] <= block.end[i];
    }
  }
};

template <typename P>
struct Equals {
  void Find(const AlignSides<P>& sides, const LeftBlock<P>& block, bool* found) const {
    for (std::size_t i = 0; i < block.count; ++i) {
      found[i] = FirstEqual(sides.right, block.start[i], block.end[i]) != kNoRow;
    }
  }
};

template <typename P>
struct HasNeighbour {
  void Find(const AlignSides<P>& sides, const LeftBlock<P>& block, bool* found) const {
    for (std::size_t i = 0; i < block.count; ++i) {
      found[i] = block.Counts(i) && sides.axis.HasSpans(block.spans.group[i]);
    }
  }
};

template <typename P, typename Finder>
struct ExistsRows {
  Finder finder;
  bool wanted;  // rows with a match, or those without

  void Answer(const AlignSides<P>& sides, const LeftBlock<P>& block, Answers* answers) const {
    std::array<bool, SpanBlock::kRows> found;
    finder.Find(sides, block, found.data());
    for (std::size_t i = 0; i < block.count; ++i) {
      if (found[i] != wanted) continue;
      answers->left.push_back(static_cast<std::int64_t>(block.first + i));
    }
  }
};

template <typename P, typename Finder>
std::unique_ptr<AlignLister> MakeExists(std::shared_ptr<const AlignSides<P>> sides, Finder finder,
                                        JoinHow how, const KernelContext& context) {
  return MakeRowLister(std::move(sides),
                       ExistsRows<P, Finder>{std::move(finder), how == JoinHow::kSemi}, context);
}

template <typename P>
Result<Scratch<P>> LeastEnds(const RightSide<P>& right, const KernelContext& context) {
  Scratch<P> least(right.size(), *PoolOf(context));
  for (std::size_t at = right.size(); at-- > 0;) {
    if (StopAt(at, context.cancel)) return Cancelled("interval_align");
    const P end = right.slot(at).end;
    least[at] = at + 1 < right.size() ? std::min(end, least[at + 1]) : end;
  }
  return least;
}

}  // namespace

template <typename P>
AlignListerResult ExistsLister(std::shared_ptr<const AlignSides<P>> sides,
                               const RightPositions<P>& positions, JoinHow how,
                               const KernelContext& context) {
  switch (sides->mode) {
    case AlignMode::kExact:
      return MakeExists(std::move(sides), Equals<P>{}, how, context);
    case AlignMode::kContainedBest:
    case AlignMode::kContainedAll: {
      LG_ASSIGN_OR_RETURN(Scratch<P> least, LeastEnds(sides->right, context));
      return MakeExists(std::move(sides), Contains<P>{std::move(least)}, how, context);
    }
    case AlignMode::kContainingBest:
      return MakeExists(std::move(sides), IsContained<P>{}, how, context);
    case AlignMode::kNearest:
      return MakeExists(std::move(sides), HasNeighbour<P>{}, how, context);
    default:
      break;
  }
  LG_ASSIGN_OR_RETURN(OverlapCount<P> overlaps,
                      OverlapCount<P>::Make(positions, sides->axis.end(), context));
  return MakeExists(std::move(sides), Overlaps<P>{std::move(overlaps)}, how, context);
}

#define LG_INSTANTIATE(P)                                                       \
  template AlignListerResult ExistsLister(std::shared_ptr<const AlignSides<P>>, \
                                          const RightPositions<P>&, JoinHow,    \
                                          const KernelContext&);
LG_FOR_POSITION_TYPES(LG_INSTANTIATE)
#undef LG_INSTANTIATE

}  // namespace lakegate::kernels
