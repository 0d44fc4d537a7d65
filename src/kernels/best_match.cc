// Best matches: a short walk for each left row among the right spans about it, in the order of
// their starts; where spans lie so that the walk would be long, sweeps over all such rows.
//
// A walk goes from the left span's place backwards (or, for spans inside it, forwards). A slot
// that ends too early leads to the last one before it that ends later, over all between, and
// the reach of a slot says when there is nothing more to find. So in data whose spans nest or
// stand apart a walk looks at little more than what it finds.
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/try.h"
#include "kernels/align_answers.h"
#include "kernels/best_sweep.h"
#include "kernels/parallel.h"

namespace lakegate::kernels {
namespace {

using columnar::Scratch;

// A walk that takes more steps leaves its row to a sweep.
constexpr int kMostSteps = 64;
constexpr Row kUnresolved = kNoRow - 1;  // no slot has this number: kMostRows
// Left rows of a task.
constexpr std::size_t kGrain = std::size_t{1} << 14;

// The least of the slots offered: by criterion, then tie breakers, then slot.
template <typename P>
class Least {
 public:
  explicit Least(const RightSide<P>& right) : right_(right) {}
  std::uint64_t criterion() const { return criterion_; }
  Row slot() const { return slot_; }

  void Offer(std::uint64_t criterion, Row slot) {
    if (criterion > criterion_ || (criterion == criterion_ && slot_ != kNoRow && !Precedes(slot))) {
      return;
    }
    criterion_ = criterion;
    slot_ = slot;
  }

 private:
  bool Precedes(Row slot) const {
    const Row tie = right_.TieOf(slot);
    const Row best = right_.TieOf(slot_);
    return tie != best ? tie < best : slot < slot_;
  }

  const RightSide<P>& right_;
  std::uint64_t criterion_ = std::numeric_limits<std::uint64_t>::max();
  Row slot_ = kNoRow;
};

template <typename P>
std::uint64_t ScoreOrLength(const RightSide<P>& right, Row slot) {
  return right.has_scores() ? right.ScoreOf(slot) : right.LengthOfSlot(slot);
}

// Each walk below begins in front of the first slot that starts at From() or later, and gives
// the best slot of a left span, kNoRow or kUnresolved.

template <typename P>
struct ContainingWalk {
  static P From(P start, P) { return static_cast<P>(start + 1); }
  static Row Find(const RightSide<P>& right, P, P end, Row at) {
    Least<P> best(right);
    const bool by_length = !right.has_scores();
    for (int steps = 0; at > 0; ++steps) {
      const Slot<P>& slot = right.slot(at - 1);
      if (slot.reach < end) break;
      // From here on a span around this one is longer than the best.
      if (by_length && end > slot.start &&
          static_cast<std::uint64_t>(end - slot.start) > best.criterion()) {
        break;
      }
      if (steps == kMostSteps) return kUnresolved;
      if (slot.end < end) {
        at = slot.wider == kNoRow ? 0 : slot.wider + 1;
        continue;
      }
      --at;
      best.Offer(ScoreOrLength(right, at), at);
    }
    return best.slot();
  }
};

template <typename P>
struct OverlapWalk {
  static P From(P, P end) { return end; }
  static Row Find(const RightSide<P>& right, P start, P end, Row at) {
    Least<P> best(right);
    for (int steps = 0; at > 0; ++steps) {
      const Slot<P>& slot = right.slot(at - 1);
      if (slot.reach <= start) break;
      if (steps == kMostSteps) return kUnresolved;
      if (slot.end <= start) {
        at = slot.wider == kNoRow ? 0 : slot.wider + 1;
        continue;
      }
      --at;
      const auto overlap =
          static_cast<std::uint64_t>(std::min(end, slot.end) - std::max(start, slot.start));
      best.Offer(right.has_scores() ? right.ScoreOf(at) : ~overlap, at);
    }
    return best.slot();
  }
};

template <typename P>
struct ContainedWalk {
  static P From(P start, P) { return start; }
  static Row Find(const RightSide<P>& right, P, P end, Row at) {
    Least<P> best(right);
    for (int steps = 0; at < right.size() && right.slot(at).start <= end; ++steps, ++at) {
      if (steps == kMostSteps) return kUnresolved;
      if (right.slot(at).end <= end) best.Offer(ScoreOrLength(right, at), at);
    }
    return best.slot();
  }
};

// Slots of one span are neighbours; the best of each run answers every equal left span.
template <typename P>
struct ExactLookUp {
  const Scratch<Row>& best_of_run;  // by first slot; empty: the first slot itself

