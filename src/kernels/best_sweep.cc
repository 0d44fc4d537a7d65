#include "kernels/best_sweep.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "kernels/row_sort.h"
#include "kernels/word_sort.h"

namespace lakegate::kernels {
namespace {

using columnar::Scratch;

// Least rank over a prefix of positions.
class MinPrefix {
 public:
  explicit MinPrefix(std::size_t size) : tree_(size + 1, kNoRow) {}
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

// A total order of the slots: rank by slot, and back. Less is better.
struct Ranking {
  std::vector<Row> rank;
  Scratch<Row> slot;
};

template <typename P>
class Sweeper {
 public:
  Sweeper(const AlignSides<P>& sides, const KernelContext& context, std::vector<SweptRow<P>>* rows)
      : right_(sides.right), axis_end_(sides.axis.end()), context_(context), rows_(*rows) {}

  Status Run(AlignMode mode) {
    LG_RETURN_IF_ERROR(OrderEnds());
    switch (mode) {
      case AlignMode::kContainedBest:
        return Contained();
      case AlignMode::kContainingBest: {
        LG_ASSIGN_OR_RETURN(const Ranking ranking, RankByScoreOrLength());
        return Enclosing(
            ranking, [](const SweptRow<P>& row) { return row.start; },
            [](const SweptRow<P>& row) { return row.end; });
      }
      default:
        break;
    }
    if (!right_.has_scores()) return LongestOverlap();
    LG_ASSIGN_OR_RETURN(const Ranking ranking, RankByScoreOrLength());
    // Left spans that can overlap are not empty, so neither step passes the other bound.
    return Enclosing(
        ranking, [](const SweptRow<P>& row) { return static_cast<P>(row.end - 1); },
        [](const SweptRow<P>& row) { return static_cast<P>(row.start + 1); });
  }

 private:
  // The ends in order, and the first place of each slot's end among them.
  Status OrderEnds() {
    std::vector<WordKey> keys;
    AppendPositionKeys<P>(
        BitsOf(axis_end_), [this](std::size_t slot) { return right_.slot(slot).end; }, &keys);
    LG_ASSIGN_OR_RETURN(const Scratch<Row> order, SortByWordKeys(right_.size(), keys, context_));
    ends_.resize(right_.size());
    place_.resize(right_.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      ends_[i] = right_.slot(order[i]).end;
      const bool repeats = i > 0 && ends_[i - 1] == ends_[i];
      place_[order[i]] = repeats ? place_[order[i - 1]] : static_cast<Row>(i);
    }
    return {};
  }
  std::size_t EndsBelow(P bound) const {
    return static_cast<std::size_t>(std::lower_bound(ends_.begin(), ends_.end(), bound) -
                                    ends_.begin());
  }

  // Slots by `criterion_of`, of 64 bits, then tie breakers, then slot.
  template <typename CriterionOf>
  Result<Ranking> Rank(CriterionOf criterion_of) const {
    std::vector<WordKey> keys;
    keys.push_back(WordKey{64, [&](std::size_t first, std::size_t last, std::uint64_t* words) {
                             for (std::size_t i = first; i < last; ++i)
                               words[i - first] = criterion_of(i);
                           }});
    AppendTieKey(right_, &keys);
    Ranking ranking;
    LG_ASSIGN_OR_RETURN(ranking.slot, SortByWordKeys(right_.size(), keys, context_));
    ranking.rank = Inverse(ranking.slot.span());
    return ranking;
  }
  Result<Ranking> RankByScoreOrLength() const {
    if (right_.has_scores()) {
      return Rank([this](std::size_t slot) { return std::uint64_t{right_.ScoreOf(slot)}; });
    }
    return Rank([this](std::size_t slot) { return right_.LengthOfSlot(slot); });
  }

  // The rows by key_of(row), ascending.
  template <typename KeyOf>
  Result<Scratch<Row>> OrderRows(KeyOf key_of) const {
    std::vector<WordKey> keys;
    AppendPositionKeys<P>(
        BitsOf(axis_end_), [&](std::size_t i) { return key_of(rows_[i]); }, &keys);
    return SortByWordKeys(rows_.size(), keys, context_);
  }

  // For each row by ascending key: adds the slots with start <= key, then asks.
  template <typename KeyOf, typename Add, typename Ask>
  Status SweepUp(KeyOf key_of, Add add, Ask ask) {
    LG_ASSIGN_OR_RETURN(const Scratch<Row> order, OrderRows(key_of));
    Row next = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (StopAt(i, context_.cancel)) return Cancelled("interval_align");
      SweptRow<P>& row = rows_[order[i]];
      for (; next < right_.size() && right_.slot(next).start <= key_of(row); ++next) {
        if (StopAt(next, context_.cancel)) return Cancelled("interval_align");
        add(next);
      }
      ask(&row);
    }
    return {};
  }

  // The same downwards: slots with start >= the row's, rows from the last to the first.
  template <typename Add, typename Ask>
  Status SweepDown(Add add, Ask ask) {
    LG_ASSIGN_OR_RETURN(const Scratch<Row> order,
                        OrderRows([](const SweptRow<P>& row) { return row.start; }));
    auto next = static_cast<Row>(right_.size());  // slots from here on are in
    for (std::size_t i = order.size(); i-- > 0;) {
      if (StopAt(i, context_.cancel)) return Cancelled("interval_align");
      SweptRow<P>& row = rows_[order[i]];
      for (; next > 0 && right_.slot(next - 1).start >= row.start; --next) {
        if (StopAt(next, context_.cancel)) return Cancelled("interval_align");
        add(next - 1);
      }
      ask(&row);
    }
    return {};
  }

