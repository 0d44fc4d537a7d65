// Best matches without pairs: sweeps over the starts, a tree of running winners over the ends.
//
// "left inside right", "right inside left" and the parts of "overlaps" are all of one form:
// right starts on one side of a bound, right ends on one side of another. A sweep in start
// order turns the first condition into time, a Fenwick tree over the ends keeps the best rank
// for the second: O((n + m) log m), whatever the shape of the spans.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/try.h"
#include "kernels/match_source.h"

namespace lakegate::kernels {
namespace {

// Least rank over a prefix of positions.
class MinPrefix {
 public:
  void Reset(std::size_t size) { tree_.assign(size + 1, kNoRow); }
  void Add(std::size_t position, Row rank) {
    for (std::size_t i = position + 1; i < tree_.size(); i += i & (~i + 1)) {
      if (tree_[i] <= rank) return;  // every node above covers this one
      tree_[i] = rank;
    }
  }
  // Over positions 0 .. count - 1.
  Row Least(std::size_t count) const {
    Row least = kNoRow;
    for (std::size_t i = count; i > 0; i &= i - 1) least = std::min(least, tree_[i]);
    return least;
  }

 private:
  std::vector<Row> tree_;
};

// How many of `count` ascending values are below `bound`. Without branches: the values asked
// for are anywhere, so that a branch would be mispredicted at every other step.
std::size_t CountBelow(const std::int64_t* values, std::size_t count, std::int64_t bound) {
  const std::int64_t* at = values;
  while (count > 1) {
    const std::size_t half = count / 2;
    at += at[half - 1] < bound ? half : 0;
    count -= half;
  }
  return static_cast<std::size_t>(at - values) + (count == 1 && *at < bound ? 1 : 0);
}

// The ends of each group in order, and where each slot's end stands among them.
struct EndOrder {
  std::vector<std::int64_t> ends;  // by group, ascending
  std::vector<Row> place;          // slot → first place of its end in its group

