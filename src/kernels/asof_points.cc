#include "kernels/asof_points.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/view.h"
#include "kernels/column_values.h"

namespace lakegate::kernels {
namespace {

using columnar::ColumnView;
using columnar::DataType;
using columnar::TypeId;

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

Result<DataType> OnType(const ArrowSchema& schema, std::string_view column, std::string_view role) {
  LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(schema, column, role));
  const ArrowSchema& field = *schema.children[index];
  const ArrowSchema& stored = field.dictionary != nullptr ? *field.dictionary : field;
  LG_ASSIGN_OR_RETURN(const DataType type, columnar::ParseFormat(stored.format));
  const bool allowed = columnar::IsInteger(type.id) || columnar::IsTemporal(type.id) ||
                       type.id == TypeId::kFloat32 || type.id == TypeId::kFloat64;
  if (allowed) return type;
  return Error(ErrorKind::kSchemaMismatch,
               fmt::format("The ordered column of an as-of join must be an integer, a temporal "
                           "value or a float: {} '{}' is {}.",
                           role, column, columnar::TypeName(field)));
}

// The kind of two types that compare.
std::optional<PointKind> KindOf(const DataType& a, const DataType& b) {
  if (columnar::IsFloat(a.id) || columnar::IsFloat(b.id)) {
    if (columnar::IsFloat(a.id) && columnar::IsFloat(b.id)) return PointKind::kFloat;
    return std::nullopt;
  }
  if (columnar::IsInteger(a.id) && columnar::IsInteger(b.id)) {
    if (a.id != TypeId::kUint64 && b.id != TypeId::kUint64) return PointKind::kSigned;
    const bool both = columnar::IsUnsignedInteger(a.id) && columnar::IsUnsignedInteger(b.id);
    return both ? std::optional(PointKind::kUnsigned64) : std::nullopt;
  }
  const bool same = a.id == b.id && a.unit == b.unit && a.zoned == b.zoned;
  return same ? std::optional(PointKind::kSigned) : std::nullopt;
}

// The float's bits as an integer of the same order (OrderedBits, but signed), and back.
std::int64_t PointOfDouble(double value) {
  return static_cast<std::int64_t>(OrderedBits(value) ^ kSign);
}

double DoubleOfPoint(std::int64_t point) {
  const std::uint64_t ordered = static_cast<std::uint64_t>(point) ^ kSign;
  return std::bit_cast<double>((ordered & kSign) != 0 ? ordered ^ kSign : ~ordered);
}

std::optional<std::int64_t> PointAt(const ColumnView& view, std::int64_t row, PointKind kind) {
  if (view.IsNull(row)) return std::nullopt;
  if (kind == PointKind::kSigned) return view.Int64(row);
  if (kind == PointKind::kUnsigned64) return static_cast<std::int64_t>(view.Uint64(row) ^ kSign);
  const double value = view.Double(row);
  if (std::isnan(value)) return std::nullopt;
  return PointOfDouble(value);
}

std::string TextOfPoint(const std::optional<std::int64_t>& point, PointKind kind) {
  if (!point) return "null";
  if (kind == PointKind::kSigned) return fmt::format("{}", *point);
  if (kind == PointKind::kFloat) return fmt::format("{}", DoubleOfPoint(*point));
  return fmt::format("{}", static_cast<std::uint64_t>(*point) ^ kSign);
}

// The first place of ascending int64 values without nulls that breaks the order, or `count`.
std::int64_t FirstDescent(const std::int64_t* values, std::int64_t count) {
  constexpr std::int64_t kBlock = 1024;
  for (std::int64_t first = 1; first < count; first += kBlock) {
    const std::int64_t last = std::min(first + kBlock, count);
    // Without a branch in the loop the compiler compares several at once.
    std::int64_t descents = 0;
    for (std::int64_t i = first; i < last; ++i) descents += values[i] < values[i - 1] ? 1 : 0;
    if (descents == 0) continue;
    for (std::int64_t i = first; i < last; ++i) {
      if (values[i] < values[i - 1]) return i;
    }
  }
  return count;
}

// Int64 values of a batch as they lie, when the column is stored like that.
const std::int64_t* PlainInt64(const ColumnView& view, PointKind kind) {
  const bool plain = kind == PointKind::kSigned && !view.is_dictionary() &&
                     view.type().byte_width == 8 && view.length() > 0 && view.CountNulls() == 0;
  return plain ? reinterpret_cast<const std::int64_t*>(view.Raw(0).data()) : nullptr;
}

// Follows a column over its batches and knows the row that breaks the order.
class OrderCheck {
 public:
  OrderCheck(PointKind kind, std::string_view side, std::string_view column)
      : kind_(kind), side_(side), column_(column) {}

