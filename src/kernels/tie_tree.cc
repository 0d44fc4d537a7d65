#include "kernels/tie_tree.h"

#include <algorithm>
#include <utility>

namespace lakegate::kernels {

TieTree::TieTree(const RightSpans& right, const std::vector<Row>& by_tie,
                 const std::vector<Row>& all_by_start, const CancelToken& cancel)
    : right_(right), by_tie_(by_tie) {
  const std::size_t count = right.size();
  const std::vector<Row> place = Inverse(by_tie);
  for (int shift = kLeafShift;; shift += kFanShift) {
    Level level{shift, std::vector<Entry>(count)};
    const std::size_t blocks = (count + (std::size_t{1} << shift) - 1) >> shift;
    std::vector<std::size_t> next(blocks);
    for (std::size_t b = 0; b < blocks; ++b) next[b] = b << shift;
    // Filling blocks in start order sorts each of them.
    for (std::size_t i = 0; i < count; ++i) {
      if (StopAt(i, cancel)) return;
      const Row slot = all_by_start[i];
      const std::size_t block = place[slot] >> shift;
      const std::size_t at = next[block]++;
      std::int64_t greatest = right.end[slot];
      if (at > (block << shift)) greatest = std::max(greatest, level.entries[at - 1].greatest_end);
      level.entries[at] = Entry{right.start[slot], greatest};
    }
    levels_.push_back(std::move(level));
    if (blocks <= 1) return;
  }
}

}  // namespace lakegate::kernels
