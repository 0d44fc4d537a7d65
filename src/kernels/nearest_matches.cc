// nearest(k): three ordered lists a left row, merged until k are found. At distance 0 lie the
// spans that touch or overlap; before them those that end earlier, latest first; behind them
// those that start later, earliest first.
#include <algorithm>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/try.h"
#include "kernels/align_answers.h"
#include "kernels/max_tree.h"
#include "kernels/row_sort.h"
#include "kernels/tie_tree.h"

namespace lakegate::kernels {
namespace {

using columnar::Scratch;

template <typename P>
class NearestPairs final : public AlignLister {
 public:
  NearestPairs(PairRules<P> rules, std::size_t k, const KernelContext& context)
      : rules_(std::move(rules)),
        right_(rules_.sides->right),
        axis_(rules_.sides->axis),
        k_(k),
        context_(context) {}

  Status Prepare();

  Result<std::size_t> List(std::size_t first, std::size_t last, std::size_t most,
                           Answers* answers) const override {
    LeftBlock<P> block;
    std::vector<Row> slots;
    while (first < last) {
      if (context_.cancel.cancelled()) return Cancelled("interval_align");
      rules_.sides->ReadLeft(first, std::min(SpanBlock::kRows, last - first), &block);
      for (std::size_t i = 0; i < block.count; ++i, ++first) {
        if (answers->size() >= most) return first;
        slots.clear();
        LG_RETURN_IF_ERROR(Find(block, i, &slots));
        for (const Row slot : slots) AddMatch(block, i, slot, answers);
        if (slots.empty() && rules_.how == JoinHow::kLeft) {
          answers->AddUnmatched(first, block.Counts(i));
        }
      }
    }
    return last;
  }

 private:
  // Some slots of one group in an order: places [first, last) of it.
  struct Range {
    Row first;
    Row last;
  };

  // Slots by position_of(slot), then tie breakers, then slot.
  template <typename PositionOf>
  Result<Scratch<Row>> OrderBy(PositionOf position_of) const {
    std::vector<WordKey> keys;
    AppendPositionKeys<P>(BitsOf(axis_.end()), position_of, &keys);
    AppendTieKey(right_, &keys);
    return SortByWordKeys(right_.size(), keys, context_);
  }

  void AddMatch(const LeftBlock<P>& block, std::size_t i, Row slot, Answers* answers) const {
    // The left bounds themselves: on the axis they may have been moved nearer.
    const Row group = block.spans.group[i];
    const std::int64_t start = axis_.BoundAt(group, right_.slot(slot).start);
    const std::int64_t end = axis_.BoundAt(group, right_.slot(slot).end);
    std::uint64_t distance = 0;
    if (end < block.spans.start[i]) distance = LengthOf(end, block.spans.start[i]);
    if (start > block.spans.end[i]) distance = LengthOf(block.spans.end[i], start);
    // Never the negative zero, which would print and hash differently.
    const double score = distance == 0 ? 0.0 : -static_cast<double>(distance);
    answers->AddPair(block.first + i, right_.RowOf(slot), kKindMatched, score, true);
  }

  Status Find(const LeftBlock<P>& block, std::size_t i, std::vector<Row>* slots) const {
    const Row group = block.spans.group[i];
    if (group == kNoRow || !axis_.HasSpans(group)) return {};
    const P start = block.start[i];
    const P end = block.end[i];
    const Row first = right_.CountStartsBelow(axis_.First(group));
    const Row last = right_.CountStartsBelow(static_cast<P>(axis_.Last(group) + 1));
    const Row behind = std::clamp(right_.CountStartsBelow(static_cast<P>(end + 1)), first, last);
    LG_RETURN_IF_ERROR(FindTouching(Range{first, last}, behind, start, end, slots));
    Range before{CountNotBefore(start), static_cast<Row>(right_.size() - first)};
    Range after{behind, last};
    while (slots->size() < k_ && (before.first < before.last || after.first < after.last)) {
      if (StopAt(slots->size() + 1, context_.cancel)) return Cancelled("interval_align");
      const bool take_before =
          after.first == after.last ||
          (before.first < before.last && BeforeWins(before.first, after.first, start, end));
      slots->push_back(take_before ? by_end_[before.first++] : StartSlot(after.first++));
    }
    return {};
  }

