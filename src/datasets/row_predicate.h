// Conditions on rows, evaluated batch by batch: the contract's view of the engine.
//
// Whoever has an engine implements it (one expression for each check, compiled once); this
// room never sees one. Threads: one at a time.
#ifndef LAKEGATE_DATASETS_ROW_PREDICATE_H_
#define LAKEGATE_DATASETS_ROW_PREDICATE_H_

#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::datasets {

class RowPredicate {
 public:
  virtual ~RowPredicate() = default;

  // A struct array of one boolean column for each check, in the checks' order, as long as
  // `batch`; null is allowed and counts as a violation. `batch` is borrowed for the call.
  virtual Result<OwnedArray> Evaluate(const ArrowSchema& schema, const OwnedArray& batch) = 0;
};

}  // namespace lakegate::datasets

#endif  // LAKEGATE_DATASETS_ROW_PREDICATE_H_
