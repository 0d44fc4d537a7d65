// OPTIMIZE: small files joined, or rows brought together along a z-order curve, in one commit.
#ifndef LAKEGATE_CONTROL_OPTIMIZE_H_
#define LAKEGATE_CONTROL_OPTIMIZE_H_

#include "control/change.h"

namespace lakegate::control {

// kNotFound for a z-order column that is not there, kInvalidArgument for one that has no order
// within a file.
Result<ChangeReceipt> OptimizeTable(const Call& call, const OptimizeOptions& optimize);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_OPTIMIZE_H_
