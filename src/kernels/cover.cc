#include "kernels/cover.h"

#include <algorithm>

#include "base/try.h"

namespace lakegate::kernels {
namespace {

// The union of each group's spans: disjoint spans in order, and the positions before each.
struct Islands {
  std::vector<std::int64_t> start;
  std::vector<std::int64_t> end;
  std::vector<std::uint64_t> before;  // covered positions of the group before this island
  std::vector<std::size_t> first;     // by group

  // Covered positions of the group below `position`.
  std::uint64_t Below(Row group, std::int64_t position) const {
    const auto begin = start.begin() + static_cast<std::ptrdiff_t>(first[group]);
    const auto stop = start.begin() + static_cast<std::ptrdiff_t>(first[group + 1]);
    const auto at = std::lower_bound(begin, stop, position);
    if (at == begin) return 0;
    const auto island = static_cast<std::size_t>(at - start.begin()) - 1;
    return before[island] + LengthOf(start[island], std::min(end[island], position));
  }
};

Islands Merge(const RightSpans& right) {
  Islands islands;
  islands.first.push_back(0);
  for (std::size_t g = 0; g < right.groups(); ++g) {
    std::uint64_t covered = 0;
    const std::size_t group_first = islands.start.size();
    for (Row slot = right.first[g]; slot < right.first[g + 1]; ++slot) {
      const bool joins =
          islands.start.size() > group_first && right.start[slot] <= islands.end.back();
      if (joins) {
        islands.end.back() = std::max(islands.end.back(), right.end[slot]);
        continue;
      }
      if (islands.start.size() > group_first) {
        covered += LengthOf(islands.start.back(), islands.end.back());
      }
      islands.start.push_back(right.start[slot]);
      islands.end.push_back(right.end[slot]);
      islands.before.push_back(covered);
    }
    islands.first.push_back(islands.start.size());
  }
  return islands;
}

}  // namespace

Result<std::vector<std::int64_t>> CountOverlaps(const SideSpans& left, const RightSpans& right,
                                                const CancelToken& cancel) {
  LG_ASSIGN_OR_RETURN(const std::vector<Row> by_end, OrderByEnd(right, cancel));
  std::vector<std::int64_t> ends(right.size());
  for (std::size_t i = 0; i < ends.size(); ++i) ends[i] = right.end[by_end[i]];
  std::vector<std::int64_t> counts(left.size(), 0);
  for (std::size_t row = 0; row < left.size(); ++row) {
    if (StopAt(row, cancel)) return Cancelled("interval_align");
    const Row group = left.group[row];
    if (group == kNoRow) continue;
    const Row first = right.first[group];
    const Row last = right.first[group + 1];
    const auto started =
        std::lower_bound(right.start.begin() + first, right.start.begin() + last, left.end[row]) -
        right.start.begin();
    const auto ended =
        std::upper_bound(ends.begin() + first, ends.begin() + last, left.start[row]) - ends.begin();
    counts[row] = started - ended;
  }
  return counts;
}

Result<std::vector<std::uint64_t>> CoveredLengths(const SideSpans& left, const RightSpans& right,
                                                  const CancelToken& cancel) {
  const Islands islands = Merge(right);
  std::vector<std::uint64_t> covered(left.size(), 0);
  for (std::size_t row = 0; row < left.size(); ++row) {
    if (StopAt(row, cancel)) return Cancelled("interval_align");
    const Row group = left.group[row];
    if (group == kNoRow) continue;
    covered[row] = islands.Below(group, left.end[row]) - islands.Below(group, left.start[row]);
  }
  return covered;
}

}  // namespace lakegate::kernels
