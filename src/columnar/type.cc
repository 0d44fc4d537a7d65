#include "columnar/type.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

namespace lakegate::columnar {
namespace {

Error UnknownFormat(std::string_view format) {
  return Error(ErrorKind::kUnsupported,
               fmt::format("The Arrow format is not one this build knows: '{}'.", format));
}

template <typename Integer>
std::optional<Integer> ParseWhole(std::string_view text) {
  Integer value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<TimeUnit> ParseUnit(char letter) {
  switch (letter) {
    case 's':
      return TimeUnit::kSecond;
    case 'm':
      return TimeUnit::kMillisecond;
    case 'u':
      return TimeUnit::kMicrosecond;
    case 'n':
      return TimeUnit::kNanosecond;
    default:
      return std::nullopt;
  }
}

DataType Fixed(TypeId id, std::int64_t byte_width) {
  DataType type;
  type.id = id;
  type.layout = Layout::kFixed;
  type.byte_width = byte_width;
  return type;
}

DataType Of(TypeId id, Layout layout) {
  DataType type;
  type.id = id;
  type.layout = layout;
  return type;
}

std::optional<DataType> ParseOneLetter(char letter) {
  switch (letter) {
    case 'n':
      return Of(TypeId::kNull, Layout::kNull);
    case 'b':
      return Of(TypeId::kBool, Layout::kBits);
    case 'c':
      return Fixed(TypeId::kInt8, 1);
    case 'C':
      return Fixed(TypeId::kUint8, 1);
    case 's':
      return Fixed(TypeId::kInt16, 2);
    case 'S':
      return Fixed(TypeId::kUint16, 2);
    case 'i':
      return Fixed(TypeId::kInt32, 4);
    case 'I':
      return Fixed(TypeId::kUint32, 4);
    case 'l':
      return Fixed(TypeId::kInt64, 8);
    case 'L':
      return Fixed(TypeId::kUint64, 8);
    case 'e':
      return Fixed(TypeId::kFloat16, 2);
    case 'f':
      return Fixed(TypeId::kFloat32, 4);
    case 'g':
      return Fixed(TypeId::kFloat64, 8);
    case 'u':
      return Of(TypeId::kUtf8, Layout::kOffsets32);
    case 'U':
      return Of(TypeId::kLargeUtf8, Layout::kOffsets64);
    case 'z':
      return Of(TypeId::kBinary, Layout::kOffsets32);
    case 'Z':
      return Of(TypeId::kLargeBinary, Layout::kOffsets64);
    default:
      return std::nullopt;
  }
}

std::optional<DataType> ParseTemporal(std::string_view format) {
  if (format.size() < 3) return std::nullopt;
  const std::string_view head = format.substr(0, 3);
  if (head == "tdD") return Fixed(TypeId::kDate32, 4);
  if (head == "tdm") {
    DataType type = Fixed(TypeId::kDate64, 8);
    type.unit = TimeUnit::kMillisecond;
    return type;
  }
  if (head == "tiM") return Fixed(TypeId::kIntervalMonths, 4);
  if (head == "tiD") return Fixed(TypeId::kIntervalDayTime, 8);
  if (head == "tin") return Fixed(TypeId::kIntervalMonthDayNano, 16);
  const auto unit = ParseUnit(format[2]);
  if (!unit) return std::nullopt;
  DataType type;
  if (format[1] == 't' && format.size() == 3) {
    const bool narrow = *unit == TimeUnit::kSecond || *unit == TimeUnit::kMillisecond;
    type = narrow ? Fixed(TypeId::kTime32, 4) : Fixed(TypeId::kTime64, 8);
  } else if (format[1] == 'D' && format.size() == 3) {
    type = Fixed(TypeId::kDuration, 8);
  } else if (format[1] == 's' && format.size() >= 4 && format[3] == ':') {
    type = Fixed(TypeId::kTimestamp, 8);
    type.zoned = format.size() > 4;
  } else {
    return std::nullopt;
  }
  type.unit = *unit;
  return type;
}

// "d:precision,scale[,bits]"
std::optional<DataType> ParseDecimal(std::string_view text) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto precision = ParseWhole<std::int32_t>(text.substr(0, comma));
  std::string_view rest = text.substr(comma + 1);
  std::int32_t bits = 128;
  if (const auto second = rest.find(','); second != std::string_view::npos) {
    const auto parsed = ParseWhole<std::int32_t>(rest.substr(second + 1));
    if (!parsed) return std::nullopt;
    bits = *parsed;
    rest = rest.substr(0, second);
  }
  const auto scale = ParseWhole<std::int32_t>(rest);
  if (!precision || !scale) return std::nullopt;
  DataType type;
  switch (bits) {
    case 32:
      type = Fixed(TypeId::kDecimal32, 4);
      break;
    case 64:
      type = Fixed(TypeId::kDecimal64, 8);
      break;
    case 128:
      type = Fixed(TypeId::kDecimal128, 16);
      break;
    case 256:
      type = Fixed(TypeId::kDecimal256, 32);
      break;
    default:
      return std::nullopt;
  }
  type.precision = *precision;
  type.scale = *scale;
  return type;
}

std::optional<DataType> ParseNested(std::string_view format) {
  if (format == "+l") return Of(TypeId::kList, Layout::kList32);
  if (format == "+L") return Of(TypeId::kLargeList, Layout::kList64);
  if (format == "+vl") return Of(TypeId::kListView, Layout::kListView32);
  if (format == "+vL") return Of(TypeId::kLargeListView, Layout::kListView64);
  if (format == "+s") return Of(TypeId::kStruct, Layout::kStruct);
  if (format == "+m") return Of(TypeId::kMap, Layout::kList32);
  if (format == "+r") return Of(TypeId::kRunEndEncoded, Layout::kRunEndEncoded);
  if (format.starts_with("+ud:")) return Of(TypeId::kDenseUnion, Layout::kDenseUnion);
  if (format.starts_with("+us:")) return Of(TypeId::kSparseUnion, Layout::kSparseUnion);
  if (format.starts_with("+w:")) {
    const auto size = ParseWhole<std::int32_t>(format.substr(3));
    if (!size || *size < 0) return std::nullopt;
    DataType type = Of(TypeId::kFixedSizeList, Layout::kFixedSizeList);
    type.list_size = *size;
    return type;
  }
  return std::nullopt;
}

// Formats of more than one letter. Apart, so that the others do not pay for its frame.
[[gnu::noinline]] std::optional<DataType> ParseLong(std::string_view format) {
  if (format == "vu") return Of(TypeId::kUtf8View, Layout::kViews);
  if (format == "vz") return Of(TypeId::kBinaryView, Layout::kViews);
  if (format[0] == 't') return ParseTemporal(format);
  if (format[0] == '+') return ParseNested(format);
  if (format.starts_with("d:")) return ParseDecimal(format.substr(2));
  if (format.starts_with("w:")) {
    const auto width = ParseWhole<std::int32_t>(format.substr(2));
    if (!width || *width < 0) return std::nullopt;
    return Fixed(TypeId::kFixedSizeBinary, *width);
  }
  return std::nullopt;
}

}  // namespace

Result<DataType> ParseFormat(std::string_view format) {
  if (format.empty()) return UnknownFormat(format);
  const auto type = format.size() == 1 ? ParseOneLetter(format[0]) : ParseLong(format);
  if (!type) return UnknownFormat(format);
  return *type;
}

bool IsSignedInteger(TypeId id) {
  return id == TypeId::kInt8 || id == TypeId::kInt16 || id == TypeId::kInt32 ||
         id == TypeId::kInt64;
}

bool IsUnsignedInteger(TypeId id) {
  return id == TypeId::kUint8 || id == TypeId::kUint16 || id == TypeId::kUint32 ||
         id == TypeId::kUint64;
}

bool IsFloat(TypeId id) {
  return id == TypeId::kFloat16 || id == TypeId::kFloat32 || id == TypeId::kFloat64;
}

bool IsDecimal(TypeId id) {
  return id == TypeId::kDecimal32 || id == TypeId::kDecimal64 || id == TypeId::kDecimal128 ||
         id == TypeId::kDecimal256;
}

bool IsTemporal(TypeId id) {
  return id == TypeId::kDate32 || id == TypeId::kDate64 || id == TypeId::kTime32 ||
         id == TypeId::kTime64 || id == TypeId::kTimestamp || id == TypeId::kDuration;
}

bool IsString(TypeId id) {
  return id == TypeId::kUtf8 || id == TypeId::kLargeUtf8 || id == TypeId::kUtf8View;
}

bool IsBinary(TypeId id) {
  return id == TypeId::kBinary || id == TypeId::kLargeBinary || id == TypeId::kBinaryView;
}

bool IsNested(TypeId id) {
  switch (id) {
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kListView:
    case TypeId::kLargeListView:
    case TypeId::kFixedSizeList:
    case TypeId::kStruct:
    case TypeId::kMap:
    case TypeId::kDenseUnion:
    case TypeId::kSparseUnion:
    case TypeId::kRunEndEncoded:
      return true;
    default:
      return false;
  }
}

}  // namespace lakegate::columnar