  static P From(P start, P) { return start; }
  Row Find(const RightSide<P>& right, P start, P end, Row) const {
    const Row first = FirstEqual(right, start, end);
    return first == kNoRow || best_of_run.empty() ? first : best_of_run[first];
  }
};

template <typename P>
Result<Scratch<Row>> BestOfRuns(const RightSide<P>& right, const KernelContext& context) {
  if (!right.has_ties() && !right.has_scores()) return Scratch<Row>();
  Scratch<Row> best(right.size(), *PoolOf(context));
  for (std::size_t first = 0; first < right.size();) {
    Least<P> least(right);
    std::size_t at = first;
    for (; at < right.size() && right.slot(at).start == right.slot(first).start &&
           right.slot(at).end == right.slot(first).end;
         ++at) {
      if (StopAt(at, context.cancel)) return Cancelled("interval_align");
      least.Offer(right.has_scores() ? right.ScoreOf(at) : 0, static_cast<Row>(at));
    }
    best[first] = least.slot();
    first = at;
  }
  return best;
}

// What is said of each left row; the slots are not needed afterwards.
struct BestAnswers {
  Scratch<Row> right_row;  // kNoRow without a match
  Scratch<double> score;
  Scratch<std::uint8_t> scored;
  Scratch<std::uint8_t> kind;