  // right.start <= key and right.end >= bound, the least rank.
  template <typename KeyOf, typename BoundOf>
  Status Enclosing(const Ranking& ranking, KeyOf key_of, BoundOf bound_of) {
    const std::size_t size = right_.size();
    MinPrefix tree(size);
    return SweepUp(
        key_of,
        // Mirrored, so that "ends from here on" is a prefix.
        [&](Row slot) { tree.Add(size - 1 - place_[slot], ranking.rank[slot]); },
        [&](SweptRow<P>* row) {
          const Row rank = tree.Least(size - EndsBelow(bound_of(*row)));
          row->slot = rank == kNoRow ? kNoRow : ranking.slot[rank];
        });
  }

  Status Contained() {
    LG_ASSIGN_OR_RETURN(const Ranking ranking, RankByScoreOrLength());
    MinPrefix tree(right_.size());
    return SweepDown([&](Row slot) { tree.Add(place_[slot], ranking.rank[slot]); },
                     [&](SweptRow<P>* row) {
                       const Row rank = tree.Least(EndsBelow(static_cast<P>(row->end + 1)));
                       row->slot = rank == kNoRow ? kNoRow : ranking.slot[rank];
                     });
  }

  // The longest overlap is the best of four candidates: the longest right span inside the left
  // one, any right span around it, the one reaching furthest in from the left, and the one
  // starting first that reaches out to the right.
  Status LongestOverlap() {
    LG_ASSIGN_OR_RETURN(tie_, Rank([](std::size_t) { return std::uint64_t{0}; }));
    for (SweptRow<P>& row : rows_) row.slot = kNoRow;
    LG_RETURN_IF_ERROR(FromLeft());
    return FromRight();
  }

  // Ranks of positions would need more than 64 bits on the widest axis; places do not.
  Status FromLeft() {
    LG_ASSIGN_OR_RETURN(const Ranking last_end,
                        Rank([this](std::size_t slot) { return ~std::uint64_t{place_[slot]}; }));
    const std::size_t size = right_.size();
    MinPrefix around(size);
    MinPrefix reaching_in(size);
    return SweepUp([](const SweptRow<P>& row) { return row.start; },
                   [&](Row slot) {
                     around.Add(size - 1 - place_[slot], tie_.rank[slot]);
                     reaching_in.Add(place_[slot], last_end.rank[slot]);
                   },
                   [&](SweptRow<P>* row) {
                     const std::size_t below = EndsBelow(row->end);
                     Offer(tie_, around.Least(size - below), row);
                     // Ends equal to the left one belong to `around`.
                     Offer(last_end, reaching_in.Least(below), row);
                   });
  }

  Status FromRight() {
    LG_ASSIGN_OR_RETURN(const Ranking longest,
                        Rank([this](std::size_t slot) { return ~right_.LengthOfSlot(slot); }));
    LG_ASSIGN_OR_RETURN(const Ranking first_start, Rank([this](std::size_t slot) {
                          return std::uint64_t{FirstOfStart(slot)};
                        }));
    const std::size_t size = right_.size();
    MinPrefix inside(size);
    MinPrefix reaching_out(size);
    return SweepDown(
        [&](Row slot) {
          inside.Add(place_[slot], longest.rank[slot]);
          reaching_out.Add(size - 1 - place_[slot], first_start.rank[slot]);
        },
        [&](SweptRow<P>* row) {
          const std::size_t below = EndsBelow(row->end);
          // Ends equal to the left one belong to `reaching_out`.
          Offer(longest, inside.Least(below), row);
          Offer(first_start, reaching_out.Least(size - below), row);
        });
  }

  // The first slot with this slot's start: orders slots as their starts do, ties included.
  Row FirstOfStart(std::size_t slot) const {
    return right_.CountStartsBelow(right_.slot(slot).start);
  }

  void Offer(const Ranking& ranking, Row rank, SweptRow<P>* row) const {
    if (rank == kNoRow) return;
    const Row slot = ranking.slot[rank];
    const P length = OverlapOf(*row, slot);
    if (length == 0) return;
    if (row->slot != kNoRow) {
      const P before = OverlapOf(*row, row->slot);
      if (length < before) return;
      if (length == before && tie_.rank[row->slot] <= tie_.rank[slot]) return;
    }
    row->slot = slot;
  }

  P OverlapOf(const SweptRow<P>& row, Row slot) const {
    const P start = std::max(row.start, right_.slot(slot).start);
    const P end = std::min(row.end, right_.slot(slot).end);
    return start < end ? static_cast<P>(end - start) : P{0};
  }

  const RightSide<P>& right_;
  const P axis_end_;
  const KernelContext& context_;
  std::vector<SweptRow<P>>& rows_;
  std::vector<P> ends_;
  std::vector<Row> place_;  // by slot
  Ranking tie_;
};

}  // namespace

template <typename P>
Status SweepBest(const AlignSides<P>& sides, const KernelContext& context,
                 std::vector<SweptRow<P>>* rows) {
  return Sweeper<P>(sides, context, rows).Run(sides.mode);
}

#define LG_INSTANTIATE(P) \
  template Status SweepBest(const AlignSides<P>&, const KernelContext&, std::vector<SweptRow<P>>*);
LG_FOR_POSITION_TYPES(LG_INSTANTIATE)
#undef LG_INSTANTIATE

}  // namespace lakegate::kernels
