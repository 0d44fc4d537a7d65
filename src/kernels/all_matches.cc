// All pairs, left row by left row. Right spans lie in start order, so that a mode is a range of
// slots and a bound on their ends: most hits are neighbours, the others are reached over the
// slots that end too early; where that takes long, a tree of the ends finds them.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/try.h"
#include "kernels/align_answers.h"
#include "kernels/max_tree.h"

namespace lakegate::kernels {
namespace {

using columnar::Scratch;

// A walk that has missed more slots than it hit, and this many, goes on in the tree.
constexpr std::size_t kMostMisses = 32;
// Shorter lists are sorted by comparisons, longer ones by buckets of their criterion, and those
// of so many by radix, which can be cancelled.
constexpr std::size_t kFewHits = 12;
constexpr std::size_t kManyHits = std::size_t{1} << 15;

// A match in score order: criterion (less is better), tie breakers, slot.
struct Hit {
  std::uint64_t criterion;
  Row tie;
  Row slot;
  bool operator<(const Hit& other) const {
    if (criterion != other.criterion) return criterion < other.criterion;
    return tie != other.tie ? tie < other.tie : slot < other.slot;
  }
};

// A list in slot order, of criteria that lie close together and no ties: counted, then put in
// place. False where it is none.
bool SortByBuckets(std::vector<Hit>* hits, std::vector<Hit>* spare) {
  constexpr std::size_t kBuckets = 256;
  std::uint64_t least = ~std::uint64_t{0};
  std::uint64_t greatest = 0;
  for (const Hit& hit : *hits) {
    least = std::min(least, hit.criterion);
    greatest = std::max(greatest, hit.criterion);
  }
  if (greatest - least >= kBuckets) return false;
  std::array<std::uint16_t, kBuckets> place{};
  for (const Hit& hit : *hits) ++place[hit.criterion - least];
  std::uint16_t before = 0;
  for (std::uint64_t i = 0; i <= greatest - least; ++i) {
    before += std::exchange(place[i], before);
  }
  spare->resize(hits->size());
  for (const Hit& hit : *hits) (*spare)[place[hit.criterion - least]++] = hit;
  hits->swap(*spare);
  return true;
}

// `*hits` is in slot order. `spare` is room.
Status SortHits(const KernelContext& context, bool has_ties, std::vector<Hit>* hits,
                std::vector<Hit>* spare) {
  if (hits->size() < 2) return {};
  if (hits->size() < kManyHits) {
    if (hits->size() > kFewHits && !has_ties && SortByBuckets(hits, spare)) return {};
    std::sort(hits->begin(), hits->end());
    return {};
  }
  // Slots tell hits apart, so that they need not come in slot order.
  const std::vector<Hit>& from = *hits;
  const auto key = [&](int bits, auto word_of) {
    return WordKey{bits,
                   [&from, word_of](std::size_t first, std::size_t last, std::uint64_t* words) {
                     for (std::size_t i = first; i < last; ++i) words[i - first] = word_of(from[i]);
                   }};
  };
  const WordKey keys[] = {
      key(64, [](const Hit& hit) { return hit.criterion; }),
      key(64, [](const Hit& hit) { return (std::uint64_t{hit.tie} << 32) | hit.slot; })};
  KernelContext alone = context;
  alone.threads = 1;
  LG_ASSIGN_OR_RETURN(const Scratch<Row> order, SortByWordKeys(from.size(), keys, alone));
  std::vector<Hit> sorted;
  sorted.reserve(from.size());
  for (const Row place : order) sorted.push_back(from[place]);
  hits->swap(sorted);
  return {};
}

// Finder finds the hits of one left row.
template <typename P, typename Finder>
class AllPairs final : public AlignLister {
 public:
  AllPairs(PairRules<P> rules, const KernelContext& context, MaxTree<P> tree)
      : rules_(std::move(rules)),
        right_(rules_.sides->right),
        finder_(right_, context.cancel, std::move(tree)),
        context_(context) {}

