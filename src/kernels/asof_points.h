// The ordered column of an as-of join's side as integers that compare like its values.
#ifndef LAKEGATE_KERNELS_ASOF_POINTS_H_
#define LAKEGATE_KERNELS_ASOF_POINTS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "kernels/work.h"
#include "lakegate/cancel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// How values became integers; both sides must agree.
enum class PointKind {
  kSigned,      // as they are
  kUnsigned64,  // shifted by 2^63
  kFloat,       // bits, mirrored below zero
};

// The kind of a pair of columns. kNotFound; kSchemaMismatch when they do not compare.
Result<PointKind> PointKindOf(const ArrowSchema& left, std::string_view left_on,
                              const ArrowSchema& right, std::string_view right_on);

struct Points {
  std::vector<std::int64_t> value;
  // kNoRow where the value or a key is null, or the value is NaN.
  std::vector<Row> group;
  std::size_t size() const { return value.size(); }
};

// Points of a side; `groups` are those of its equality keys. kCancelled.
Result<Points> ReadPoints(const columnar::Collected& table, std::string_view column, PointKind kind,
                          std::vector<Row> groups, const CancelToken& cancel);

// kConstraintViolation unless the column is ascending with nulls (and NaN) last; `side` is
// "left" or "right". kCancelled.
Status VerifySorted(const columnar::Collected& table, std::string_view column, PointKind kind,
                    std::string_view side, const CancelToken& cancel);

// How far apart two values are: exact for integers; for floats the difference as a double,
// its bits (which order like the difference, because it is not negative).
std::uint64_t DistanceOf(std::int64_t a, std::int64_t b, PointKind kind);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ASOF_POINTS_H_
