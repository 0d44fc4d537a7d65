#include "kernels/range_index.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "base/try.h"
#include "kernels/column_values.h"
#include "kernels/kernel_stream.h"
#include "kernels/parallel.h"
#include "kernels/span_axis.h"
#include "kernels/word_sort.h"

namespace lakegate::kernels {
namespace {

constexpr std::string_view kName = "range join";
// Slots that are passed without a match before the tree is asked.
constexpr int kMostMisses = 8;
// Slots of a group that has a table; fewer are as quickly searched.
constexpr Row kLeastWithTable = 16;
// Probe rows that are looked up together: what one step will read is asked for before the next.
constexpr std::size_t kBlock = 256;

std::uint64_t Distance(std::int64_t from, std::int64_t to) {
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

// One bound of every row; clears `valid` where it is null.
Result<std::vector<std::int64_t>> BoundsOf(const columnar::Collected& table, std::int64_t column,
                                           bool* valid) {
  std::vector<std::int64_t> bounds(static_cast<std::size_t>(table.rows));
  LG_ASSIGN_OR_RETURN(const auto views, ViewsOf(table, column));
  std::size_t at = 0;
  for (const columnar::ColumnView& view : views) {
    if (view.type().id != columnar::TypeId::kInt64) {
      return Error(ErrorKind::kSchemaMismatch, "A bound of a range join must be int64.");
    }
    const auto rows = static_cast<std::size_t>(view.length());
    ReadIntegers(view, 0, rows, reinterpret_cast<std::uint64_t*>(bounds.data() + at));
    ClearNulls(view, 0, rows, valid + at);
    at += rows;
  }
  return bounds;
}

// Which rows have both bounds, as bytes: std::vector<bool> has no address.
struct Valid {
  explicit Valid(std::int64_t count)
      : rows(std::make_unique<bool[]>(static_cast<std::size_t>(count))) {
    std::fill_n(rows.get(), count, true);
  }
  std::unique_ptr<bool[]> rows;
};

}  // namespace

Result<RangeIndex> RangeIndex::Make(columnar::Collected build, const RangeShape& shape,
                                    const KernelContext& context) {
  LG_RETURN_IF_ERROR(CheckRowCount(build.rows, kName));
  RangeIndex index(shape, context);
  index.build_ = std::move(build);
  const columnar::Collected& table = index.build_;
  LG_ASSIGN_OR_RETURN(const std::vector<Row> groups,
                      index.grouper_.Assign(table, shape.keys, context.cancel));
  const Valid valid(table.rows);
  LG_ASSIGN_OR_RETURN(const auto below, BoundsOf(table, shape.below, valid.rows.get()));
  LG_ASSIGN_OR_RETURN(const auto above, BoundsOf(table, shape.above, valid.rows.get()));
  std::vector<Row> kept;
  kept.reserve(groups.size());
  for (std::size_t row = 0; row < groups.size(); ++row) {
    if (groups[row] != kNoRow && valid.rows[row]) kept.push_back(static_cast<Row>(row));
  }
  LG_RETURN_IF_ERROR(index.OrderSlots(groups, below, above, kept));
  return index;
}

Status RangeIndex::OrderSlots(const std::vector<Row>& groups,
                              const std::vector<std::int64_t>& below,
                              const std::vector<std::int64_t>& above,
                              const std::vector<Row>& kept) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t greatest = std::numeric_limits<std::int64_t>::min();
  groups_.assign(grouper_.groups() + 1, Group{});
  for (const Row row : kept) {
    least = std::min(least, below[row]);
    greatest = std::max(greatest, below[row]);
    ++groups_[groups[row] + 1].first;
  }
  for (std::size_t i = 1; i < groups_.size(); ++i) groups_[i].first += groups_[i - 1].first;
  const int group_bits = BitsOf(grouper_.groups());
  const int below_bits = kept.empty() ? 0 : BitsOf(Distance(least, greatest));
  std::vector<WordKey> keys;
  if (group_bits + below_bits <= 64 && group_bits > 0) {
    keys.push_back(
        {group_bits + below_bits, [&](std::size_t first, std::size_t last, std::uint64_t* words) {
           for (std::size_t i = first; i < last; ++i) {
             words[i - first] =
                 (std::uint64_t{groups[kept[i]]} << below_bits) | Distance(least, below[kept[i]]);
           }
         }});
  } else {
    keys.push_back({group_bits, [&](std::size_t first, std::size_t last, std::uint64_t* words) {
                      for (std::size_t i = first; i < last; ++i) words[i - first] = groups[kept[i]];
                    }});
    keys.push_back({below_bits, [&](std::size_t first, std::size_t last, std::uint64_t* words) {
                      for (std::size_t i = first; i < last; ++i) {
                        words[i - first] = Distance(least, below[kept[i]]);
                      }
                    }});
  }
  LG_ASSIGN_OR_RETURN(const columnar::Scratch<Row> order,
                      SortByWordKeys(kept.size(), keys, context_));
  columnar::BufferPool& pool = *PoolOf(context_);
  below_ = columnar::Scratch<std::int64_t>(kept.size(), pool);
  slots_ = columnar::Scratch<Slot>(kept.size(), pool);
  std::vector<std::int64_t> maxima(kept.size());
  LG_RETURN_IF_ERROR(ParallelRanges(context_, RowRanges{kept.size()},
                                    [&](std::size_t first, std::size_t last) -> Status {
                                      for (std::size_t i = first; i < last; ++i) {
                                        const Row row = kept[order[i]];
                                        below_[i] = below[row];
                                        maxima[i] = slots_[i].above = above[row];
                                        slots_[i].row = row;
                                      }
                                      return {};
                                    }));
  for (std::size_t group = 0; group + 1 < groups_.size(); ++group) {
    const Row first = groups_[group].first;
    for (Row i = first; i < groups_[group + 1].first; ++i) {
      if (StopAt(i, context_.cancel)) return Cancelled(kName);
      Slot& slot = slots_[i];
      // Slots between a slot and its wider one reach no further than it does.
      Row wider = i == first ? kNoRow : i - 1;
      while (wider != kNoRow && slots_[wider].above <= slot.above) wider = slots_[wider].wider;
      slot.wider = wider;
      slot.reach = i == first ? slot.above : std::max(slot.above, slots_[i - 1].reach);
    }
  }
  tree_ = MaxTree<std::int64_t>(std::move(maxima));
  MakeTables();
  return {};
}

void RangeIndex::MakeTables() {
  for (std::size_t g = 0; g + 1 < groups_.size(); ++g) {
    Group& group = groups_[g];
    const Row end = groups_[g + 1].first;
    if (end == group.first) continue;
    group.least = below_[group.first];
    const Row count = end - group.first;
    if (count < kLeastWithTable) continue;
    // At most two buckets a slot.
    const std::uint64_t reach = Distance(group.least, below_[end - 1]);
    group.shift = std::max(0, BitsOf(reach) - BitsOf(std::uint64_t{count}));
    group.buckets = (reach >> group.shift) + 1;
    group.table = tables_.size();
    std::uint64_t bucket = 0;
    for (Row i = group.first; i < end; ++i) {
      const std::uint64_t own = Distance(group.least, below_[i]) >> group.shift;
      for (; bucket <= own; ++bucket) tables_.push_back(i);
    }
    tables_.push_back(end);
  }
}

RangeIndex::Place RangeIndex::PlaceIn(const Group& group, Row end, std::int64_t bound) const {
  if (group.first == end || bound < group.least) return {group.first, group.first};
  if (group.buckets == 0) return {group.first, end};
  const std::uint64_t bucket = Distance(group.least, bound) >> group.shift;
  if (bucket >= group.buckets) return {end, end};
  const Row* const entry = &tables_[group.table + bucket];
  return {entry[0], entry[1]};
}

Row RangeIndex::Behind(Place place, std::int64_t bound) const {
  const std::int64_t* const low = below_.begin() + place.low;
  const std::int64_t* const high = below_.begin() + place.high;
  const std::int64_t* const found = shape_.below_or_equal ? std::upper_bound(low, high, bound)
                                                          : std::lower_bound(low, high, bound);
  return static_cast<Row>(found - below_.begin());
}

Result<RangeIndex::Cursor> RangeIndex::Probe(const columnar::Collected& batch,
                                             bool each_once) const {
  Cursor cursor;
  cursor.each_once = each_once;
  LG_ASSIGN_OR_RETURN(const auto groups, grouper_.Find(batch, shape_.keys, context_.cancel));
  const Valid valid(batch.rows);
  LG_ASSIGN_OR_RETURN(const auto below, BoundsOf(batch, shape_.below, valid.rows.get()));
  LG_ASSIGN_OR_RETURN(const auto above, BoundsOf(batch, shape_.above, valid.rows.get()));
  cursor.starts.resize(groups.size());
  std::array<Place, kBlock> places;
  for (std::size_t from = 0; from < groups.size(); from += kBlock) {
    const std::size_t count = std::min(kBlock, groups.size() - from);
    const auto is_asked = [&](std::size_t i) {
      // Nothing is greater than the greatest.
      return groups[i] != kNoRow && valid.rows[i] &&
             (shape_.above_or_equal || above[i] != std::numeric_limits<std::int64_t>::max());
    };
    for (std::size_t i = 0; i < count; ++i) {
      if (groups[from + i] != kNoRow) __builtin_prefetch(&groups_[groups[from + i]]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_asked(from + i)) continue;
      const Group& group = groups_[groups[from + i]];
      const std::uint64_t bucket = Distance(group.least, below[from + i]) >> group.shift;
      if (bucket < group.buckets) __builtin_prefetch(&tables_[group.table + bucket]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_asked(from + i)) continue;
      const Row group = groups[from + i];
      places[i] = PlaceIn(groups_[group], groups_[group + 1].first, below[from + i]);
      __builtin_prefetch(below_.begin() + places[i].low);
    }
    for (std::size_t i = 0; i < count; ++i) {
      Cursor::Start& start = cursor.starts[from + i];
      if (!is_asked(from + i)) {
        start = {.above = 0, .first = 0, .at = 0};
        continue;
      }
      // From here on "greater or equal" alone is asked.
      start = {.above = above[from + i] + (shape_.above_or_equal ? 0 : 1),
               .first = groups_[groups[from + i]].first,
               .at = Behind(places[i], below[from + i])};
    }
  }
  return cursor;
}

Row RangeIndex::Previous(Row first, Row at, std::int64_t above) const {
  for (int misses = 0; at > first; ++misses) {
    const Slot& slot = slots_[at - 1];
    if (slot.reach < above) return kNoRow;
    if (slot.above >= above) return at - 1;
    if (misses == kMostMisses) {
      // There is one, or `reach` would have said so.
      return static_cast<Row>(*tree_.FindLast(first, at, above));
    }
    at = slot.wider + 1;
  }
  return kNoRow;
}

std::size_t RangeIndex::Next(Cursor* cursor, std::size_t most, Row* probe_rows,
                             Row* build_rows) const {
  constexpr std::size_t kAhead = 16;
  std::size_t count = 0;
  std::vector<Cursor::Start>& starts = cursor->starts;
  for (; cursor->row < starts.size(); ++cursor->row) {
    if (cursor->row + kAhead < starts.size()) {
      const Row ahead = starts[cursor->row + kAhead].at;
      if (ahead > 0) __builtin_prefetch(&slots_[ahead - 1]);
    }
    Cursor::Start& start = starts[cursor->row];
    while (true) {
      const Row slot = Previous(start.first, start.at, start.above);
      if (slot == kNoRow) break;
      if (count == most) return count;
      probe_rows[count] = static_cast<Row>(cursor->row);
      build_rows[count] = slots_[slot].row;
      ++count;
      start.at = cursor->each_once ? start.first : slot;
    }
  }
  return count;
}

std::int64_t RangeIndex::bytes() const {
  constexpr std::size_t kTree = sizeof(std::int64_t) + 1;
  return build_.bytes +
         static_cast<std::int64_t>(slots_.size() * (sizeof(Slot) + sizeof(std::int64_t) + kTree));
}

}  // namespace lakegate::kernels