  Result<std::size_t> List(std::size_t first, std::size_t last, std::size_t most,
                           Answers* answers) const override {
    LeftBlock<P> block;
    HitLists hits;
    while (first < last) {
      if (context_.cancel.cancelled()) return Cancelled("interval_align");
      rules_.sides->ReadLeft(first, std::min(SpanBlock::kRows, last - first), &block);
      for (std::size_t i = 0; i < block.count; i += kAhead) {
        const std::size_t count = std::min(kAhead, block.count - i);
        LG_ASSIGN_OR_RETURN(const std::size_t done,
                            ListSome(block, i, count, most, &hits, answers));
        first += done;
        if (done < count) return first;
      }
    }
    return last;
  }

 private:
  struct HitLists {
    std::vector<Hit> of_row;
    std::vector<Hit> spare;
  };

  // Left rows come in any order; the memory that as many need is asked for ahead.
  static constexpr std::size_t kAhead = 32;

  // Rows [from, from + count) of the block; gives how many it answered.
  Result<std::size_t> ListSome(const LeftBlock<P>& block, std::size_t from, std::size_t count,
                               std::size_t most, HitLists* lists, Answers* answers) const {
    std::vector<Hit>* const hits = &lists->of_row;
    std::array<Row, kAhead> begin;
    for (std::size_t i = from; i < from + count; ++i) right_.starts().Prefetch(block.start[i]);
    for (std::size_t i = from; i < from + count; ++i) {
      __builtin_prefetch(right_.slots() + right_.starts().Near(block.start[i]));
    }
    for (std::size_t i = 0; i < count; ++i) {
      begin[i] = right_.CountStartsBelow(block.start[from + i]);
      constexpr std::ptrdiff_t kLine = 64 / static_cast<std::ptrdiff_t>(sizeof(Slot<P>)) + 1;
      __builtin_prefetch(right_.slots() + begin[i] - kLine);
      __builtin_prefetch(right_.slots() + begin[i] + kLine);
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (answers->size() >= most) return i;
      hits->clear();
      LG_RETURN_IF_ERROR(finder_.Find(block.start[from + i], block.end[from + i], begin[i], hits));
      LG_RETURN_IF_ERROR(SortHits(context_, right_.has_ties(), hits, &lists->spare));
      answers->AddMatches(block.first + from + i, hits->size(), [&](std::size_t hit) {
        return rules_.MatchOf(block.start[from + i], block.end[from + i], (*hits)[hit].slot);
      });
      if (hits->empty() && rules_.how == JoinHow::kLeft) {
        answers->AddUnmatched(block.first + from + i, block.Counts(from + i));
      }
    }
    return count;
  }

  const PairRules<P> rules_;
  const RightSide<P>& right_;
  const Finder finder_;
  const KernelContext context_;
};

// overlap_all, by the length of the overlap or the caller's score.
template <typename P>
class Overlapping {
 public:
  Overlapping(const RightSide<P>& right, CancelToken cancel, MaxTree<P> ends)
      : right_(right), cancel_(std::move(cancel)), ends_(std::move(ends)) {}

  // Appends hits in slot order. `begin` is the first slot that starts no earlier.
  Status Find(P start, P end, Row begin, std::vector<Hit>* hits) const {
    LG_RETURN_IF_ERROR(FindBefore(start, end, begin, hits));
    // What starts inside the left span overlaps it.
    for (Row at = begin; at < right_.size() && right_.slot(at).start < end; ++at) {
      if (StopAt(at - begin + 1, cancel_)) return Cancelled("interval_align");
      Add(start, end, at, hits);
    }
    return {};
  }

 private:
  void Add(P start, P end, Row slot, std::vector<Hit>* hits) const {
    const Slot<P>& span = right_.slot(slot);
    const auto overlap =
        static_cast<std::uint64_t>(std::min(end, span.end) - std::max(start, span.start));
    hits->push_back(
        Hit{right_.has_scores() ? right_.ScoreOf(slot) : ~overlap, right_.TieOf(slot), slot});
  }