  // The slots of the group with right.start <= end and right.end >= start, the first k.
  Status FindTouching(Range group, Row behind, P start, P end, std::vector<Row>* slots) const {
    bool stopped = false;
    const auto take = [&](std::size_t slot) {
      slots->push_back(static_cast<Row>(slot));
      stopped = StopAt(slots->size(), context_.cancel);
      return !stopped && slots->size() < k_;
    };
    if (ties_ == nullptr) {
      tree_.Visit(group.first, behind, start, take);
    } else {
      ties_->Visit(group.first, group.last, end, start, take);
    }
    if (stopped) return Cancelled("interval_align");
    return {};
  }

  // How many slots end at `start` or later; by_end_ lists them first.
  Row CountNotBefore(P start) const {
    Row low = 0;
    auto high = static_cast<Row>(by_end_.size());
    while (low < high) {
      const Row middle = low + (high - low) / 2;
      if (right_.slot(by_end_[middle]).end >= start) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  Row StartSlot(Row place) const { return by_start_.empty() ? place : by_start_[place]; }

  bool BeforeWins(Row before, Row after, P start, P end) const {
    const Row before_slot = by_end_[before];
    const Row after_slot = StartSlot(after);
    // Both exist only where the left span lies among the group's, not moved.
    const P before_distance = static_cast<P>(start - right_.slot(before_slot).end);
    const P after_distance = static_cast<P>(right_.slot(after_slot).start - end);
    if (before_distance != after_distance) return before_distance < after_distance;
    const Row before_tie = right_.TieOf(before_slot);
    const Row after_tie = right_.TieOf(after_slot);
    return before_tie != after_tie ? before_tie < after_tie : before_slot < after_slot;
  }

  const PairRules<P> rules_;
  const RightSide<P>& right_;
  const SpanAxis<P>& axis_;
  const std::size_t k_;
  const KernelContext context_;
  Scratch<Row> by_end_;    // end descending, tie; so the last group comes first
  Scratch<Row> by_start_;  // start, tie; empty where that is the slot order
  Scratch<Row> by_tie_;    // group, tie
  MaxTree<P> tree_;
  std::unique_ptr<TieTree<P>> ties_;  // with tie breakers, in place of tree_
};

template <typename P>
Status NearestPairs<P>::Prepare() {
  const P end = axis_.end();
  LG_ASSIGN_OR_RETURN(by_end_, OrderBy([&](std::size_t slot) {
                        return static_cast<P>(end - right_.slot(slot).end);
                      }));
  if (!right_.has_ties()) {
    std::vector<P> ends(right_.size());
    for (std::size_t slot = 0; slot < ends.size(); ++slot) ends[slot] = right_.slot(slot).end;
    tree_ = MaxTree<P>(std::move(ends));
    return {};
  }
  LG_ASSIGN_OR_RETURN(by_start_,
                      OrderBy([&](std::size_t slot) { return right_.slot(slot).start; }));
  // The axis tells groups apart: the first position of a slot's group stands for it.
  LG_ASSIGN_OR_RETURN(by_tie_, OrderBy([&](std::size_t slot) {
                        return axis_.FirstOfStretch(right_.slot(slot).start);
                      }));
  const std::vector<Row> place = Inverse(by_tie_.span());
  ties_ = std::make_unique<TieTree<P>>(right_, by_tie_.span(), place, context_.cancel);
  if (context_.cancel.cancelled()) return Cancelled("interval_align");
  return {};
}

}  // namespace

template <typename P>
AlignListerResult NearestLister(PairRules<P> rules, std::size_t k, const KernelContext& context) {
  auto lister = std::make_unique<NearestPairs<P>>(std::move(rules), k, context);
  LG_RETURN_IF_ERROR(lister->Prepare());
  return std::unique_ptr<AlignLister>(std::move(lister));
}

#define LG_INSTANTIATE(P) \
  template AlignListerResult NearestLister(PairRules<P>, std::size_t, const KernelContext&);
LG_FOR_POSITION_TYPES(LG_INSTANTIATE)
#undef LG_INSTANTIATE

}  // namespace lakegate::kernels
