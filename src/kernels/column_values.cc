#include "kernels/column_values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <limits>

#include "base/try.h"
#include "columnar/bits.h"

namespace lakegate::kernels {
namespace {

template <std::integral T>
void Widen(const void* values, std::int64_t slot, std::size_t count, std::uint64_t* words) {
  const T* from = static_cast<const T*>(values) + slot;
  std::transform(from, from + count, words,
                 [](T value) { return static_cast<std::uint64_t>(value); });
}

}  // namespace

Result<std::vector<columnar::ColumnView>> ViewsOf(const columnar::Collected& table,
                                                  std::int64_t column) {
  std::vector<columnar::ColumnView> views;
  views.reserve(table.batches.size());
  for (const auto& batch : table.batches) {
    LG_ASSIGN_OR_RETURN(const auto top, columnar::ColumnView::Open(*table.schema, **batch));
    LG_ASSIGN_OR_RETURN(auto view, top.Child(column));
    views.push_back(view);
  }
  return views;
}

void ReadIntegers(const columnar::ColumnView& view, std::int64_t from, std::size_t count,
                  std::uint64_t* words) {
  const void* values = view.array().buffers[1];
  const std::int64_t slot = view.first_slot() + from;
  const bool is_unsigned = columnar::IsUnsignedInteger(view.type().id);
  switch (view.type().byte_width) {
    case 1:
      return is_unsigned ? Widen<std::uint8_t>(values, slot, count, words)
                         : Widen<std::int8_t>(values, slot, count, words);
    case 2:
      return is_unsigned ? Widen<std::uint16_t>(values, slot, count, words)
                         : Widen<std::int16_t>(values, slot, count, words);
    case 4:
      return is_unsigned ? Widen<std::uint32_t>(values, slot, count, words)
                         : Widen<std::int32_t>(values, slot, count, words);
    default:
      return Widen<std::uint64_t>(values, slot, count, words);
  }
}

void ClearNulls(const columnar::ColumnView& view, std::int64_t from, std::size_t count,
                bool* valid) {
  if (view.is_dictionary() || view.type().id == columnar::TypeId::kNull) {
    for (std::size_t i = 0; i < count; ++i) {
      valid[i] &= !view.IsNull(from + static_cast<std::int64_t>(i));
    }
    return;
  }
  const auto* validity = static_cast<const std::uint8_t*>(view.array().buffers[0]);
  if (validity == nullptr || view.array().null_count == 0) return;
  const std::int64_t slot = view.first_slot() + from;
  for (std::size_t i = 0; i < count; ++i) {
    valid[i] &= columnar::GetBit(validity, slot + static_cast<std::int64_t>(i));
  }
}

std::uint64_t CanonicalBits(double value) {
  if (std::isnan(value))
    return std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN());
  return std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
}

std::uint64_t OrderedBits(double value) {
  const std::uint64_t bits = CanonicalBits(value);
  const std::uint64_t sign = std::uint64_t{1} << 63;
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

}  // namespace lakegate::kernels
