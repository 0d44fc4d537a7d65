// nearest(k): three ordered lists a left row, merged until k are found. At distance 0 lie the
// spans that touch or overlap; before them those that end earlier, latest first; behind them
// those that start later, earliest first.
#include <algorithm>
#include <utility>

#include "base/try.h"
#include "kernels/match_source.h"
#include "kernels/max_tree.h"
#include "kernels/tie_tree.h"

namespace lakegate::kernels {
namespace {

class NearestSource final : public MatchSource {
 public:
  NearestSource(const SideSpans& left, const RightSpans& right, std::int64_t k,
                const CancelToken& cancel)
      : left_(left), right_(right), cancel_(cancel), k_(static_cast<std::uint64_t>(k)) {}

  Status Prepare() {
    std::vector<std::uint64_t> groups(right_.size());
    for (std::size_t g = 0; g < right_.groups(); ++g) {
      for (Row slot = right_.first[g]; slot < right_.first[g + 1]; ++slot) groups[slot] = g;
    }
    LG_ASSIGN_OR_RETURN(const std::vector<Row> tie_order, RankSlots(right_, CodeColumn{}, cancel_));
    tie_ = Inverse(tie_order);
    LG_ASSIGN_OR_RETURN(by_end_, Order(groups, right_.end, /*last_first=*/true));
    if (right_.tie_codes.codes.empty()) {
      tree_ = std::make_unique<MaxTree>(right_.end);
      return {};
    }
    LG_ASSIGN_OR_RETURN(by_start_, Order(groups, right_.start, /*last_first=*/false));
    LG_ASSIGN_OR_RETURN(by_tie_, Order(groups, {}, false));
    LG_ASSIGN_OR_RETURN(const std::vector<Row> all_by_start, Order({}, right_.start, false));
    ties_ = std::make_unique<TieTree>(right_, by_tie_, all_by_start, cancel_);
    if (cancel_.cancelled()) return Cancelled("interval_align");
    return {};
  }

  Status Find(Row left_row, std::vector<Row>* slots) override {
    const Row group = left_.group[left_row];
    if (group == kNoRow) return {};
    const Row first = right_.first[group];
    const Row last = right_.first[group + 1];
    const std::int64_t start = left_.start[left_row];
    const std::int64_t end = left_.end[left_row];
    const auto slot_first = right_.start.begin() + first;
    const auto behind = static_cast<Row>(
        std::upper_bound(slot_first, right_.start.begin() + last, end) - right_.start.begin());
    LG_RETURN_IF_ERROR(FindTouching(group, behind, start, end, slots));
    Row before = first + CountNotBefore(first, last, start);
    Row after = behind;
    while (slots->size() < k_ && (before < last || after < last)) {
      if (StopAt(slots->size() + 1, cancel_)) return Cancelled("interval_align");
      const bool take_before =
          after == last || (before < last && BeforeWins(before, after, start, end));
      slots->push_back(take_before ? by_end_[before++] : StartSlot(after++));
    }
    return {};
  }

 private:
  Result<std::vector<Row>> Order(const std::vector<std::uint64_t>& groups,
                                 const std::vector<std::int64_t>& positions,
                                 bool last_first) const {
    std::vector<CodeColumn> columns;
    if (!groups.empty()) columns.push_back(CodesOf(groups));
    if (!positions.empty()) {
      std::vector<std::uint64_t> codes(positions.size());
      for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = Ordered(positions[i]);
      columns.push_back(CodesOf(std::move(codes), last_first));
    }
    columns.push_back(right_.tie_codes);
    return SortRows(std::move(columns), right_.size(), cancel_);
  }

  // The slots of the group with right.start <= end and right.end >= start, the first k.
  Status FindTouching(Row group, Row behind, std::int64_t start, std::int64_t end,
                      std::vector<Row>* slots) const {
    bool stopped = false;
    const auto take = [&](Row slot) {
      slots->push_back(slot);
      stopped = StopAt(slots->size(), cancel_);
      return !stopped && slots->size() < k_;
    };
    if (tree_ != nullptr) {
      tree_->Visit(right_.first[group], behind, start,
                   [&](std::size_t slot) { return take(static_cast<Row>(slot)); });
    } else {
      ties_->Visit(right_.first[group], right_.first[group + 1], end, start, take);
    }
    if (stopped) return Cancelled("interval_align");
    return {};
  }

  // How many of the group end at `start` or later; by_end_ lists them first.
  Row CountNotBefore(Row first, Row last, std::int64_t start) const {
    Row low = first;
    Row high = last;
    while (low < high) {
      const Row middle = low + (high - low) / 2;
      if (right_.end[by_end_[middle]] >= start) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - first;
  }

  Row StartSlot(Row place) const { return by_start_.empty() ? place : by_start_[place]; }

  bool BeforeWins(Row before, Row after, std::int64_t start, std::int64_t end) const {
    const Row before_slot = by_end_[before];
    const Row after_slot = StartSlot(after);
    const std::uint64_t before_distance = LengthOf(right_.end[before_slot], start);
    const std::uint64_t after_distance = LengthOf(end, right_.start[after_slot]);
    if (before_distance != after_distance) return before_distance < after_distance;
    return tie_[before_slot] < tie_[after_slot];
  }

  const SideSpans& left_;
  const RightSpans& right_;
  const CancelToken& cancel_;
  const std::uint64_t k_;
  std::vector<Row> tie_;       // slot → place in tie order
  std::vector<Row> by_end_;    // by group, end descending, tie
  std::vector<Row> by_start_;  // by group, start, tie; empty when that is the slot order
  std::vector<Row> by_tie_;    // by group, tie
  std::unique_ptr<MaxTree> tree_;
  std::unique_ptr<TieTree> ties_;
};

}  // namespace

MatchSourceResult NearestMatches(const SideSpans& left, const RightSpans& right, std::int64_t k,
                                 const CancelToken& cancel) {
  auto source = std::make_unique<NearestSource>(left, right, k, cancel);
  LG_RETURN_IF_ERROR(source->Prepare());
  return std::unique_ptr<MatchSource>(std::move(source));
}

}  // namespace lakegate::kernels
