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
void FillRuns(const std::uint8_t* values, const RepeatedRows& rows, std::uint8_t* out) {
  // Runs are mostly short: a few values are written without asking how many are needed, and
  // what is too much is written over by the next run.
  constexpr std::int64_t kAtOnce = static_cast<std::int64_t>(32 / sizeof(Value));
  auto* to = reinterpret_cast<Value*>(out);
  Value* const last = to + rows.size();
  rows.ForEach([&](std::int64_t row, std::int64_t, std::int64_t count) {
    Value value;
    std::memcpy(&value, values + row * static_cast<std::int64_t>(sizeof(Value)), sizeof(Value));
    Value* const end = to + count;
    for (; to < end && last - to >= kAtOnce; to += kAtOnce) {
      for (std::int64_t i = 0; i < kAtOnce; ++i) to[i] = value;
    }
    if (to < end) std::fill(to, end, value);
    to = end;
  });
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

OwnedArray RowRepeater::Fill(const Column& column, const RepeatedRows& rows) const {
  columnar::Scratch<std::uint8_t> bytes(static_cast<std::size_t>(rows.size() * column.width),
                                        *pool_);
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
  parts.length = rows.size();
  parts.buffers = {{}, std::move(bytes).ToShared()};
  return columnar::MakeArray(std::move(parts));
}

Result<std::vector<OwnedArray>> RowRepeater::Columns(const RepeatedRows& rows,
                                                     std::vector<std::int64_t>* positions) const {
  positions->clear();
  std::vector<OwnedArray> made;
  for (const Column& column : columns_) {
    if (column.values != nullptr) {
      made.push_back(Fill(column, rows));
      continue;
    }
    if (positions->empty()) {
      rows.ForEach([&](std::int64_t row, std::int64_t, std::int64_t count) {
        positions->insert(positions->end(), static_cast<std::size_t>(count), row);
      });
    }
    const std::int64_t wanted[] = {column.index};
    LG_ASSIGN_OR_RETURN(auto gathered, gatherer_.Columns(*positions, wanted));
    made.push_back(std::move(gathered.front()));
  }
  return made;
}

}  // namespace lakegate::kernels
