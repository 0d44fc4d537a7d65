// dedupe: one row for each distinct key.
//
// Two rows have the same key when all key columns are equal by value: dictionary, view and
// plain strings alike, NaN equals NaN, -0 equals +0, and null equals null, so null keys form
// one group (for each combination of the other key columns).
//
// Method: keys become dense group ids by hashing once; order columns are packed into one
// comparable integer a row; one pass keeps the winner of each group; payload is gathered
// last. O(n log n) in the worst case, O(n) without an order.
#ifndef LAKEGATE_DEDUPE_H_
#define LAKEGATE_DEDUPE_H_

#include <string>
#include <string_view>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/export.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate {

enum class DedupeStrategy {
  kKeepFirst,      // the first row after sorting by `order`; then the lowest ordinal
  kKeepBest,       // the best `score`, then `order`, then the lowest ordinal
  kKeepArbitrary,  // the lowest ordinal: cheapest, and still deterministic
  kCollapseList,   // all rows: every other column becomes a list in `order` order
};

struct DedupeOptions {
  // At least one column; no keys is an error, not silence.
  std::vector<std::string> keys = {};

  DedupeStrategy strategy = DedupeStrategy::kKeepFirst;

  // Decides within a group; the input ordinal always follows. Not for kKeepArbitrary.
  std::vector<SortKey> order = {};

  // kKeepBest only, and needed there: the column whose value decides first. A null never
  // wins against a value, in either direction.
  std::string score = {};
  // kDescending: the greatest wins.
  SortDirection score_direction = SortDirection::kDescending;

  // kInvalidArgument: no keys, a key named twice or empty, a missing score, an option set
  // that the strategy does not read.
  LAKEGATE_EXPORT Status Validate() const;
};

// "keep_first", "keep_best", "keep_arbitrary", "collapse_list". An unknown word is
// kInvalidArgument; the message lists the allowed ones.
LAKEGATE_EXPORT std::string_view DedupeStrategyText(DedupeStrategy strategy);
LAKEGATE_EXPORT Result<DedupeStrategy> DedupeStrategyFromText(std::string_view text);

// Output of the keep strategies: the survivors, in input order, with the input's schema.
// Output of kCollapseList: one row a group in the order in which groups first appear;
// columns stay in input order; key columns have the value of the group's first row; any
// other column is list<its type> (the field keeps name and metadata, its item is named
// "item" and keeps the nullability; the list itself is never null).
// The ordering claim of the input is kept (for kCollapseList: its leading part that names
// keys); without one it is `implicit`.
//
// Errors: kInvalidArgument (an option), kNotFound (a column; the message lists the columns
// there are), kUnsupported (a nested key, order or score column), kCorruptData (a malformed
// batch), kResourceLimit, kCancelled, and whatever the input stream fails with.
LAKEGATE_EXPORT Result<ArrowStream> Dedupe(ArrowStream input, const DedupeOptions& options,
                                           const KernelContext& context);

}  // namespace lakegate

#endif  // LAKEGATE_DEDUPE_H_