  Status Read(const ColumnView& view, const CancelToken& cancel) {
    if (const std::int64_t* values = PlainInt64(view, kind_)) {
      LG_RETURN_IF_ERROR(Add(values[0], rows_));
      const std::int64_t at = FirstDescent(values, view.length());
      if (at < view.length()) {
        previous_ = values[at - 1];
        return Add(values[at], rows_ + at);
      }
      previous_ = values[view.length() - 1];
    } else {
      for (std::int64_t row = 0; row < view.length(); ++row) {
        if (StopAt(static_cast<std::size_t>(row), cancel)) return Cancelled("asof_join");
        LG_RETURN_IF_ERROR(Add(PointAt(view, row, kind_), rows_ + row));
      }
    }
    rows_ += view.length();
    return {};
  }

 private:
  Status Add(std::optional<std::int64_t> point, std::int64_t row) {
    const bool ordered = row == 0 || !point || (previous_ && *previous_ <= *point);
    if (ordered) {
      previous_ = point;
      return {};
    }
    return Error(
        ErrorKind::kConstraintViolation,
        fmt::format("The {} side is declared sorted by '{}', but it is not: row {} has {} after "
                    "{}; sort it, or leave {}_sorted out.",
                    side_, column_, row, TextOfPoint(point, kind_), TextOfPoint(previous_, kind_),
                    side_));
  }

  PointKind kind_;
  std::string_view side_;
  std::string_view column_;
  std::int64_t rows_ = 0;
  std::optional<std::int64_t> previous_;
};

}  // namespace

Result<PointKind> PointKindOf(const ArrowSchema& left, std::string_view left_on,
                              const ArrowSchema& right, std::string_view right_on) {
  LG_ASSIGN_OR_RETURN(const DataType a, OnType(left, left_on, "left_on"));
  LG_ASSIGN_OR_RETURN(const DataType b, OnType(right, right_on, "right_on"));
  if (const auto kind = KindOf(a, b)) return *kind;
  const auto type_name = [](const ArrowSchema& schema, std::string_view column) {
    return columnar::TypeName(*schema.children[columnar::FindColumn(schema, column).value()]);
  };
  return Error(
      ErrorKind::kSchemaMismatch,
      fmt::format("The ordered columns are of different kinds: '{}' is {} and '{}' is "
                  "{}; cast one of them.",
                  left_on, type_name(left, left_on), right_on, type_name(right, right_on)));
}

Result<Points> ReadPoints(const columnar::Collected& table, std::string_view column, PointKind kind,
                          std::vector<Row> groups, const CancelToken& cancel) {
  Points points;
  points.group = std::move(groups);
  points.value.resize(points.group.size());
  LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(*table.schema, column));
  LG_ASSIGN_OR_RETURN(const auto views, ViewsOf(table, index));
  std::size_t at = 0;
  for (const ColumnView& view : views) {
    if (cancel.cancelled()) return Cancelled("asof_join");
    if (const std::int64_t* values = PlainInt64(view, kind)) {
      std::copy_n(values, view.length(), points.value.begin() + static_cast<std::ptrdiff_t>(at));
      at += static_cast<std::size_t>(view.length());
      continue;
    }
    for (std::int64_t row = 0; row < view.length(); ++row, ++at) {
      if (StopAt(at, cancel)) return Cancelled("asof_join");
      if (const auto point = PointAt(view, row, kind)) {
        points.value[at] = *point;
      } else {
        points.group[at] = kNoRow;
      }
    }
  }
  return points;
}

Status VerifySorted(const columnar::Collected& table, std::string_view column, PointKind kind,
                    std::string_view side, const CancelToken& cancel) {
  LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(*table.schema, column));
  LG_ASSIGN_OR_RETURN(const auto views, ViewsOf(table, index));
  OrderCheck check(kind, side, column);
  for (const ColumnView& view : views) {
    if (cancel.cancelled()) return Cancelled("asof_join");
    LG_RETURN_IF_ERROR(check.Read(view, cancel));
  }
  return {};
}

std::uint64_t DistanceOf(std::int64_t a, std::int64_t b, PointKind kind) {
  if (kind == PointKind::kFloat) {
    const double distance = std::abs(DoubleOfPoint(a) - DoubleOfPoint(b));
    // inf - inf: the same place.
    return std::bit_cast<std::uint64_t>(std::isnan(distance) ? 0.0 : distance);
  }
  const auto x = static_cast<std::uint64_t>(a);
  const auto y = static_cast<std::uint64_t>(b);
  return a < b ? y - x : x - y;
}

}  // namespace lakegate::kernels
