#include "columnar/view.h"

#include <fmt/format.h>

#include <cassert>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "base/try.h"
#include "columnar/bits.h"
#include "columnar/schema.h"

namespace lakegate::columnar {
namespace {

template <typename T>
T ValueAt(const ArrowArray& array, std::int64_t buffer, std::int64_t slot) {
  T value;
  std::memcpy(&value, static_cast<const T*>(array.buffers[buffer]) + slot, sizeof value);
  return value;
}

bool IsValidSlot(const ArrowArray& array, std::int64_t slot) {
  const auto* bits = static_cast<const std::uint8_t*>(array.buffers[0]);
  return bits == nullptr || GetBit(bits, slot);
}

double HalfToDouble(std::uint16_t half) {
  const int exponent = (half >> 10) & 0x1f;
  const int fraction = half & 0x3ff;
  double value = 0;
  if (exponent == 0x1f) {
    value = fraction == 0 ? HUGE_VAL : std::nan("");
  } else if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else {
    value = std::ldexp(fraction + 1024, exponent - 25);
  }
  return (half & 0x8000) != 0 ? -value : value;
}

// Little-endian two's complement of any width as a double.
double WideToDouble(std::string_view bytes) {
  const bool negative = (static_cast<std::uint8_t>(bytes.back()) & 0x80) != 0;
  double value = 0;
  int carry = 1;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    int byte = static_cast<std::uint8_t>(bytes[i]);
    if (negative) {
      byte = (~byte & 0xff) + carry;
      carry = byte >> 8;
      byte &= 0xff;
    }
    value += std::ldexp(byte, static_cast<int>(8 * i));
  }
  return negative ? -value : value;
}

bool HasValidity(Layout layout) {
  return layout != Layout::kNull && layout != Layout::kDenseUnion &&
         layout != Layout::kSparseUnion && layout != Layout::kRunEndEncoded;
}

}  // namespace

Result<ColumnView> ColumnView::Open(const ArrowSchema& schema, const ArrowArray& array) {
  LG_RETURN_IF_ERROR(CheckSchema(schema));
  LG_RETURN_IF_ERROR(CheckShape(schema, array));
  return OpenSlice(schema, array, 0, array.length);
}

Result<ColumnView> ColumnView::OpenSlice(const ArrowSchema& schema, const ArrowArray& array,
                                         std::int64_t first, std::int64_t length) {
  ColumnView view;
  view.schema_ = &schema;
  view.array_ = &array;
  view.values_ = &array;
  LG_ASSIGN_OR_RETURN(view.type_, ParseFormat(schema.format));
  view.values_type_ = view.type_;
  if (schema.dictionary != nullptr) {
    view.dictionary_ = array.dictionary;
    view.values_ = array.dictionary;
    LG_ASSIGN_OR_RETURN(view.values_type_, ParseFormat(schema.dictionary->format));
  }
  view.first_ = array.offset + first;
  view.length_ = length;
  return view;
}

bool ColumnView::IsNullSlot(std::int64_t row) const {
  assert(row >= 0 && row < length_);
  if (type_.layout == Layout::kNull) return true;
  return HasValidity(type_.layout) && !IsValidSlot(*array_, first_ + row);
}

bool ColumnView::IsNull(std::int64_t row) const {
  if (IsNullSlot(row)) return true;
  if (dictionary_ == nullptr) return false;
  if (values_type_.layout == Layout::kNull) return true;
  return HasValidity(values_type_.layout) && !IsValidSlot(*dictionary_, ValueSlot(row));
}

std::int64_t ColumnView::CountNulls() const {
  if (dictionary_ == nullptr && HasValidity(type_.layout) && array_->buffers[0] == nullptr) {
    return 0;
  }
  if (dictionary_ == nullptr && HasValidity(type_.layout)) {
    return length_ -
           CountSetBits(static_cast<const std::uint8_t*>(array_->buffers[0]), first_, length_);
  }
  std::int64_t nulls = 0;
  for (std::int64_t row = 0; row < length_; ++row) nulls += IsNull(row) ? 1 : 0;
  return nulls;
}

std::int64_t ColumnView::DictionaryIndex(std::int64_t row) const {
  assert(dictionary_ != nullptr);
  return IntegerIn(*array_, type_, first_ + row);
}

