// Finds, in a caller's tie order, the right spans that start and end on the right side of two
// bounds: for nearest(k) with tie breakers, where the order asked for is not the start order.
//
// Method: a merge-sort tree. Slots lie in tie order, cut into blocks of 32, 256, 2048, ...; a
// block keeps its starts in order and, beside each, the greatest end so far, so that one binary
// search says whether a block holds any hit. Memory: 16 bytes a slot a level.
#ifndef LAKEGATE_KERNELS_TIE_TREE_H_
#define LAKEGATE_KERNELS_TIE_TREE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "kernels/right_side.h"
#include "kernels/work.h"
#include "lakegate/cancel.h"

namespace lakegate::kernels {

template <typename P>
class TieTree {
 public:
  // `by_tie` lists the slots by group, then tie, `place` is its inverse. The first must outlive
  // the tree. Stops when cancelled: look before the first use.
  TieTree(const RightSide<P>& right, std::span<const Row> by_tie, std::span<const Row> place,
          const CancelToken& cancel)
      : right_(right), by_tie_(by_tie) {
    const std::size_t count = right.size();
    for (int shift = kLeafShift;; shift += kFanShift) {
      Level level{shift, std::vector<Entry>(count)};
      const std::size_t blocks = (count + (std::size_t{1} << shift) - 1) >> shift;
      std::vector<std::size_t> next(blocks);
      for (std::size_t b = 0; b < blocks; ++b) next[b] = b << shift;
      // Slots are in start order; filling blocks in it sorts each of them.
      for (std::size_t slot = 0; slot < count; ++slot) {
        if (StopAt(slot, cancel)) return;
        const std::size_t block = place[slot] >> shift;
        const std::size_t at = next[block]++;
        P greatest = right.slot(slot).end;
        if (at > (block << shift)) {
          greatest = std::max(greatest, level.entries[at - 1].greatest_end);
        }
        level.entries[at] = Entry{right.slot(slot).start, greatest};
      }
      levels_.push_back(std::move(level));
      if (blocks <= 1) return;
    }
  }

  // Calls hit(slot) in tie order for the slots at places [begin, end) with start <=
  // `latest_start` and end >= `earliest_end`, until it gives false.
  template <typename Hit>
  void Visit(std::size_t begin, std::size_t end, P latest_start, P earliest_end, Hit hit) const {
    if (begin < end) {
      VisitBlock(levels_.size() - 1, 0, Query{begin, end, latest_start, earliest_end}, hit);
    }
  }

 private:
  static constexpr int kLeafShift = 5;
  static constexpr int kFanShift = 3;

  struct Entry {
    P start;
    P greatest_end;  // of this entry and those before it in the block
  };
  struct Level {
    int shift;
    std::vector<Entry> entries;  // by block, by start
  };
  struct Query {
    std::size_t begin;
    std::size_t end;
    P latest_start;
    P earliest_end;
  };

  bool MayHold(const Level& level, std::size_t block, const Query& query) const {
    const auto first = level.entries.begin() + static_cast<std::ptrdiff_t>(block << level.shift);
    const auto last =
        level.entries.begin() +
        static_cast<std::ptrdiff_t>(std::min((block + 1) << level.shift, level.entries.size()));
    const auto at =
        std::upper_bound(first, last, query.latest_start,
                         [](P bound, const Entry& entry) { return bound < entry.start; });
    return at != first && (at - 1)->greatest_end >= query.earliest_end;
  }

  template <typename Hit>
  bool VisitBlock(std::size_t depth, std::size_t block, const Query& query, Hit& hit) const {
    const Level& level = levels_[depth];
    if (!MayHold(level, block, query)) return true;
    const std::size_t block_begin = std::max(block << level.shift, query.begin);
    const std::size_t block_end = std::min((block + 1) << level.shift, query.end);
    if (block_begin >= block_end) return true;
    if (depth == 0) {
      for (std::size_t place = block_begin; place < block_end; ++place) {
        const Row slot = by_tie_[place];
        const bool is_hit = right_.slot(slot).start <= query.latest_start &&
                            right_.slot(slot).end >= query.earliest_end;
        if (is_hit && !hit(slot)) return false;
      }
      return true;
    }
    const int child_shift = levels_[depth - 1].shift;
    const std::size_t last = (block_end - 1) >> child_shift;
    for (std::size_t child = block_begin >> child_shift; child <= last; ++child) {
      if (!VisitBlock(depth - 1, child, query, hit)) return false;
    }
    return true;
  }

  const RightSide<P>& right_;
  std::span<const Row> by_tie_;
  std::vector<Level> levels_;  // smallest blocks first; the last level is one block
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_TIE_TREE_H_
