// The sides of an as-of join in the order in which it searches them.
#ifndef LAKEGATE_KERNELS_ASOF_SLOTS_H_
#define LAKEGATE_KERNELS_ASOF_SLOTS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "columnar/scratch.h"
#include "kernels/asof_points.h"
#include "kernels/work.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

struct AsofSide {
  Points points;
  std::vector<Row> groups;  // of each row by its equality keys; empty without keys
  bool sorted = false;      // declared, and verified

  // kNoRow for a row that meets nothing.
  Row GroupOf(std::size_t row) const {
    if (!points.HasPlace(row)) return kNoRow;
    return groups.empty() ? 0 : groups[row];
  }
};

// Rows by group, value and row, those that meet nothing last; empty when they stand like that.
// Groups are numbered below `groups`. kCancelled.
Result<columnar::Scratch<Row>> OrderOf(const AsofSide& side, std::size_t groups,
                                       const KernelContext& context);

// The rows of the right side that may be met, in order. A place in that order is a slot.
class Slots {
 public:
  // Borrows from `side`. kCancelled.
  static Result<Slots> Make(const AsofSide& side, std::size_t groups, const KernelContext& context);

  std::size_t size() const { return values_.size(); }
  std::size_t groups() const { return first_.size() - 1; }
  // Slots [first, second) of a group.
  std::pair<Row, Row> OfGroup(Row group) const { return {first_[group], first_[group + 1]}; }
  std::span<const std::int64_t> values() const { return values_; }
  Row RowOf(Row slot) const { return rows_.empty() ? slot : rows_[slot]; }

 private:
  columnar::Scratch<Row> rows_;  // empty: a slot is its row
  columnar::Scratch<std::int64_t> read_;
  std::span<const std::int64_t> values_;
  std::vector<Row> first_;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ASOF_SLOTS_H_
