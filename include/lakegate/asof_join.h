// asof_join: gives each left row the right row whose time is nearest on one side.
//
// Rows meet when all `by` keys are equal by value (as in interval_align.h; a null meets
// nothing) and their `on` values stand as the direction says:
//   backward  the greatest right value at or before the left one
//   forward   the least right value at or after the left one
//   nearest   the smaller distance; at one distance the earlier one (backward)
// Among right rows of one `on` value the last one (greatest ordinal) is taken backward, the
// first one forward; nearest takes the last one at or before, the first one after. A null
// `on` meets nothing.
//
// `on` columns: any integers (uint64 only with unsigned ones), the same temporal type with
// the same unit, or both floats (NaN meets nothing).
//
// A side that is declared sorted is verified while it is read and never sorted again; else
// keys are packed and radix sorted. Then both sides are merged: O(n + m) declared, O((n + m)
// log) otherwise; few left rows into many sorted right rows are looked up by binary search.
#ifndef LAKEGATE_ASOF_JOIN_H_
#define LAKEGATE_ASOF_JOIN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/export.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate {

enum class AsofDirection { kBackward, kForward, kNearest };

struct AsofJoinOptions {
  // The ordered column of each side; an empty `right_on` means the name of `left_on`.
  std::string left_on = {};
  std::string right_on = {};

  // Equality keys, pairwise; none: every row may meet every row. An empty `right_by` means
  // the names of `left_by`.
  std::vector<std::string> left_by = {};
  std::vector<std::string> right_by = {};

  AsofDirection direction = AsofDirection::kBackward;
  JoinHow how = JoinHow::kLeft;

  // How far apart the two may be, in units of the `on` column, inclusive. Not for floats.
  std::optional<std::int64_t> tolerance = {};

  // Whether an equal value counts.
  bool allow_exact = true;

  // The side is sorted by `on`, ascending, nulls last. A row that breaks it is an error.
  bool left_sorted = false;
  bool right_sorted = false;

  // Appended to the name of a right column, as often as needed, until no other column of the
  // output has that name. Left columns always keep theirs.
  std::string right_suffix = "_right";

  // kInvalidArgument: no `left_on`, an empty name or suffix, key lists of different lengths, a
  // negative tolerance.
  LAKEGATE_EXPORT Status Validate() const;
};

// "backward", "forward", "nearest". An unknown word is kInvalidArgument; the message lists
// the allowed ones.
LAKEGATE_EXPORT std::string_view AsofDirectionText(AsofDirection direction);
LAKEGATE_EXPORT Result<AsofDirection> AsofDirectionFromText(std::string_view text);

// Output: left columns, then right columns (kInner and kLeft; all of them, keys included), in
// left order. Unmatched left rows have nulls on the right (kLeft). Field metadata is kept,
// right fields become nullable under kLeft; schema metadata is the left table's with its
// ordering claim (`implicit` where it made none).
//
// Errors: kInvalidArgument (an option), kNotFound (a column; the message lists the columns
// there are), kSchemaMismatch (`on` columns of two kinds or of none allowed, keys of two
// kinds, a tolerance with floats), kConstraintViolation (a declared order that does not hold;
// the message has side, row and both values), kUnsupported (a nested key), kCorruptData (a
// malformed batch), kResourceLimit, kCancelled, and whatever an input stream fails with.
LAKEGATE_EXPORT Result<ArrowStream> AsofJoin(ArrowStream left, ArrowStream right,
                                             const AsofJoinOptions& options,
                                             const KernelContext& context);

}  // namespace lakegate

#endif  // LAKEGATE_ASOF_JOIN_H_