std::int64_t ColumnView::ValueSlot(std::int64_t row) const {
  assert(row >= 0 && row < length_);
  if (dictionary_ == nullptr) return first_ + row;
  return dictionary_->offset + IntegerIn(*array_, type_, first_ + row);
}

std::int64_t ColumnView::IntegerIn(const ArrowArray& array, const DataType& type,
                                   std::int64_t slot) {
  switch (type.id) {
    case TypeId::kInt8:
      return ValueAt<std::int8_t>(array, 1, slot);
    case TypeId::kUint8:
      return ValueAt<std::uint8_t>(array, 1, slot);
    case TypeId::kInt16:
      return ValueAt<std::int16_t>(array, 1, slot);
    case TypeId::kUint16:
      return ValueAt<std::uint16_t>(array, 1, slot);
    case TypeId::kUint32:
      return ValueAt<std::uint32_t>(array, 1, slot);
    default:
      break;
  }
  assert(type.layout == Layout::kFixed);
  if (type.byte_width == 4) return ValueAt<std::int32_t>(array, 1, slot);
  assert(type.byte_width == 8);
  return ValueAt<std::int64_t>(array, 1, slot);
}

std::int64_t ColumnView::Int64(std::int64_t row) const {
  assert(IsInteger(values_type_.id) || IsTemporal(values_type_.id) ||
         values_type_.id == TypeId::kIntervalMonths || values_type_.id == TypeId::kDecimal32 ||
         values_type_.id == TypeId::kDecimal64);
  return IntegerIn(*values_, values_type_, ValueSlot(row));
}

std::uint64_t ColumnView::Uint64(std::int64_t row) const {
  assert(IsUnsignedInteger(values_type_.id));
  return static_cast<std::uint64_t>(IntegerIn(*values_, values_type_, ValueSlot(row)));
}

double ColumnView::Double(std::int64_t row) const {
  const std::int64_t slot = ValueSlot(row);
  switch (values_type_.id) {
    case TypeId::kFloat16:
      return HalfToDouble(ValueAt<std::uint16_t>(*values_, 1, slot));
    case TypeId::kFloat32:
      return ValueAt<float>(*values_, 1, slot);
    case TypeId::kFloat64:
      return ValueAt<double>(*values_, 1, slot);
    case TypeId::kUint64:
      return static_cast<double>(ValueAt<std::uint64_t>(*values_, 1, slot));
    default:
      break;
  }
  if (!IsDecimal(values_type_.id)) {
    return static_cast<double>(IntegerIn(*values_, values_type_, slot));
  }
  return WideToDouble(Raw(row)) / std::pow(10.0, values_type_.scale);
}

bool ColumnView::Bool(std::int64_t row) const {
  assert(values_type_.id == TypeId::kBool);
  return GetBit(static_cast<const std::uint8_t*>(values_->buffers[1]), ValueSlot(row));
}

std::string_view ColumnView::Raw(std::int64_t row) const {
  assert(values_type_.layout == Layout::kFixed);
  const auto width = static_cast<std::size_t>(values_type_.byte_width);
  if (width == 0) return {};
  const auto* bytes = static_cast<const char*>(values_->buffers[1]);
  return {bytes + static_cast<std::size_t>(ValueSlot(row)) * width, width};
}

std::string_view ColumnView::Bytes(std::int64_t row) const {
  if (values_type_.layout == Layout::kFixed) return Raw(row);
  return BytesAt(ValueSlot(row));
}

std::string_view ColumnView::BytesAt(std::int64_t slot) const {
  const auto text = [](const void* data, auto begin, auto end) {
    if (begin == end) return std::string_view();
    return std::string_view(static_cast<const char*>(data) + begin,
                            static_cast<std::size_t>(end - begin));
  };
  switch (values_type_.layout) {
    case Layout::kOffsets32:
      return text(values_->buffers[2], ValueAt<std::int32_t>(*values_, 1, slot),
                  ValueAt<std::int32_t>(*values_, 1, slot + 1));
    case Layout::kOffsets64:
      return text(values_->buffers[2], ValueAt<std::int64_t>(*values_, 1, slot),
                  ValueAt<std::int64_t>(*values_, 1, slot + 1));
    default:
      break;
  }
  assert(values_type_.layout == Layout::kViews);
  const auto* view = static_cast<const char*>(values_->buffers[1]) + slot * kViewBytes;
  const ViewHeader header = ReadView(view);
  if (header.length <= kInlineViewBytes) {
    return {view + sizeof(std::int32_t), static_cast<std::size_t>(header.length)};
  }
  return {static_cast<const char*>(values_->buffers[2 + header.buffer]) + header.offset,
          static_cast<std::size_t>(header.length)};
}

