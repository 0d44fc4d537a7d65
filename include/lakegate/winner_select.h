// winner_select: the best row of each group by a score.
//
// Rows belong together when all key columns are equal by value, as in dedupe.h; null equals
// null. Without keys the whole input is one group.
//
// Method: keys become dense group ids; score and tie breakers are packed into one comparable
// integer a row; one pass keeps the winner of each group; payload is gathered last. O(n)
// where the packed order fits a word, O(n log n) otherwise.
#ifndef LAKEGATE_WINNER_SELECT_H_
#define LAKEGATE_WINNER_SELECT_H_

#include <string>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/export.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate {

struct WinnerSelectOptions {
  // None: one winner of all rows.
  std::vector<std::string> keys = {};

  // The column that decides first; needed. A null never wins against a value, in either
  // direction; between nulls the tie breakers decide.
  std::string score = {};
  // kDescending: the greatest wins (NaN is greatest).
  SortDirection score_direction = SortDirection::kDescending;

  // Decide between equal scores, in order; the lowest input ordinal follows.
  std::vector<SortKey> tie_breakers = {};

  // kInvalidArgument: no score, a name that is empty, a key named twice, the score among the
  // keys.
  LAKEGATE_EXPORT Status Validate() const;
};

// Output: the winners, in input order, with the input's schema and its ordering claim
// (`implicit` where it made none).
//
// Errors: kInvalidArgument (an option), kNotFound (a column; the message lists the columns
// there are), kUnsupported (a nested key, score or tie breaker), kCorruptData (a malformed
// batch), kResourceLimit, kCancelled, and whatever the input stream fails with.
LAKEGATE_EXPORT Result<ArrowStream> WinnerSelect(ArrowStream input,
                                                 const WinnerSelectOptions& options,
                                                 const KernelContext& context);

}  // namespace lakegate

#endif  // LAKEGATE_WINNER_SELECT_H_
