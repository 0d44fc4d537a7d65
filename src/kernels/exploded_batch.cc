#include "kernels/exploded_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/try.h"
#include "columnar/bits.h"
#include "columnar/schema.h"
#include "kernels/kernel_stream.h"
#include "kernels/parallel.h"
#include "kernels/work.h"

namespace lakegate::kernels {
namespace {

template <typename Offset>
void EndsFrom(const columnar::ColumnView& list, std::int64_t rows, std::int64_t* ends) {
  const auto* offsets = static_cast<const Offset*>(list.array().buffers[1]) + list.first_slot();
  for (std::int64_t row = 0; row < rows; ++row) ends[row] = offsets[row + 1] - offsets[0];
}

bool FollowEachOther(const columnar::ColumnView& list) {
  switch (list.type().layout) {
    case columnar::Layout::kList32:
    case columnar::Layout::kList64:
    case columnar::Layout::kFixedSizeList:
      return list.CountNulls() == 0;
    default:
      return false;
  }
}

}  // namespace

Result<ListElements> ListElements::Open(const columnar::ColumnView& view,
                                        const columnar::SharedArray& batch,
                                        const std::shared_ptr<columnar::BufferPool>& pool) {
  const ArrowArray& items = *view.array().children[0];
  std::vector<OwnedArray> column;
  column.push_back(columnar::Borrow(items, batch));
  std::vector<OwnedSchema> field;
  field.push_back(CopySchema(*view.schema().children[0]));
  LG_ASSIGN_OR_RETURN(
      columnar::Gatherer gatherer,
      columnar::Gatherer::Make(
          *columnar::SchemaOf(std::move(field)),
          {columnar::ShareArray(columnar::BatchOf(std::move(column), items.length))}, pool));
  ListElements elements(view, batch, std::move(gatherer));
  elements.are_adjacent_ = FollowEachOther(view);
  return elements;
}

OwnedArray ListElements::Slice(std::int64_t first, std::int64_t count) const {
  return columnar::SliceArray(*view_.array().children[0], owner_, first, count);
}

Result<OwnedArray> ListElements::Gather(std::span<const std::int64_t> positions) const {
  LG_ASSIGN_OR_RETURN(auto columns, items_.Columns(positions));
  return std::move(columns.front());
}

Result<std::shared_ptr<const ExplodedBatch>> ExplodedBatch::Open(const ArrowSchema& schema,
                                                                 const columnar::SharedArray& batch,
                                                                 const ExplodeLayout& layout,
                                                                 std::int64_t first_row,
                                                                 const KernelContext& context) {
  const auto pool = PoolOf(context);
  LG_ASSIGN_OR_RETURN(RowRepeater parents, RowRepeater::Make(schema, batch, layout.parents, pool));
  std::shared_ptr<ExplodedBatch> exploded(new ExplodedBatch(layout, std::move(parents), pool));
  LG_ASSIGN_OR_RETURN(const auto view, columnar::BatchView::Open(schema, **batch));
  for (const std::int64_t list : layout.lists) {
    LG_ASSIGN_OR_RETURN(ListElements elements, ListElements::Open(view.column(list), batch, pool));
    exploded->lists_.push_back(std::move(elements));
  }
  LG_RETURN_IF_ERROR(exploded->CountRows(schema, (*batch)->length, first_row, context));
  return std::shared_ptr<const ExplodedBatch>(std::move(exploded));
}

// How many elements each list of a row has: the same number.
Result<std::int64_t> ExplodedBatch::LengthOf(const ArrowSchema& schema, std::int64_t row,
                                             std::int64_t first_row) const {
  const auto [first, end] = lists_.front().RangeOf(row);
  for (std::size_t i = 1; i < lists_.size(); ++i) {
    const auto [other_first, other_end] = lists_[i].RangeOf(row);
    if (other_end - other_first == end - first) continue;
    const auto name = [&](std::size_t list) {
      return columnar::NameOf(*schema.children[layout_.lists[list]]);
    };
    return Error(
        ErrorKind::kInvalidArgument,
        fmt::format("explode_list: The lists of a row must be of one length: in row {} "
                    "'{}' has {} elements and '{}' has {}.",
                    first_row + row, name(0), end - first, name(i), other_end - other_first));
  }
  return end - first;
}

Status ExplodedBatch::CountRows(const ArrowSchema& schema, std::int64_t rows,
                                std::int64_t first_row, const KernelContext& context) {
  ends_ = columnar::Scratch<std::int64_t>(static_cast<std::size_t>(rows), *pool_);
  const columnar::ColumnView& first_list = lists_.front().view();
  if (lists_.size() == 1 && !layout_.keep_empty && lists_.front().are_adjacent()) {
    switch (first_list.type().layout) {
      case columnar::Layout::kList32:
        EndsFrom<std::int32_t>(first_list, rows, ends_.data());
        return {};
      case columnar::Layout::kList64:
        EndsFrom<std::int64_t>(first_list, rows, ends_.data());
        return {};
      default:
        break;
    }
  }
  std::atomic<bool> has_empty = false;
  const RowRanges ranges{static_cast<std::size_t>(rows)};
  // First as if each range were the first one.
  LG_RETURN_IF_ERROR(
      ParallelRanges(context, ranges, [&](std::size_t first, std::size_t last) -> Status {
        std::int64_t total = 0;
        bool any_empty = false;
        for (std::size_t row = first; row < last; ++row) {
          LG_ASSIGN_OR_RETURN(std::int64_t length,
                              LengthOf(schema, static_cast<std::int64_t>(row), first_row));
          if (length == 0 && layout_.keep_empty) {
            length = 1;
            any_empty = true;
          }
          total += length;
          ends_[row] = total;
        }
        if (any_empty) has_empty.store(true, std::memory_order_relaxed);
        return {};
      }));
  has_empty_ = has_empty.load(std::memory_order_relaxed);
  for (std::size_t range = 1; range < ranges.count(); ++range) {
    const std::int64_t before = ends_[ranges.first(range) - 1];
    for (std::size_t row = ranges.first(range); row < ranges.last(range); ++row) {
      ends_[row] += before;
    }
  }
  return {};
}

Result<OwnedArray> ExplodedBatch::Make(std::int64_t begin, std::int64_t end,
                                       std::vector<std::int64_t>* positions) const {
  const RepeatedRows rows{ends_.span(), begin, end};
  LG_ASSIGN_OR_RETURN(std::vector<OwnedArray> columns, parents_.Columns(rows, positions));
  if (layout_.gives_index) columns.push_back(IndexOf(rows));
  for (const ListElements& list : lists_) {
    LG_ASSIGN_OR_RETURN(OwnedArray values, ValuesOf(list, rows, positions));
    columns.push_back(std::move(values));
  }
  return columnar::BatchOf(std::move(columns), rows.size());
}

// The items themselves where the rows lie one behind the other, a copy otherwise.
Result<OwnedArray> ExplodedBatch::ValuesOf(const ListElements& list, const RepeatedRows& rows,
                                           std::vector<std::int64_t>* positions) const {
  std::int64_t begin = 0;
  if (list.are_adjacent() && !has_empty_) {
    begin = list.RangeOf(0).first + rows.begin;
    return list.Slice(begin, rows.size());
  }
  std::int64_t next = -1;
  bool adjacent = true;
  rows.ForEach([&](std::int64_t row, std::int64_t first, std::int64_t count) {
    const std::int64_t at = list.RangeOf(row).first + first;
    if (next < 0) begin = next = at;
    adjacent &= at == next && !IsEmpty(row);
    next += count;
  });
  if (adjacent) return list.Slice(begin, rows.size());
  positions->clear();
  rows.ForEach([&](std::int64_t row, std::int64_t first, std::int64_t count) {
    if (IsEmpty(row)) {
      positions->push_back(columnar::kNullRow);
      return;
    }
    const std::int64_t at = list.RangeOf(row).first + first;
    for (std::int64_t i = 0; i < count; ++i) positions->push_back(at + i);
  });
  return list.Gather(*positions);
}

// Places in the lists; null in a row without elements.
OwnedArray ExplodedBatch::IndexOf(const RepeatedRows& rows) const {
  columnar::Scratch<std::int64_t> places(static_cast<std::size_t>(rows.size()), *pool_);
  const std::int64_t bytes = columnar::BytesOfBits(rows.size());
  columnar::Scratch<std::uint8_t> validity(static_cast<std::size_t>(bytes), *pool_);
  std::memset(validity.data(), 0xff, validity.size());
  std::size_t at = 0;
  std::int64_t nulls = 0;
  rows.ForEach([&](std::int64_t row, std::int64_t first, std::int64_t count) {
    if (IsEmpty(row)) {
      columnar::ClearBit(validity.data(), static_cast<std::int64_t>(at));
      ++nulls;
    }
    for (std::int64_t i = 0; i < count; ++i) places[at++] = first + i;
  });
  columnar::ArrayParts parts;
  parts.length = rows.size();
  parts.null_count = nulls;
  parts.buffers.push_back(nulls > 0 ? std::move(validity).ToShared() : columnar::SharedBuffer{});
  parts.buffers.push_back(std::move(places).ToShared());
  return columnar::MakeArray(std::move(parts));
}

}  // namespace lakegate::kernels
