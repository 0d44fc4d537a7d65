#include "kernels/asof_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/view.h"
#include "kernels/column_values.h"
#include "kernels/kernel_stream.h"
#include "kernels/parallel.h"
#include "kernels/work.h"

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

std::string TextOfPoint(std::int64_t point, PointKind kind) {
  if (kind == PointKind::kSigned) return fmt::format("{}", point);
  if (kind == PointKind::kFloat) return fmt::format("{}", DoubleOfPoint(point));
  return fmt::format("{}", static_cast<std::uint64_t>(point) ^ kSign);
}

// Whether values [first, last) fall nowhere, the one before `first` included.
bool Ascends(std::span<const std::int64_t> values, std::size_t first, std::size_t last) {
  // Without a branch in the loop the compiler compares several at once.
  std::int64_t descents = 0;
  for (std::size_t i = std::max<std::size_t>(first, 1); i < last; ++i) {
    descents += values[i] < values[i - 1] ? 1 : 0;
  }
  return descents == 0;
}

// Int64 values of a batch as they lie, when the column is stored like that.
const std::int64_t* PlainInt64(const ColumnView& view, PointKind kind) {
  const bool plain = kind == PointKind::kSigned && !view.is_dictionary() &&
                     view.type().byte_width == 8 && view.length() > 0 && view.CountNulls() == 0;
  return plain ? reinterpret_cast<const std::int64_t*>(view.Raw(0).data()) : nullptr;
}

// Rows of one batch that are read together.
struct Piece {
  const ColumnView* view;
  const std::int64_t* plain;  // row 0 of the batch, where values lie as they are wanted
  std::int64_t first;         // in the batch
  std::int64_t count;
  std::size_t at;  // of the first row, over all batches
};

std::vector<Piece> PiecesOf(const std::vector<ColumnView>& views, PointKind kind) {
  constexpr std::int64_t kMostTogether = std::int64_t{1} << 16;
  std::vector<Piece> pieces;
  std::size_t at = 0;
  for (const ColumnView& view : views) {
    const std::int64_t* const plain = PlainInt64(view, kind);
    for (std::int64_t first = 0; first < view.length(); first += kMostTogether) {
      const std::int64_t count = std::min(kMostTogether, view.length() - first);
      pieces.push_back({&view, plain, first, count, at});
      at += static_cast<std::size_t>(count);
    }
  }
  return pieces;
}

std::string TextAt(const Points& points, std::size_t row, PointKind kind) {
  return points.HasPlace(row) ? TextOfPoint(points.value(row), kind) : "null";
}

// Whether row `row` may stand where it does.
bool IsInOrder(const Points& points, std::size_t row) {
  if (row == 0 || !points.HasPlace(row)) return true;
  return points.HasPlace(row - 1) && points.value(row - 1) <= points.value(row);
}

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

// Fills points piece by piece.
class PointReader {
 public:
  PointReader(PointKind kind, const KernelContext& context) : kind_(kind), context_(context) {}

  Result<Points> Read(const std::vector<ColumnView>& views) {
    if (views.size() == 1) {
      if (const std::int64_t* values = PlainInt64(views.front(), kind_)) {
        points_.values_ = {values, static_cast<std::size_t>(views.front().length())};
        return std::move(points_);
      }
    }
    const std::vector<Piece> pieces = PiecesOf(views, kind_);
    const std::size_t rows =
        pieces.empty() ? 0 : pieces.back().at + static_cast<std::size_t>(pieces.back().count);
    points_.read_ = columnar::Scratch<std::int64_t>(rows, *PoolOf(context_));
    points_.valid_ = columnar::Scratch<bool>(rows, *PoolOf(context_));
    std::atomic<bool> all_valid = true;
    LG_RETURN_IF_ERROR(ParallelFor(context_, pieces.size(), [&](std::size_t i) -> Status {
      if (context_.cancel.cancelled()) return Cancelled("asof_join");
      if (!Fill(pieces[i])) all_valid.store(false, std::memory_order_relaxed);
      return {};
    }));
    if (all_valid.load(std::memory_order_relaxed)) points_.valid_ = {};
    points_.values_ = points_.read_.span();
    return std::move(points_);
  }

 private:
  // Whether all rows of the piece have places.
  bool Fill(const Piece& piece) {
    std::int64_t* const values = points_.read_.data() + piece.at;
    bool* const valid = points_.valid_.data() + piece.at;
    std::fill_n(valid, piece.count, true);
    if (piece.plain != nullptr) {
      std::copy_n(piece.plain + piece.first, piece.count, values);
      return true;
    }
    if (kind_ != PointKind::kFloat && !piece.view->is_dictionary()) {
      const auto count = static_cast<std::size_t>(piece.count);
      ReadIntegers(*piece.view, piece.first, count, reinterpret_cast<std::uint64_t*>(values));
      if (kind_ == PointKind::kUnsigned64) {
        for (std::size_t i = 0; i < count; ++i)
          values[i] ^= std::numeric_limits<std::int64_t>::min();
      }
      ClearNulls(*piece.view, piece.first, count, valid);
    } else {
      for (std::int64_t i = 0; i < piece.count; ++i) {
        const auto point = PointAt(*piece.view, piece.first + i, kind_);
        values[i] = point.value_or(0);
        valid[i] = point.has_value();
      }
    }
    return std::find(valid, valid + piece.count, false) == valid + piece.count;
  }

  PointKind kind_;
  const KernelContext& context_;
  Points points_;
};

Result<Points> Points::Read(const columnar::Collected& table, std::string_view column,
                            PointKind kind, const KernelContext& context) {
  LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(*table.schema, column));
  LG_ASSIGN_OR_RETURN(const auto views, ViewsOf(table, index));
  return PointReader(kind, context).Read(views);
}

Status VerifySorted(const Points& points, PointKind kind, const PointSide& side,
                    const KernelContext& context) {
  const RowRanges ranges{points.size()};
  return ParallelRanges(context, ranges, [&](std::size_t first, std::size_t last) -> Status {
    if (points.AllHavePlaces() && Ascends(points.values(), first, last)) return {};
    for (std::size_t row = first; row < last; ++row) {
      if (IsInOrder(points, row)) continue;
      return Error(
          ErrorKind::kConstraintViolation,
          fmt::format("The {} side is declared sorted by '{}', but it is not: row {} has {} after "
                      "{}; sort it, or leave {}_sorted out.",
                      side.name, side.column, row, TextAt(points, row, kind),
                      TextAt(points, row - 1, kind), side.name));
    }
    return {};
  });
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
