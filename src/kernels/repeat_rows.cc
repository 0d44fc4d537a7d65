#include "kernels/repeat_rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/try.h"
#include "columnar/scratch.h"
#include "columnar/view.h"

namespace lakegate::kernels {
namespace {

template <typename Value>
void FillRuns(const std::uint8_t* values, std::span<const RepeatedRow> rows, std::uint8_t* out) {
  auto* to = reinterpret_cast<Value*>(out);
  for (const RepeatedRow& repeated : rows) {
    Value value;
    std::memcpy(&value, values + repeated.row * static_cast<std::int64_t>(sizeof(Value)),
                sizeof(Value));
    to = std::fill_n(to, repeated.count, value);
  }
}

bool IsFilled(std::int64_t width) { return width == 1 || width == 2 || width == 4 || width == 8; }

}  // namespace

Result<RowRepeater> RowRepeater::Make(const ArrowSchema& schema, const columnar::SharedArray& batch,
                                      const std::vector<std::int64_t>& columns,
                                      std::shared_ptr<columnar::BufferPool> pool) {
  LG_ASSIGN_OR_RETURN(columnar::Gatherer gatherer, columnar::Gatherer::Make(schema, {batch}, pool));
  LG_ASSIGN_OR_RETURN(const auto view, columnar::BatchView::Open(schema, **batch));
  RowRepeater repeater(batch, std::move(gatherer), std::move(pool));
  for (const std::int64_t index : columns) {
    const columnar::ColumnView& read = view.column(index);
    Column column{.index = index};
    const bool is_plain = read.type().layout == columnar::Layout::kFixed && !read.is_dictionary() &&
                          IsFilled(read.type().byte_width) && read.length() > 0;
    if (is_plain && read.CountNulls() == 0) {
      column.width = read.type().byte_width;
      column.values = reinterpret_cast<const std::uint8_t*>(read.Raw(0).data());
    }
    repeater.columns_.push_back(column);
  }
  return repeater;
}

OwnedArray RowRepeater::Fill(const Column& column, std::span<const RepeatedRow> rows,
                             std::int64_t total) const {
  columnar::Scratch<std::uint8_t> bytes(static_cast<std::size_t>(total * column.width), *pool_);
  switch (column.width) {
    case 1:
      FillRuns<std::uint8_t>(column.values, rows, bytes.data());
      break;
    case 2:
      FillRuns<std::uint16_t>(column.values, rows, bytes.data());
      break;
    case 4:
      FillRuns<std::uint32_t>(column.values, rows, bytes.data());
      break;
    default:
      FillRuns<std::uint64_t>(column.values, rows, bytes.data());
      break;
  }
  columnar::ArrayParts parts;
  parts.length = total;
  parts.buffers = {{}, std::move(bytes).ToShared()};
  return columnar::MakeArray(std::move(parts));
}

Result<std::vector<OwnedArray>> RowRepeater::Columns(std::span<const RepeatedRow> rows,
                                                     std::int64_t total) {
  positions_.clear();
  std::vector<OwnedArray> made;
  for (const Column& column : columns_) {
    if (column.values != nullptr) {
      made.push_back(Fill(column, rows, total));
      continue;
    }
    if (positions_.empty()) {
      positions_.reserve(static_cast<std::size_t>(total));
      for (const RepeatedRow& repeated : rows) {
        positions_.insert(positions_.end(), static_cast<std::size_t>(repeated.count), repeated.row);
      }
    }
    const std::int64_t wanted[] = {column.index};
    LG_ASSIGN_OR_RETURN(auto gathered, gatherer_.Columns(positions_, wanted));
    made.push_back(std::move(gathered.front()));
  }
  return made;
}

}  // namespace lakegate::kernels
