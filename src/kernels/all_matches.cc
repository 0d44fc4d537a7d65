// All pairs, left row by left row: right spans lie in start order, so that a mode is a range of
// slots and a bound on their ends, which a tree of maxima walks without visiting the others.
#include <algorithm>
#include <utility>

#include "base/try.h"
#include "kernels/match_source.h"
#include "kernels/max_tree.h"

namespace lakegate::kernels {
namespace {

constexpr std::size_t kManyHits = 1 << 15;

class AllSource : public MatchSource {
 public:
  AllSource(const SideSpans& left, const RightSpans& right, const CancelToken& cancel,
            std::vector<std::int64_t> values)
      : left_(left), right_(right), cancel_(cancel), tree_(std::move(values)) {}

 protected:
  // The first slot of the group whose start is at least (or, with `after`, above) `bound`.
  Row SlotAt(Row group, std::int64_t bound, bool after) const {
    const auto begin = right_.start.begin() + right_.first[group];
    const auto end = right_.start.begin() + right_.first[group + 1];
    const auto at =
        after ? std::upper_bound(begin, end, bound) : std::lower_bound(begin, end, bound);
    return static_cast<Row>(at - right_.start.begin());
  }

  Status Walk(Row begin, Row end, std::int64_t threshold, std::vector<Row>* slots) const {
    const bool finished = tree_.Visit(begin, end, threshold, [&](std::size_t slot) {
      slots->push_back(static_cast<Row>(slot));
      return !StopAt(slots->size(), cancel_);
    });
    if (!finished) return Cancelled("interval_align");
    return {};
  }

  const SideSpans& left_;
  const RightSpans& right_;
  const CancelToken& cancel_;
  MaxTree tree_;
};

// Sorts slots by a rank each; long lists by radix, which can be cancelled.
Status SortByRank(const std::vector<Row>& rank, const CancelToken& cancel,
                  std::vector<Row>* slots) {
  if (slots->size() < kManyHits) {
    std::sort(slots->begin(), slots->end(), [&](Row a, Row b) { return rank[a] < rank[b]; });
    return {};
  }
  std::vector<std::uint64_t> codes;
  codes.reserve(slots->size());
  for (const Row slot : *slots) codes.push_back(rank[slot]);
  LG_ASSIGN_OR_RETURN(std::vector<Row> order,
                      SortRows({CodesOf(std::move(codes))}, slots->size(), cancel));
  for (Row& place : order) place = (*slots)[place];
  slots->swap(order);
  return {};
}

// contained_all, by tightness or score; overlap_all, by score.
class RankedSource final : public AllSource {
 public:
  RankedSource(const SideSpans& left, const RightSpans& right, const CancelToken& cancel,
               std::vector<std::int64_t> values, std::vector<Row> rank, bool contained)
      : AllSource(left, right, cancel, std::move(values)),
        rank_(std::move(rank)),
        contained_(contained) {}

  Status Find(Row left_row, std::vector<Row>* slots) override {
    const Row group = left_.group[left_row];
    if (group == kNoRow) return {};
    const std::int64_t start = left_.start[left_row];
    const std::int64_t end = left_.end[left_row];
    if (contained_) {
      // Values are the complements of the ends: "end <= bound" is "~end >= ~bound".
      LG_RETURN_IF_ERROR(Walk(SlotAt(group, start, false), SlotAt(group, end, true), ~end, slots));
    } else {
      LG_RETURN_IF_ERROR(Walk(right_.first[group], SlotAt(group, end, false), start + 1, slots));
    }
    return SortByRank(rank_, cancel_, slots);
  }

 private:
  std::vector<Row> rank_;
  bool contained_;
};

// overlap_all by the length of the overlap, which depends on the left span.
class OverlapSource final : public AllSource {
 public:
  OverlapSource(const SideSpans& left, const RightSpans& right, const CancelToken& cancel,
                std::vector<Row> tie)
      : AllSource(left, right, cancel, right.end), tie_(std::move(tie)) {}

  Status Find(Row left_row, std::vector<Row>* slots) override {
    const Row group = left_.group[left_row];
    if (group == kNoRow) return {};
    const std::int64_t start = left_.start[left_row];
    const std::int64_t end = left_.end[left_row];
    LG_RETURN_IF_ERROR(Walk(right_.first[group], SlotAt(group, end, false), start + 1, slots));
    const auto length = [&](Row slot) {
      return LengthOf(std::max(start, right_.start[slot]), std::min(end, right_.end[slot]));
    };
    if (slots->size() < kManyHits) {
      std::sort(slots->begin(), slots->end(), [&](Row a, Row b) {
        const std::uint64_t length_a = length(a);
        const std::uint64_t length_b = length(b);
        return length_a != length_b ? length_a > length_b : tie_[a] < tie_[b];
      });
      return {};
    }
    std::vector<std::uint64_t> lengths;
    std::vector<std::uint64_t> ties;
    for (const Row slot : *slots) {
      lengths.push_back(length(slot));
      ties.push_back(tie_[slot]);
    }
    std::vector<CodeColumn> columns;
    columns.push_back(CodesOf(std::move(lengths), /*descending=*/true));
    columns.push_back(CodesOf(std::move(ties)));
    LG_ASSIGN_OR_RETURN(std::vector<Row> order,
                        SortRows(std::move(columns), slots->size(), cancel_));
    for (Row& place : order) place = (*slots)[place];
    slots->swap(order);
    return {};
  }

 private:
  std::vector<Row> tie_;
};

}  // namespace

MatchSourceResult AllMatches(const SideSpans& left, const RightSpans& right, AlignMode mode,
                             const CancelToken& cancel) {
  const bool contained = mode == AlignMode::kContainedAll;
  CodeColumn criterion = right.score_codes;
  if (contained && criterion.codes.empty()) {
    std::vector<std::uint64_t> lengths(right.size());
    for (std::size_t slot = 0; slot < lengths.size(); ++slot) {
      lengths[slot] = LengthOf(right.start[slot], right.end[slot]);
    }
    criterion = CodesOf(std::move(lengths));
  }
  const bool by_length = !contained && criterion.codes.empty();
  LG_ASSIGN_OR_RETURN(const std::vector<Row> order, RankSlots(right, std::move(criterion), cancel));
  std::vector<Row> rank = Inverse(order);
  if (by_length) {
    return std::unique_ptr<MatchSource>(
        std::make_unique<OverlapSource>(left, right, cancel, std::move(rank)));
  }
  std::vector<std::int64_t> values = right.end;
  if (contained) {
    for (std::int64_t& value : values) value = ~value;
  }
  return std::unique_ptr<MatchSource>(std::make_unique<RankedSource>(
      left, right, cancel, std::move(values), std::move(rank), contained));
}

}  // namespace lakegate::kernels
