// The ordered column of an as-of join's side as integers that compare like its values.
#ifndef LAKEGATE_KERNELS_ASOF_POINTS_H_
#define LAKEGATE_KERNELS_ASOF_POINTS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "columnar/collected.h"
#include "columnar/scratch.h"
#include "lakegate/kernel.h"
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

// A column of one batch that is stored as the integers wanted is read where it lies.
class Points {
 public:
  // Borrows from `table`. kNotFound, kCancelled.
  static Result<Points> Read(const columnar::Collected& table, std::string_view column,
                             PointKind kind, const KernelContext& context);

  std::size_t size() const { return values_.size(); }
  // Anything where the row has no place.
  std::int64_t value(std::size_t row) const { return values_[row]; }
  std::span<const std::int64_t> values() const { return values_; }
  // A null or a NaN has no place in the order.
  bool HasPlace(std::size_t row) const { return valid_.empty() || valid_[row]; }
  bool AllHavePlaces() const { return valid_.empty(); }

 private:
  friend class PointReader;
  std::span<const std::int64_t> values_;
  columnar::Scratch<std::int64_t> read_;
  columnar::Scratch<bool> valid_;  // empty where every row has a place
};

// What a side is called in messages.
struct PointSide {
  std::string_view name;    // "left" or "right"
  std::string_view column;  // its ordered column
};

// kConstraintViolation unless the points are ascending, rows without a place last. kCancelled.
Status VerifySorted(const Points& points, PointKind kind, const PointSide& side,
                    const KernelContext& context);

// How far apart two values are: exact for integers; for floats the difference as a double,
// its bits (which order like the difference, because it is not negative).
std::uint64_t DistanceOf(std::int64_t a, std::int64_t b, PointKind kind);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ASOF_POINTS_H_
