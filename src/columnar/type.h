// The logical type a format string names, and the physical layout it is stored in.
#ifndef LAKEGATE_COLUMNAR_TYPE_H_
#define LAKEGATE_COLUMNAR_TYPE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "lakegate/result.h"

namespace lakegate::columnar {

enum class TypeId {
  kNull,
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat16,
  kFloat32,
  kFloat64,
  kDecimal32,
  kDecimal64,
  kDecimal128,
  kDecimal256,
  kDate32,  // days
  kDate64,  // milliseconds
  kTime32,
  kTime64,
  kTimestamp,
  kDuration,
  kIntervalMonths,
  kIntervalDayTime,
  kIntervalMonthDayNano,
  kUtf8,
  kLargeUtf8,
  kUtf8View,
  kBinary,
  kLargeBinary,
  kBinaryView,
  kFixedSizeBinary,
  kList,
  kLargeList,
  kListView,
  kLargeListView,
  kFixedSizeList,
  kStruct,
  kMap,
  kDenseUnion,
  kSparseUnion,
  kRunEndEncoded,
};

enum class TimeUnit { kSecond, kMillisecond, kMicrosecond, kNanosecond };

// How the buffers look: what copying code branches on.
enum class Layout {
  kNull,           // no buffers
  kBits,           // validity, bits
  kFixed,          // validity, values of `byte_width`
  kOffsets32,      // validity, int32 offsets, bytes
  kOffsets64,      // validity, int64 offsets, bytes
  kViews,          // validity, 16-byte views, variadic bytes, their sizes
  kList32,         // validity, int32 offsets; one child
  kList64,         // validity, int64 offsets; one child
  kListView32,     // validity, int32 offsets, int32 sizes; one child
  kListView64,     // validity, int64 offsets, int64 sizes; one child
  kFixedSizeList,  // validity; one child
  kStruct,         // validity; children
  kDenseUnion,     // type ids, int32 offsets; children
  kSparseUnion,    // type ids; children
  kRunEndEncoded,  // no buffers; run ends and values
};

struct DataType {
  TypeId id = TypeId::kNull;
  Layout layout = Layout::kNull;
  std::int64_t byte_width = 0;  // kFixed: bytes of a value
  std::int64_t list_size = 0;   // kFixedSizeList: items of a row
  TimeUnit unit = TimeUnit::kSecond;
  bool zoned = false;          // timestamp with a time zone
  std::int32_t precision = 0;  // decimals
  std::int32_t scale = 0;
  bool operator==(const DataType&) const = default;
};

// kUnsupported when the format is not one of the specification's.
Result<DataType> ParseFormat(std::string_view format);

bool IsSignedInteger(TypeId id);
bool IsUnsignedInteger(TypeId id);
inline bool IsInteger(TypeId id) { return IsSignedInteger(id) || IsUnsignedInteger(id); }
bool IsFloat(TypeId id);
bool IsDecimal(TypeId id);
// Date, time, timestamp or duration: one integer with a unit. Not the calendar intervals.
bool IsTemporal(TypeId id);
// utf8 in any of its three forms; binary in any of its three forms.
bool IsString(TypeId id);
bool IsBinary(TypeId id);
bool IsNested(TypeId id);

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_TYPE_H_