  Status FindBefore(P start, P end, Row begin, std::vector<Hit>* hits) const {
    std::size_t misses = 0;
    for (Row at = begin; at > 0;) {
      if (StopAt(misses + hits->size() + 1, cancel_)) {
        return Cancelled("interval_align");
      }
      const Slot<P>& slot = right_.slot(at - 1);
      if (slot.reach <= start) break;
      if (slot.end > start) {
        Add(start, end, --at, hits);
        continue;
      }
      if (++misses > kMostMisses + hits->size()) {
        std::reverse(hits->begin(), hits->end());
        const auto nearer = static_cast<std::ptrdiff_t>(hits->size());
        LG_RETURN_IF_ERROR(FindInTree(start, end, at, hits));
        std::rotate(hits->begin(), hits->begin() + nearer, hits->end());
        return {};
      }
      at = slot.wider == kNoRow ? 0 : slot.wider + 1;
    }
    std::reverse(hits->begin(), hits->end());
    return {};
  }

  // Of the slots before `last`.
  Status FindInTree(P start, P end, Row last, std::vector<Hit>* hits) const {
    const bool finished = ends_.Visit(0, last, static_cast<P>(start + 1), [&](std::size_t slot) {
      Add(start, end, static_cast<Row>(slot), hits);
      return !StopAt(hits->size(), cancel_);
    });
    if (!finished) return Cancelled("interval_align");
    return {};
  }

  const RightSide<P>& right_;
  CancelToken cancel_;
  MaxTree<P> ends_;
};

// contained_all, by tightness or the caller's score.
template <typename P>
class Contained {
 public:
  // The tree holds the complements of the ends: "end <= bound" is "~end >= ~bound".
  Contained(const RightSide<P>& right, CancelToken cancel, MaxTree<P> complements)
      : right_(right), cancel_(std::move(cancel)), complements_(std::move(complements)) {}

  // Appends hits in slot order. `begin` is the first slot that starts no earlier.
  Status Find(P, P end, Row begin, std::vector<Hit>* hits) const {
    std::size_t misses = 0;
    for (Row at = begin; at < right_.size(); ++at) {
      const Slot<P>& slot = right_.slot(at);
      if (slot.start > end) return {};
      if (StopAt(misses + hits->size() + 1, cancel_)) {
        return Cancelled("interval_align");
      }
      if (slot.end <= end) {
        Add(at, hits);
      } else if (++misses > kMostMisses + hits->size()) {
        return FindInTree(end, at, hits);
      }
    }
    return {};
  }

 private:
  void Add(Row slot, std::vector<Hit>* hits) const {
    hits->push_back(Hit{right_.has_scores() ? right_.ScoreOf(slot) : right_.LengthOfSlot(slot),
                        right_.TieOf(slot), slot});
  }

  // Of the slots from `first` on.
  Status FindInTree(P end, Row first, std::vector<Hit>* hits) const {
    const Row last = right_.CountStartsBelow(static_cast<P>(end + 1));
    const bool finished =
        complements_.Visit(first, last, static_cast<P>(~end), [&](std::size_t slot) {
          Add(static_cast<Row>(slot), hits);
          return !StopAt(hits->size(), cancel_);
        });
    if (!finished) return Cancelled("interval_align");
    return {};
  }

  const RightSide<P>& right_;
  CancelToken cancel_;
  MaxTree<P> complements_;
};

}  // namespace

template <typename P>
AlignListerResult AllLister(PairRules<P> rules, const KernelContext& context) {
  const RightSide<P>& right = rules.sides->right;
  const bool contained = rules.sides->mode == AlignMode::kContainedAll;
  std::vector<P> values(right.size());
  for (std::size_t slot = 0; slot < values.size(); ++slot) {
    if (StopAt(slot, context.cancel)) return Cancelled("interval_align");
    const P end = right.slot(slot).end;
    values[slot] = contained ? static_cast<P>(~end) : end;
  }
  MaxTree<P> tree(std::move(values));
  if (contained) {
    return std::unique_ptr<AlignLister>(
        std::make_unique<AllPairs<P, Contained<P>>>(std::move(rules), context, std::move(tree)));
  }
  return std::unique_ptr<AlignLister>(
      std::make_unique<AllPairs<P, Overlapping<P>>>(std::move(rules), context, std::move(tree)));
}

#define LG_INSTANTIATE(P) template AlignListerResult AllLister(PairRules<P>, const KernelContext&);
LG_FOR_POSITION_TYPES(LG_INSTANTIATE)
#undef LG_INSTANTIATE

}  // namespace lakegate::kernels
