// Finds the values at or above a threshold inside a range, in order, without visiting the
// rest: a tree of maxima, 16 children a node, over a plain array.
//
// A query costs O(log n + hits * log n) at most and O(hits) where hits are dense.
#ifndef LAKEGATE_KERNELS_MAX_TREE_H_
#define LAKEGATE_KERNELS_MAX_TREE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace lakegate::kernels {

template <typename P>
class MaxTree {
 public:
  MaxTree() = default;
  explicit MaxTree(std::vector<P> values) {
    levels_.push_back(std::move(values));
    while (levels_.back().size() > 1) {
      const auto& below = levels_.back();
      std::vector<P> above((below.size() + kFan - 1) / kFan);
      for (std::size_t i = 0; i < above.size(); ++i) {
        const auto first = below.begin() + static_cast<std::ptrdiff_t>(i * kFan);
        const auto last =
            below.begin() + static_cast<std::ptrdiff_t>(std::min((i + 1) * kFan, below.size()));
        above[i] = *std::max_element(first, last);
      }
      levels_.push_back(std::move(above));
    }
  }

  // Calls hit(position) for each value >= threshold in [begin, end), ascending, until it
  // gives false. Gives false when it was stopped.
  template <typename Hit>
  bool Visit(std::size_t begin, std::size_t end, P threshold, Hit hit) const {
    if (begin >= end) return true;
    return VisitNode(levels_.size() - 1, 0, Query{begin, end, threshold}, hit);
  }

  // The last position in [begin, end) whose value is >= threshold. O(log n).
  std::optional<std::size_t> FindLast(std::size_t begin, std::size_t end, P threshold) const {
    // Up, along the left neighbours of what was searched; then down into the first that has one.
    std::size_t level = 0;
    for (std::size_t at = end;; at >>= kShift, ++level) {
      for (; (at & (kFan - 1)) != 0; --at) {
        if (levels_[level][at - 1] >= threshold) return Descend(level, at - 1, begin, threshold);
      }
      if (at == 0 || (at << (kShift * level)) <= begin) return std::nullopt;
    }
  }

 private:
  static constexpr std::size_t kShift = 4;
  static constexpr std::size_t kFan = std::size_t{1} << kShift;

  struct Query {
    std::size_t begin;
    std::size_t end;
    P threshold;
  };

  // The last such position below a node that has one, unless it is before `begin`.
  std::optional<std::size_t> Descend(std::size_t level, std::size_t node, std::size_t begin,
                                     P threshold) const {
    for (; level > 0; --level) {
      const auto& below = levels_[level - 1];
      node = std::min((node + 1) * kFan, below.size()) - 1;
      while (below[node] < threshold) --node;
    }
    return node < begin ? std::nullopt : std::optional<std::size_t>(node);
  }

  template <typename Hit>
  bool VisitNode(std::size_t level, std::size_t node, const Query& query, Hit& hit) const {
    if (levels_[level][node] < query.threshold) return true;
    if (level == 0) return hit(node);
    // Children whose range meets the query's.
    const std::size_t child_shift = kShift * (level - 1);
    const std::size_t first = std::max(node * kFan, query.begin >> child_shift);
    const std::size_t last = std::min(
        {(node + 1) * kFan, levels_[level - 1].size(), ((query.end - 1) >> child_shift) + 1});
    for (std::size_t child = first; child < last; ++child) {
      if (!VisitNode(level - 1, child, query, hit)) return false;
    }
    return true;
  }

  std::vector<std::vector<P>> levels_;  // levels_[0]: the values
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_MAX_TREE_H_
