#include "kernels/asof_slots.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/try.h"
#include "kernels/kernel_stream.h"
#include "kernels/parallel.h"
#include "kernels/word_sort.h"

namespace lakegate::kernels {
namespace {

// Groups as words; rows that meet nothing are a group behind all others.
WordKey GroupKey(const AsofSide& side, std::size_t groups) {
  return {static_cast<int>(std::bit_width(groups)),
          [&side, groups](std::size_t first, std::size_t last, std::uint64_t* words) {
            for (std::size_t row = first; row < last; ++row) {
              const Row group = side.GroupOf(row);
              words[row - first] = group == kNoRow ? groups : group;
            }
          }};
}

struct Range {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

Result<Range> RangeOf(const Points& points, const KernelContext& context) {
  const RowRanges ranges{points.size()};
  std::vector<Range> found(ranges.count());
  LG_RETURN_IF_ERROR(ParallelFor(context, ranges.count(), [&](std::size_t i) -> Status {
    if (context.cancel.cancelled()) return Cancelled("asof_join");
    const auto values = points.values().subspan(ranges.first(i), ranges.last(i) - ranges.first(i));
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    found[i] = {*low, *high};
    return {};
  }));
  if (found.empty()) return Range{};
  Range all = found.front();
  for (const Range& range : found) {
    all = {std::min(all.low, range.low), std::max(all.high, range.high)};
  }
  return all;
}

// Values as their distance from the least one.
WordKey ValueKey(const Points& points, const Range& range) {
  const auto low = static_cast<std::uint64_t>(range.low);
  return {static_cast<int>(std::bit_width(static_cast<std::uint64_t>(range.high) - low)),
          [&points, low](std::size_t first, std::size_t last, std::uint64_t* words) {
            for (std::size_t row = first; row < last; ++row) {
              words[row - first] = static_cast<std::uint64_t>(points.value(row)) - low;
            }
          }};
}

// One key of two whose bits fit into a word.
WordKey Joined(WordKey high, WordKey low) {
  const int shift = low.bits;
  return {high.bits + low.bits, [high = std::move(high.source), low = std::move(low.source), shift](
                                    std::size_t first, std::size_t last, std::uint64_t* words) {
            constexpr std::size_t kBlock = 256;
            std::array<std::uint64_t, kBlock> lows;
            for (std::size_t from = first; from < last; from += kBlock) {
              const std::size_t to = std::min(from + kBlock, last);
              std::uint64_t* const out = words + (from - first);
              high(from, to, out);
              low(from, to, lows.data());
              for (std::size_t i = 0; i < to - from; ++i) out[i] = (out[i] << shift) | lows[i];
            }
          }};
}

}  // namespace

Result<columnar::Scratch<Row>> OrderOf(const AsofSide& side, std::size_t groups,
                                       const KernelContext& context) {
  const bool one_group = side.groups.empty();
  // A sorted side has its rows without a place at the end.
  if (one_group && side.sorted) return columnar::Scratch<Row>();
  std::vector<WordKey> keys;
  if (!one_group || !side.points.AllHavePlaces()) keys.push_back(GroupKey(side, groups));
  if (!side.sorted) {
    LG_ASSIGN_OR_RETURN(const Range range, RangeOf(side.points, context));
    WordKey values = ValueKey(side.points, range);
    if (!keys.empty() && keys.back().bits + values.bits < 64) {
      keys.back() = Joined(std::move(keys.back()), std::move(values));
    } else {
      keys.push_back(std::move(values));
    }
  }
  return SortByWordKeys(side.points.size(), keys, context);
}

Result<Slots> Slots::Make(const AsofSide& side, std::size_t groups, const KernelContext& context) {
  Slots slots;
  slots.first_.assign(groups + 1, 0);
  LG_ASSIGN_OR_RETURN(slots.rows_, OrderOf(side, groups, context));
  if (side.groups.empty() && side.points.AllHavePlaces()) {
    slots.first_.back() = static_cast<Row>(side.points.size());
  } else {
    for (std::size_t row = 0; row < side.points.size(); ++row) {
      if (StopAt(row, context.cancel)) return Cancelled("asof_join");
      const Row group = side.GroupOf(row);
      if (group != kNoRow) ++slots.first_[group + 1];
    }
    for (std::size_t g = 0; g < groups; ++g) slots.first_[g + 1] += slots.first_[g];
  }
  const std::size_t count = slots.first_.back();
  if (slots.rows_.empty()) {
    slots.values_ = side.points.values().first(count);
    return slots;
  }
  slots.read_ = columnar::Scratch<std::int64_t>(count, *PoolOf(context));
  LG_RETURN_IF_ERROR(
      ParallelRanges(context, RowRanges{count}, [&](std::size_t first, std::size_t last) -> Status {
        for (std::size_t i = first; i < last; ++i) {
          slots.read_[i] = side.points.value(slots.rows_[i]);
        }
        return {};
      }));
  slots.values_ = slots.read_.span();
  return slots;
}

}  // namespace lakegate::kernels
