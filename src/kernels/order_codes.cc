#include "kernels/order_codes.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <string>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "kernels/column_values.h"

namespace lakegate::kernels {
namespace {

using columnar::ColumnView;
using columnar::DataType;
using columnar::TypeId;

bool FitsOneWord(const DataType& type) {
  return columnar::IsInteger(type.id) || columnar::IsTemporal(type.id) ||
         columnar::IsFloat(type.id) || type.id == TypeId::kBool || type.id == TypeId::kDecimal32 ||
         type.id == TypeId::kDecimal64;
}

bool IsBytes(const DataType& type) {
  return columnar::IsString(type.id) || columnar::IsBinary(type.id) ||
         type.id == TypeId::kFixedSizeBinary || type.id == TypeId::kDecimal128 ||
         type.id == TypeId::kDecimal256;
}

std::uint64_t WordAt(const ColumnView& view, std::int64_t row) {
  const TypeId id = view.type().id;
  if (columnar::IsFloat(id)) return OrderedBits(view.Double(row));
  if (id == TypeId::kBool) return view.Bool(row) ? 1 : 0;
  if (id == TypeId::kUint64) return view.Uint64(row);
  return Ordered(view.Int64(row));
}

// Values and which rows have none, before nulls are placed.
struct Values {
  std::vector<std::uint64_t> words;
  std::vector<bool> is_null;
  bool has_nulls = false;
};

Result<Values> ReadWords(const std::vector<ColumnView>& views, std::size_t rows,
                         const CancelToken& cancel) {
  Values values;
  values.words.reserve(rows);
  values.is_null.reserve(rows);
  for (const ColumnView& view : views) {
    for (std::int64_t row = 0; row < view.length(); ++row) {
      if (StopAt(values.words.size(), cancel)) return Cancelled("sort");
      const bool is_null = view.IsNull(row);
      values.has_nulls |= is_null;
      values.is_null.push_back(is_null);
      values.words.push_back(is_null ? 0 : WordAt(view, row));
    }
  }
  return values;
}

// Little-endian two's complement as bytes that compare like the number.
std::string Normalised(std::string_view decimal) {
  std::string bytes(decimal.rbegin(), decimal.rend());
  bytes.front() = static_cast<char>(static_cast<unsigned char>(bytes.front()) ^ 0x80u);
  return bytes;
}

// A value with its first eight bytes in front, which decide most comparisons.
struct ByteItem {
  std::uint64_t prefix;
  std::string_view bytes;
  Row row;

  bool operator<(const ByteItem& other) const {
    if (prefix != other.prefix) return prefix < other.prefix;
    return bytes < other.bytes;
  }
};

std::uint64_t PrefixOf(std::string_view bytes) {
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    prefix = (prefix << 8) | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
  }
  return prefix;
}

// Merge sort by hand: std::sort cannot be cancelled.
Status SortItems(std::vector<ByteItem>* items, const CancelToken& cancel) {
  constexpr std::size_t kRun = 8192;
  const std::size_t count = items->size();
  for (std::size_t first = 0; first < count; first += kRun) {
    if (cancel.cancelled()) return Cancelled("sort");
    std::stable_sort(items->begin() + static_cast<std::ptrdiff_t>(first),
                     items->begin() + static_cast<std::ptrdiff_t>(std::min(first + kRun, count)));
  }
  std::vector<ByteItem> merged(count > kRun ? count : 0);
  for (std::size_t width = kRun; width < count; width *= 2) {
    for (std::size_t first = 0; first < count; first += 2 * width) {
      std::size_t a = first;
      std::size_t b = std::min(first + width, count);
      const std::size_t a_end = b;
      const std::size_t b_end = std::min(first + 2 * width, count);
      for (std::size_t out = first; out < b_end; ++out) {
        if (StopAt(out, cancel)) return Cancelled("sort");
        const bool from_b = a == a_end || (b < b_end && (*items)[b] < (*items)[a]);
        merged[out] = (*items)[from_b ? b++ : a++];
      }
    }
    items->swap(merged);
  }
  return {};
}

// Dense ranks of byte values.
Result<Values> RankBytes(const std::vector<ColumnView>& views, std::size_t rows,
                         const CancelToken& cancel) {
  Values values;
  values.words.assign(rows, 0);
  values.is_null.assign(rows, false);
  std::vector<ByteItem> items;
  std::vector<std::string> normalised;  // reserved: views into it must stay
  const bool decimal = !views.empty() && columnar::IsDecimal(views.front().type().id);
  if (decimal) normalised.reserve(rows);
  std::size_t at = 0;
  for (const ColumnView& view : views) {
    for (std::int64_t row = 0; row < view.length(); ++row, ++at) {
      if (StopAt(at, cancel)) return Cancelled("sort");
      if (view.IsNull(row)) {
        values.is_null[at] = true;
        values.has_nulls = true;
        continue;
      }
      std::string_view bytes = view.Bytes(row);
      if (decimal) bytes = normalised.emplace_back(Normalised(bytes));
      items.push_back(ByteItem{PrefixOf(bytes), bytes, static_cast<Row>(at)});
    }
  }
  LG_RETURN_IF_ERROR(SortItems(&items, cancel));
  std::uint64_t rank = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0 && items[i - 1] < items[i]) ++rank;
    values.words[items[i].row] = rank;
  }
  return values;
}

