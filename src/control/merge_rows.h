// MERGE: rows of a source change, remove and add rows of a table, in one commit.
//
// Three questions are asked of the engine: which rows of the table does a clause change (and does
// more than one row of the source want to), what do the files they are in hold afterwards, and
// which rows of the source are new. All as SQL texts over `target` and `source`; the engine's
// memory limit holds for each.
#ifndef LAKEGATE_CONTROL_MERGE_ROWS_H_
#define LAKEGATE_CONTROL_MERGE_ROWS_H_

#include <string>

#include "control/change.h"
#include "engine/statement.h"
#include "lakegate/delta_table.h"

namespace lakegate::control {

// Rows that may be read several times, each time the same.
struct MergeSource {
  const ArrowSchema& schema;
  engine::StreamFactory open;
};

// Conditions and expressions were judged. kInvalidArgument for clauses that contradict each other
// or can never be reached, kNotFound for a column, kSchemaMismatch for a source that lacks columns
// of a clause without `set`, kConstraintViolation naming a row that several source rows would
// change.
Result<ChangeReceipt> MergeRows(const Call& call, const MergeSource& source,
                                const MergeOptions& merge);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_MERGE_ROWS_H_