  // Ends of the group below `bound`; ends not above it.
  std::size_t Below(const RightSpans& right, Row group, std::int64_t bound) const {
    const Row first = right.first[group];
    return CountBelow(ends.data() + first, right.first[group + 1] - first, bound);
  }
  std::size_t UpTo(const RightSpans& right, Row group, std::int64_t bound) const {
    if (bound == std::numeric_limits<std::int64_t>::max()) {
      return right.first[group + 1] - right.first[group];
    }
    return Below(right, group, bound + 1);
  }
};

Result<EndOrder> OrderEnds(const RightSpans& right, const CancelToken& cancel) {
  LG_ASSIGN_OR_RETURN(const std::vector<Row> order, OrderByEnd(right, cancel));
  EndOrder sorted;
  sorted.ends.resize(right.size());
  sorted.place.resize(right.size());
  for (std::size_t g = 0; g < right.groups(); ++g) {
    for (Row i = right.first[g]; i < right.first[g + 1]; ++i) {
      const Row slot = order[i];
      sorted.ends[i] = right.end[slot];
      const bool repeats = i > right.first[g] && sorted.ends[i - 1] == sorted.ends[i];
      sorted.place[slot] = repeats ? sorted.place[order[i - 1]] : i - right.first[g];
    }
  }
  return sorted;
}

// A total order of the slots: rank by slot, and back. Less is better.
struct Ranking {
  std::vector<Row> rank;
  std::vector<Row> slot;
};

Result<Ranking> Rank(const RightSpans& right, CodeColumn criterion, const CancelToken& cancel) {
  Ranking ranking;
  LG_ASSIGN_OR_RETURN(ranking.slot, RankSlots(right, std::move(criterion), cancel));
  ranking.rank = Inverse(ranking.slot);
  return ranking;
}

CodeColumn LengthCodes(const RightSpans& right, bool longest_first) {
  std::vector<std::uint64_t> lengths(right.size());
  for (std::size_t slot = 0; slot < right.size(); ++slot) {
    lengths[slot] = LengthOf(right.start[slot], right.end[slot]);
  }
  return CodesOf(std::move(lengths), longest_first);
}

CodeColumn PositionCodes(const std::vector<std::int64_t>& positions, bool last_first) {
  std::vector<std::uint64_t> codes(positions.size());
  for (std::size_t slot = 0; slot < positions.size(); ++slot)
    codes[slot] = Ordered(positions[slot]);
  return CodesOf(std::move(codes), last_first);
}

// Best by the caller's score where there is one, by the shortest length otherwise.
CodeColumn ScoreOrTightness(const RightSpans& right) {
  if (!right.score_codes.codes.empty()) return right.score_codes;
  return LengthCodes(right, /*longest_first=*/false);
}

// What both sweeps work on.
struct Sides {
  const SideSpans& left;
  const RightSpans& right;
  const CancelToken& cancel;
};

// A left row in sweep order, with what a sweep asks about it beside it.
struct LeftItem {
  Row row;
  Row group;
  std::int64_t key;
  std::int64_t bound;
};

// Left rows by group, then key; see OrderLeft.
Result<std::vector<LeftItem>> OrderItems(const Sides& sides, const std::vector<std::int64_t>& key,
                                         const std::vector<std::int64_t>& bound) {
  LG_ASSIGN_OR_RETURN(const auto rows, OrderLeft(sides.left, sides.right, key, sides.cancel));
  std::vector<LeftItem> items;
  items.reserve(rows.size());
  for (const Row row : rows) {
    items.push_back(LeftItem{row, sides.left.group[row], key[row], bound[row]});
  }
  return items;
}

// For each left row of `order` (by group, then key ascending): adds the slots of its group
// with start <= key, then asks.
template <typename Reset, typename Add, typename Ask>
Status SweepUp(const Sides& sides, const std::vector<LeftItem>& order, Reset reset, Add add,
               Ask ask) {
  const RightSpans& right = sides.right;
  Row group = kNoRow;
  Row next = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (StopAt(i, sides.cancel)) return Cancelled("interval_align");
    const LeftItem& item = order[i];
    if (item.group != group) {
      group = item.group;
      next = right.first[group];
      reset(static_cast<std::size_t>(right.first[group + 1] - next));
    }
    for (; next < right.first[group + 1] && right.start[next] <= item.key; ++next) {
      if (StopAt(next, sides.cancel)) return Cancelled("interval_align");
      add(next);
    }
    ask(item);
  }
  return {};
}

// The same downwards: slots with start >= key, left rows from the last to the first.
template <typename Reset, typename Add, typename Ask>
Status SweepDown(const Sides& sides, const std::vector<LeftItem>& order, Reset reset, Add add,
                 Ask ask) {
  const RightSpans& right = sides.right;
  Row group = kNoRow;
  Row next = 0;  // slots from here on are in
  for (std::size_t i = order.size(); i-- > 0;) {
    if (StopAt(i, sides.cancel)) return Cancelled("interval_align");
    const LeftItem& item = order[i];
    if (item.group != group) {
      group = item.group;
      next = right.first[group + 1];
      reset(static_cast<std::size_t>(next - right.first[group]));
    }
    for (; next > right.first[group] && right.start[next - 1] >= item.key; --next) {
      if (StopAt(next, sides.cancel)) return Cancelled("interval_align");
      add(next - 1);
    }
    ask(item);
  }
  return {};
}

using Best = std::vector<Row>;  // left row → slot

// right.start <= key(left) and right.end >= bound(left), the least rank.
Result<Best> SweepEnclosing(const Sides& sides, const Ranking& ranking,
                            const std::vector<std::int64_t>& key,
                            const std::vector<std::int64_t>& bound) {
  LG_ASSIGN_OR_RETURN(const EndOrder ends, OrderEnds(sides.right, sides.cancel));
  LG_ASSIGN_OR_RETURN(const std::vector<LeftItem> order, OrderItems(sides, key, bound));
  Best best(sides.left.size(), kNoRow);
  MinPrefix tree;
  std::size_t size = 0;
  LG_RETURN_IF_ERROR(SweepUp(
      sides, order,
      [&](std::size_t count) {
        size = count;
        tree.Reset(count);
      },
      // Mirrored, so that "ends from here on" is a prefix.
      [&](Row slot) { tree.Add(size - 1 - ends.place[slot], ranking.rank[slot]); },
      [&](const LeftItem& item) {
        const Row rank = tree.Least(size - ends.Below(sides.right, item.group, item.bound));
        if (rank != kNoRow) best[item.row] = ranking.slot[rank];
      }));
  return best;
}

Result<Best> SweepContained(const Sides& sides) {
  LG_ASSIGN_OR_RETURN(const Ranking ranking,
                      Rank(sides.right, ScoreOrTightness(sides.right), sides.cancel));
  LG_ASSIGN_OR_RETURN(const EndOrder ends, OrderEnds(sides.right, sides.cancel));
  LG_ASSIGN_OR_RETURN(const std::vector<LeftItem> order,
                      OrderItems(sides, sides.left.start, sides.left.end));
  Best best(sides.left.size(), kNoRow);
  MinPrefix tree;
  LG_RETURN_IF_ERROR(SweepDown(
      sides, order, [&](std::size_t count) { tree.Reset(count); },
      [&](Row slot) { tree.Add(ends.place[slot], ranking.rank[slot]); },
      [&](const LeftItem& item) {
        const Row rank = tree.Least(ends.UpTo(sides.right, item.group, item.bound));
        if (rank != kNoRow) best[item.row] = ranking.slot[rank];
      }));
  return best;
}

Result<Best> SweepContaining(const Sides& sides) {
  LG_ASSIGN_OR_RETURN(const Ranking ranking,
                      Rank(sides.right, ScoreOrTightness(sides.right), sides.cancel));
  return SweepEnclosing(sides, ranking, sides.left.start, sides.left.end);
}

// Slots of one span are neighbours; the best of each run answers every equal left span.
Result<Best> LookUpExact(const Sides& sides) {
  const RightSpans& right = sides.right;
  CodeColumn score = right.score_codes;
  LG_ASSIGN_OR_RETURN(const Ranking ranking, Rank(right, std::move(score), sides.cancel));
  std::vector<Row> run_best(right.size());
  for (std::size_t g = 0; g < right.groups(); ++g) {
    for (Row slot = right.first[g + 1]; slot-- > right.first[g];) {
      run_best[slot] = slot;
      const bool continues = slot + 1 < right.first[g + 1] &&
                             right.start[slot] == right.start[slot + 1] &&
                             right.end[slot] == right.end[slot + 1];
      if (continues && ranking.rank[run_best[slot + 1]] < ranking.rank[slot]) {
        run_best[slot] = run_best[slot + 1];
      }
    }
  }
  Best best(sides.left.size(), kNoRow);
  for (std::size_t row = 0; row < sides.left.size(); ++row) {
    if (StopAt(row, sides.cancel)) return Cancelled("interval_align");
    const Row group = sides.left.group[row];
    if (group == kNoRow) continue;
    const std::pair wanted(sides.left.start[row], sides.left.end[row]);
    Row low = right.first[group];
    Row high = right.first[group + 1];
    while (low < high) {
      const Row middle = low + (high - low) / 2;
      if (std::pair(right.start[middle], right.end[middle]) < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const bool found =
        low < right.first[group + 1] && std::pair(right.start[low], right.end[low]) == wanted;
    if (found) best[row] = run_best[low];
  }
  return best;
}

// Overlap by the caller's score: right.start < left.end and right.end > left.start.
Result<Best> SweepOverlapByScore(const Sides& sides) {
  LG_ASSIGN_OR_RETURN(const Ranking ranking,
                      Rank(sides.right, sides.right.score_codes, sides.cancel));
  // Left spans are not empty, so neither step leaves the range.
  std::vector<std::int64_t> last(sides.left.size());
  std::vector<std::int64_t> least_end(sides.left.size());
  for (std::size_t row = 0; row < last.size(); ++row) {
    if (sides.left.group[row] == kNoRow) continue;
    last[row] = sides.left.end[row] - 1;
    least_end[row] = sides.left.start[row] + 1;
  }
  return SweepEnclosing(sides, ranking, last, least_end);
}

// The longest overlap is the best of four candidates: the longest right span inside the left
// one, any right span around it, the one reaching furthest in from the left, and the one
// starting first that reaches out to the right.
class LongestOverlap {
 public:
  explicit LongestOverlap(const Sides& sides)
      : sides_(sides), best_(sides.left.size(), kNoRow), length_(sides.left.size(), 0) {}

  Result<Best> Sweep() {
    const RightSpans& right = sides_.right;
    LG_ASSIGN_OR_RETURN(tie_, Rank(right, CodeColumn{}, sides_.cancel));
    LG_ASSIGN_OR_RETURN(ends_, OrderEnds(right, sides_.cancel));
    LG_ASSIGN_OR_RETURN(const std::vector<LeftItem> order,
                        OrderItems(sides_, sides_.left.start, sides_.left.end));
    LG_RETURN_IF_ERROR(SweepFromLeft(order));
    LG_RETURN_IF_ERROR(SweepFromRight(order));
    return std::move(best_);
  }

 private:
  Status SweepFromLeft(const std::vector<LeftItem>& order) {
    const RightSpans& right = sides_.right;
    LG_ASSIGN_OR_RETURN(const Ranking last_end,
                        Rank(right, PositionCodes(right.end, true), sides_.cancel));
    MinPrefix around;
    MinPrefix reaching_in;
    std::size_t size = 0;
    return SweepUp(
        sides_, order,
        [&](std::size_t count) {
          size = count;
          around.Reset(count);
          reaching_in.Reset(count);
        },
        [&](Row slot) {
          around.Add(size - 1 - ends_.place[slot], tie_.rank[slot]);
          reaching_in.Add(ends_.place[slot], last_end.rank[slot]);
        },
        [&](const LeftItem& item) {
          const std::size_t below = ends_.Below(right, item.group, item.bound);
          Offer(item, tie_, around.Least(size - below));
          // Ends equal to the left one belong to `around`.
          Offer(item, last_end, reaching_in.Least(below));
        });
  }

  Status SweepFromRight(const std::vector<LeftItem>& order) {
    const RightSpans& right = sides_.right;
    LG_ASSIGN_OR_RETURN(const Ranking longest,
                        Rank(right, LengthCodes(right, true), sides_.cancel));
    LG_ASSIGN_OR_RETURN(const Ranking first_start,
                        Rank(right, PositionCodes(right.start, false), sides_.cancel));
    MinPrefix inside;
    MinPrefix reaching_out;
    std::size_t size = 0;
    return SweepDown(
        sides_, order,
        [&](std::size_t count) {
          size = count;
          inside.Reset(count);
          reaching_out.Reset(count);
        },
        [&](Row slot) {
          inside.Add(ends_.place[slot], longest.rank[slot]);
          reaching_out.Add(size - 1 - ends_.place[slot], first_start.rank[slot]);
        },
        [&](const LeftItem& item) {
          const std::size_t below = ends_.Below(right, item.group, item.bound);
          // Ends equal to the left one belong to `reaching_out`.
          Offer(item, longest, inside.Least(below));
          Offer(item, first_start, reaching_out.Least(size - below));
        });
  }

  void Offer(const LeftItem& item, const Ranking& ranking, Row rank) {
    if (rank == kNoRow) return;
    const Row slot = ranking.slot[rank];
    const std::int64_t start = std::max(item.key, sides_.right.start[slot]);
    const std::int64_t end = std::min(item.bound, sides_.right.end[slot]);
    if (start >= end) return;
    const std::uint64_t length = LengthOf(start, end);
    Row& best = best_[item.row];
    const bool wins = best == kNoRow || length > length_[item.row] ||
                      (length == length_[item.row] && tie_.rank[slot] < tie_.rank[best]);
    if (!wins) return;
    best = slot;
    length_[item.row] = length;
  }

  const Sides& sides_;
  Best best_;
  std::vector<std::uint64_t> length_;
  Ranking tie_;
  EndOrder ends_;
};

class BestSource final : public MatchSource {
 public:
  explicit BestSource(Best best) : best_(std::move(best)) {}
  Status Find(Row left_row, std::vector<Row>* slots) override {
    if (best_[left_row] != kNoRow) slots->push_back(best_[left_row]);
    return {};
  }

 private:
  Best best_;
};

Result<Best> FindBest(const Sides& sides, AlignMode mode) {
  switch (mode) {
    case AlignMode::kExact:
      return LookUpExact(sides);
    case AlignMode::kContainedBest:
    case AlignMode::kContainedAll:
      return SweepContained(sides);
    case AlignMode::kContainingBest:
      return SweepContaining(sides);
    default:
      break;
  }
  if (!sides.right.score_codes.codes.empty()) return SweepOverlapByScore(sides);
  return LongestOverlap(sides).Sweep();
}

}  // namespace

MatchSourceResult BestMatches(const SideSpans& left, const RightSpans& right, AlignMode mode,
                              const CancelToken& cancel) {
  LG_ASSIGN_OR_RETURN(Best best, FindBest(Sides{left, right, cancel}, mode));
  return std::unique_ptr<MatchSource>(std::make_unique<BestSource>(std::move(best)));
}

}  // namespace lakegate::kernels