  BestAnswers(std::size_t rows, columnar::BufferPool& pool)
      : right_row(rows, pool), score(rows, pool), scored(rows, pool), kind(rows, pool) {}
  void SetNone(std::size_t row, bool counts) {
    right_row[row] = kNoRow;
    kind[row] = counts ? kKindNone : kKindInvalid;
  }
  template <typename Match>
  void Set(std::size_t row, const Match& match) {
    right_row[row] = match.right_row;
    score[row] = match.score;
    scored[row] = match.scored;
    kind[row] = kKindMatched;
  }
};

// Walks for the left rows of a block; those left to a sweep are appended to `unresolved`.
template <typename P, typename Walk>
void WalkBlock(const PairRules<P>& rules, const Walk& walk, const LeftBlock<P>& block,
               BestAnswers* answers, std::vector<SweptRow<P>>* unresolved) {
  // Left rows come in any order: the memory that some of them need is asked for ahead.
  constexpr std::size_t kAhead = 32;
  constexpr std::ptrdiff_t kLine = 64 / static_cast<std::ptrdiff_t>(sizeof(Slot<P>)) + 1;
  const RightSide<P>& right = rules.sides->right;
  std::array<Row, kAhead> at;
  for (std::size_t from = 0; from < block.count; from += kAhead) {
    const std::size_t count = std::min(kAhead, block.count - from);
    const auto position = [&](std::size_t i) {
      return Walk::From(block.start[from + i], block.end[from + i]);
    };
    for (std::size_t i = 0; i < count; ++i) right.starts().Prefetch(position(i));
    for (std::size_t i = 0; i < count; ++i) {
      __builtin_prefetch(right.slots() + right.starts().Near(position(i)));
    }
    for (std::size_t i = 0; i < count; ++i) {
      at[i] = right.CountStartsBelow(position(i));
      __builtin_prefetch(right.slots() + at[i] - kLine);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const P start = block.start[from + i];
      const P end = block.end[from + i];
      const std::size_t row = block.first + from + i;
      const Row found = walk.Find(right, start, end, at[i]);
      if (found == kNoRow) {
        answers->SetNone(row, block.Counts(from + i));
      } else if (found == kUnresolved) {
        unresolved->push_back(SweptRow<P>{static_cast<Row>(row), kNoRow, start, end});
      } else {
        answers->Set(row, rules.MatchOf(start, end, found));
      }
    }
  }
}

template <typename P, typename Walk>
Result<BestAnswers> FindBest(const PairRules<P>& rules, const Walk& walk,
                             const KernelContext& context) {
  const AlignSides<P>& sides = *rules.sides;
  const RowRanges ranges{sides.left.rows(), kGrain};
  BestAnswers answers(sides.left.rows(), *PoolOf(context));
  std::vector<std::vector<SweptRow<P>>> unresolved(ranges.count());
  LG_RETURN_IF_ERROR(
      ParallelRanges(context, ranges, [&](std::size_t first, std::size_t last) -> Status {
        return ForLeftBlocks(sides, first, last, [&](const LeftBlock<P>& block) -> Status {
          WalkBlock(rules, walk, block, &answers, &unresolved[first / kGrain]);
          return {};
        });
      }));
  std::vector<SweptRow<P>> swept;
  for (std::vector<SweptRow<P>>& part : unresolved) {
    swept.insert(swept.end(), part.begin(), part.end());
    part = {};
  }
  if (swept.empty()) return answers;
  LG_RETURN_IF_ERROR(SweepBest(sides, context, &swept));
  for (const SweptRow<P>& row : swept) {
    if (row.slot == kNoRow) {
      answers.SetNone(row.row, true);
    } else {
      answers.Set(row.row, rules.MatchOf(row.start, row.end, row.slot));
    }
  }
  return answers;
}

template <typename P>
Result<BestAnswers> FindBest(const PairRules<P>& rules, const KernelContext& context) {
  switch (rules.sides->mode) {
    case AlignMode::kExact: {
      LG_ASSIGN_OR_RETURN(const Scratch<Row> runs, BestOfRuns(rules.sides->right, context));
      return FindBest(rules, ExactLookUp<P>{runs}, context);
    }
    case AlignMode::kContainedBest:
      return FindBest(rules, ContainedWalk<P>{}, context);
    case AlignMode::kContainingBest:
      return FindBest(rules, ContainingWalk<P>{}, context);
    default:
      return FindBest(rules, OverlapWalk<P>{}, context);
  }
}

class BestPairs final : public AlignLister {
 public:
  BestPairs(BestAnswers best, JoinHow how) : best_(std::move(best)), all_(how == JoinHow::kLeft) {}

  Result<std::size_t> List(std::size_t first, std::size_t last, std::size_t most,
                           Answers* answers) const override {
    // Each row has one answer at most, so a part of the rows is never too much.
    last = std::min(last, first + most);
    for (std::size_t row = first; row < last; ++row) {
      if (best_.right_row[row] != kNoRow) {
        answers->AddPair(row, best_.right_row[row], kKindMatched, best_.score[row],
                         best_.scored[row] != 0);
      } else if (all_) {
        answers->AddUnmatched(row, best_.kind[row] == kKindNone);
      }
    }
    return last;
  }

 private:
  BestAnswers best_;
  bool all_;
};

}  // namespace

template <typename P>
AlignListerResult BestLister(PairRules<P> rules, const KernelContext& context) {
  LG_ASSIGN_OR_RETURN(BestAnswers best, FindBest(rules, context));
  return std::unique_ptr<AlignLister>(std::make_unique<BestPairs>(std::move(best), rules.how));
}

#define LG_INSTANTIATE(P) template AlignListerResult BestLister(PairRules<P>, const KernelContext&);
LG_FOR_POSITION_TYPES(LG_INSTANTIATE)
#undef LG_INSTANTIATE

}  // namespace lakegate::kernels
