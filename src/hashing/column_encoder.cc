#include "hashing/column_encoder.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "base/try.h"
#include "columnar/schema.h"

namespace lakegate::hashing {
namespace {

using columnar::ColumnView;
using columnar::TypeId;

template <typename Value>
Value Load(const void* bytes) {
  Value value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

// IEEE 754 binary16, exactly.
double HalfToDouble(std::uint16_t half) {
  const int exponent = (half >> 10) & 0x1f;
  const int mantissa = half & 0x3ff;
  const double sign = (half & 0x8000) != 0 ? -1.0 : 1.0;
  if (exponent == 0x1f) return mantissa == 0 ? sign * HUGE_VAL : std::nan("");
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(mantissa + 1024, exponent - 25);
}

// The tight loop under most columns: values of one width without nulls, each a tag and
// eight bytes.
template <typename Stored, typename Convert>
void EncodeFixed(const char* values, std::int64_t count, Tag tag, Convert convert,
                 CanonicalEncoder& encoder) {
  constexpr std::size_t kEncoded = 9;
  std::uint8_t* out = encoder.Grow(kEncoded * static_cast<std::size_t>(count)).data();
  for (std::int64_t i = 0; i < count; ++i, values += sizeof(Stored), out += kEncoded) {
    const std::uint64_t bits = convert(Load<Stored>(values));
    out[0] = static_cast<std::uint8_t>(tag);
    std::memcpy(out + 1, &bits, sizeof(bits));
  }
}

template <typename Stored>
void EncodeIntegers(const char* values, std::int64_t count, CanonicalEncoder& encoder) {
  EncodeFixed<Stored>(
      values, count, Tag::kInt,
      [](Stored value) { return static_cast<std::uint64_t>(static_cast<std::int64_t>(value)); },
      encoder);
}

template <typename Stored>
void EncodeFloats(const char* values, std::int64_t count, CanonicalEncoder& encoder) {
  EncodeFixed<Stored>(
      values, count, Tag::kFloat,
      [](Stored value) {
        return std::bit_cast<std::uint64_t>(CanonicalFloat(static_cast<double>(value)));
      },
      encoder);
}

// Whether the rows were encoded by one of the tight loops.
bool EncodePlain(const ColumnView& view, std::int64_t first, std::int64_t count,
                 CanonicalEncoder& encoder) {
  if (view.is_dictionary() || count == 0) return false;
  const auto values = [&] { return view.Raw(first).data(); };
  switch (view.type().id) {
    case TypeId::kInt8:
      EncodeIntegers<std::int8_t>(values(), count, encoder);
      return true;
    case TypeId::kInt16:
      EncodeIntegers<std::int16_t>(values(), count, encoder);
      return true;
    case TypeId::kInt32:
      EncodeIntegers<std::int32_t>(values(), count, encoder);
      return true;
    case TypeId::kInt64:
      EncodeIntegers<std::int64_t>(values(), count, encoder);
      return true;
    case TypeId::kUint8:
      EncodeIntegers<std::uint8_t>(values(), count, encoder);
      return true;
    case TypeId::kUint16:
      EncodeIntegers<std::uint16_t>(values(), count, encoder);
      return true;
    case TypeId::kUint32:
      EncodeIntegers<std::uint32_t>(values(), count, encoder);
      return true;
    case TypeId::kFloat32:
      EncodeFloats<float>(values(), count, encoder);
      return true;
    case TypeId::kFloat64:
      EncodeFloats<double>(values(), count, encoder);
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<ColumnEncoder> ColumnEncoder::Open(const ColumnView& view) {
  ColumnEncoder encoder(view);
  const TypeId id = view.type().id;
  if (id == TypeId::kDenseUnion || id == TypeId::kSparseUnion) {
    return Error(ErrorKind::kUnsupported,
                 fmt::format("Columns of a union type have no digest: '{}'. Select its fields "
                             "as columns of their own.",
                             columnar::NameOf(view.schema())));
  }
  if (id == TypeId::kRunEndEncoded) {
    LG_ASSIGN_OR_RETURN(const ColumnView values, view.Child(1));
    LG_ASSIGN_OR_RETURN(ColumnEncoder child, Open(values));
    encoder.children_.push_back(std::move(child));
    return encoder;
  }
  encoder.has_nulls_ = view.CountNulls() > 0;
  if (!columnar::IsNested(id)) return encoder;
  if (view.is_dictionary()) {
    LG_ASSIGN_OR_RETURN(const ColumnView dictionary, view.Dictionary());
    LG_ASSIGN_OR_RETURN(ColumnEncoder child, Open(dictionary));
    encoder.children_.push_back(std::move(child));
    return encoder;
  }
  for (std::int64_t i = 0; i < view.child_count(); ++i) {
    LG_ASSIGN_OR_RETURN(const ColumnView child_view, view.Child(i));
    LG_ASSIGN_OR_RETURN(ColumnEncoder child, Open(child_view));
    encoder.children_.push_back(std::move(child));
  }
  return encoder;
}

void ColumnEncoder::Encode(std::int64_t first, std::int64_t count,
                           CanonicalEncoder& encoder) const {
  if (!has_nulls_ && EncodePlain(view_, first, count, encoder)) return;
  for (std::int64_t row = first; row < first + count; ++row) EncodeRow(row, encoder);
}

void ColumnEncoder::EncodeRow(std::int64_t row, CanonicalEncoder& encoder) const {
  if (view_.type().id == TypeId::kRunEndEncoded) {
    children_.front().EncodeRow(view_.RunOf(row), encoder);
  } else if (has_nulls_ && view_.IsNull(row)) {
    encoder.Null();
  } else if (!children_.empty() && view_.is_dictionary()) {
    children_.front().EncodeRow(view_.DictionaryIndex(row), encoder);
  } else {
    EncodeValue(row, encoder);
  }
}

void ColumnEncoder::EncodeValue(std::int64_t row, CanonicalEncoder& encoder) const {
  const columnar::DataType& type = view_.type();
  if (type.id == TypeId::kNull) {
    encoder.Null();
  } else if (type.id == TypeId::kBool) {
    encoder.Bool(view_.Bool(row));
  } else if (columnar::IsSignedInteger(type.id)) {
    encoder.Int(view_.Int64(row));
  } else if (columnar::IsUnsignedInteger(type.id)) {
    encoder.Unsigned(view_.Uint64(row));
  } else if (type.id == TypeId::kFloat16) {
    encoder.Float(HalfToDouble(Load<std::uint16_t>(view_.Raw(row).data())));
  } else if (columnar::IsFloat(type.id)) {
    encoder.Float(view_.Double(row));
  } else if (columnar::IsDecimal(type.id)) {
    encoder.Decimal(type.scale, view_.Raw(row));
  } else if (columnar::IsString(type.id)) {
    encoder.Text(view_.Bytes(row));
  } else if (columnar::IsBinary(type.id) || type.id == TypeId::kFixedSizeBinary) {
    encoder.Binary(view_.Bytes(row));
  } else if (columnar::IsTemporal(type.id)) {
    EncodeTemporal(row, encoder);
  } else if (type.id == TypeId::kStruct) {
    EncodeStruct(row, encoder);
  } else if (columnar::IsNested(type.id)) {
    EncodeList(row, encoder);
  } else {
    EncodeInterval(row, encoder);
  }
}

void ColumnEncoder::EncodeTemporal(std::int64_t row, CanonicalEncoder& encoder) const {
  const columnar::DataType& type = view_.type();
  const std::int64_t value = view_.Int64(row);
  const auto unit = static_cast<std::uint8_t>(type.unit);
  switch (type.id) {
    case TypeId::kDate32:
      encoder.Date(value);
      break;
    case TypeId::kDate64:
      encoder.Temporal(Tag::kTimestamp, static_cast<std::uint8_t>(columnar::TimeUnit::kMillisecond),
                       value);
      break;
    case TypeId::kTimestamp:
      encoder.Temporal(Tag::kTimestamp, unit, value);
      break;
    case TypeId::kDuration:
      encoder.Temporal(Tag::kDuration, unit, value);
      break;
    default:
      encoder.Temporal(Tag::kTime, unit, value);
      break;
  }
}

void ColumnEncoder::EncodeInterval(std::int64_t row, CanonicalEncoder& encoder) const {
  const char* const raw = view_.Raw(row).data();
  switch (view_.type().id) {
    case TypeId::kIntervalMonths: {
      const std::array<std::int64_t, 1> parts = {Load<std::int32_t>(raw)};
      encoder.Interval(Tag::kIntervalMonths, parts);
      break;
    }
    case TypeId::kIntervalDayTime: {
      const std::array<std::int64_t, 2> parts = {Load<std::int32_t>(raw),
                                                 Load<std::int32_t>(raw + 4)};
      encoder.Interval(Tag::kIntervalDayTime, parts);
      break;
    }
    default: {
      const std::array<std::int64_t, 3> parts = {
          Load<std::int32_t>(raw), Load<std::int32_t>(raw + 4), Load<std::int64_t>(raw + 8)};
      encoder.Interval(Tag::kIntervalMonthDayNano, parts);
      break;
    }
  }
}

void ColumnEncoder::EncodeList(std::int64_t row, CanonicalEncoder& encoder) const {
  const auto [first, end] = view_.ListRange(row);
  const ColumnEncoder& items = children_.front();
  const auto count = static_cast<std::uint64_t>(end - first);
  if (view_.type().id != TypeId::kMap) {
    encoder.Begin(Tag::kList, count);
    items.Encode(first, end - first, encoder);
    return;
  }
  encoder.Begin(Tag::kMap, count);
  for (std::int64_t entry = first; entry < end; ++entry) {
    for (const ColumnEncoder& key_or_value : items.children_) {
      key_or_value.EncodeRow(entry, encoder);
    }
  }
}

void ColumnEncoder::EncodeStruct(std::int64_t row, CanonicalEncoder& encoder) const {
  encoder.Begin(Tag::kStruct, children_.size());
  for (const ColumnEncoder& field : children_) field.EncodeRow(row, encoder);
}

}  // namespace lakegate::hashing