// Replaces words by dense ranks: makes room for nulls when values span all 64 bits.
Status Densify(Values* values, const CancelToken& cancel) {
  std::vector<std::uint64_t> words = values->words;
  LG_ASSIGN_OR_RETURN(const std::vector<Row> order,
                      SortRows({CodeColumn{std::move(words), 64}}, values->words.size(), cancel));
  std::vector<std::uint64_t> ranks(order.size());
  std::uint64_t rank = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && values->words[order[i]] != values->words[order[i - 1]]) ++rank;
    ranks[order[i]] = rank;
  }
  values->words = std::move(ranks);
  return {};
}

Result<CodeColumn> PlaceNulls(Values values, const SortKey& key, const CancelToken& cancel) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  const bool descending = key.direction == SortDirection::kDescending;
  if (!values.has_nulls) return CodesOf(std::move(values.words), descending);
  std::uint64_t low = kMost;
  std::uint64_t high = 0;
  const auto find_range = [&] {
    low = kMost;
    high = 0;
    for (std::size_t i = 0; i < values.words.size(); ++i) {
      if (values.is_null[i]) continue;
      low = std::min(low, values.words[i]);
      high = std::max(high, values.words[i]);
    }
  };
  find_range();
  if (low > high) return CodeColumn{std::vector<std::uint64_t>(values.words.size(), 0), 0};
  if (high - low == kMost) {
    LG_RETURN_IF_ERROR(Densify(&values, cancel));
    find_range();
  }
  const bool first = key.nulls == NullPlacement::kFirst;
  const std::uint64_t null_code = first ? 0 : high - low + 1;
  CodeColumn column;
  column.bits = static_cast<int>(std::bit_width(high - low + 1));
  column.codes.resize(values.words.size());
  for (std::size_t i = 0; i < column.codes.size(); ++i) {
    const std::uint64_t distance = descending ? high - values.words[i] : values.words[i] - low;
    column.codes[i] = values.is_null[i] ? null_code : distance + (first ? 1 : 0);
  }
  return column;
}

}  // namespace

Result<CodeColumn> OrderCodes(const columnar::Collected& table, const SortKey& key,
                              std::string_view role, const CancelToken& cancel) {
  LG_ASSIGN_OR_RETURN(const std::int64_t index,
                      columnar::FindColumn(*table.schema, key.column, role));
  const ArrowSchema& field = *table.schema->children[index];
  const ArrowSchema& stored = field.dictionary != nullptr ? *field.dictionary : field;
  LG_ASSIGN_OR_RETURN(const DataType type, columnar::ParseFormat(stored.format));
  LG_ASSIGN_OR_RETURN(const auto views, ViewsOf(table, index));
  const auto rows = static_cast<std::size_t>(table.rows);
  if (type.id == TypeId::kNull) return CodeColumn{std::vector<std::uint64_t>(rows, 0), 0};
  if (FitsOneWord(type)) {
    LG_ASSIGN_OR_RETURN(Values values, ReadWords(views, rows, cancel));
    return PlaceNulls(std::move(values), key, cancel);
  }
  if (IsBytes(type)) {
    LG_ASSIGN_OR_RETURN(Values values, RankBytes(views, rows, cancel));
    return PlaceNulls(std::move(values), key, cancel);
  }
  return Error(ErrorKind::kUnsupported,
               fmt::format("Rows cannot be ordered by a column of this type: '{}' ({}) is {}.",
                           key.column, role, columnar::TypeName(field)));
}

Result<CodeColumn> OrderCodes(const columnar::Collected& table, std::span<const SortKey> keys,
                              std::string_view role, const CancelToken& cancel) {
  std::vector<CodeColumn> columns;
  for (const SortKey& key : keys) {
    LG_ASSIGN_OR_RETURN(CodeColumn column, OrderCodes(table, key, role, cancel));
    columns.push_back(std::move(column));
  }
  return Fold(std::move(columns), static_cast<std::size_t>(table.rows), cancel);
}

}  // namespace lakegate::kernels