std::pair<std::int64_t, std::int64_t> ColumnView::ListRange(std::int64_t row) const {
  assert(row >= 0 && row < length_ && dictionary_ == nullptr);
  if (IsNullSlot(row)) return {0, 0};
  const std::int64_t slot = first_ + row;
  switch (type_.layout) {
    case Layout::kList32:
      return {ValueAt<std::int32_t>(*array_, 1, slot), ValueAt<std::int32_t>(*array_, 1, slot + 1)};
    case Layout::kList64:
      return {ValueAt<std::int64_t>(*array_, 1, slot), ValueAt<std::int64_t>(*array_, 1, slot + 1)};
    case Layout::kListView32: {
      const std::int64_t begin = ValueAt<std::int32_t>(*array_, 1, slot);
      return {begin, begin + ValueAt<std::int32_t>(*array_, 2, slot)};
    }
    case Layout::kListView64: {
      const auto begin = ValueAt<std::int64_t>(*array_, 1, slot);
      return {begin, begin + ValueAt<std::int64_t>(*array_, 2, slot)};
    }
    default:
      assert(type_.layout == Layout::kFixedSizeList);
      return {slot * type_.list_size, (slot + 1) * type_.list_size};
  }
}

Result<ColumnView> ColumnView::Child(std::int64_t index) const {
  assert(index >= 0 && index < schema_->n_children && dictionary_ == nullptr);
  const ArrowSchema& schema = *schema_->children[index];
  const ArrowArray& child = *array_->children[index];
  if (type_.layout == Layout::kStruct || type_.layout == Layout::kSparseUnion) {
    return OpenSlice(schema, child, first_, length_);
  }
  return OpenSlice(schema, child, 0, child.length);
}

std::pair<std::int64_t, std::int64_t> ColumnView::UnionSlot(std::int64_t row) const {
  const auto code = ValueAt<std::int8_t>(*array_, 0, first_ + row);
  const std::int64_t child = UnionChildOf(schema_->format, code);
  if (type_.layout == Layout::kSparseUnion) return {child, row};
  return {child, ValueAt<std::int32_t>(*array_, 1, first_ + row)};
}

std::int64_t ColumnView::RunOf(std::int64_t row) const {
  const ArrowArray& ends = *array_->children[0];
  const auto type = ParseFormat(schema_->children[0]->format);
  std::int64_t low = 0;
  std::int64_t high = ends.length;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (IntegerIn(ends, *type, ends.offset + middle) <= first_ + row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<ColumnView> ColumnView::Dictionary() const {
  assert(dictionary_ != nullptr);
  return OpenSlice(*schema_->dictionary, *dictionary_, 0, dictionary_->length);
}

Result<BatchView> BatchView::Open(const ArrowSchema& schema, const ArrowArray& batch) {
  LG_ASSIGN_OR_RETURN(const ColumnView top, ColumnView::Open(schema, batch));
  if (top.type().id != TypeId::kStruct) {
    return Error(ErrorKind::kCorruptData, "A record batch must be a struct array.");
  }
  if (top.CountNulls() > 0) {
    return Error(ErrorKind::kCorruptData, "A record batch must not have null rows.");
  }
  BatchView view;
  view.schema_ = &schema;
  view.length_ = batch.length;
  view.columns_.reserve(static_cast<std::size_t>(schema.n_children));
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    LG_ASSIGN_OR_RETURN(ColumnView column, top.Child(i));
    view.columns_.push_back(column);
  }
  return view;
}

Result<ColumnView> BatchView::Find(std::string_view name) const {
  LG_ASSIGN_OR_RETURN(const std::int64_t index, FindColumn(*schema_, name));
  return column(index);
}

}  // namespace lakegate::columnar
