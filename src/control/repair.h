// FSCK: files that the log names and the disk lacks leave the log, in one commit.
#ifndef LAKEGATE_CONTROL_REPAIR_H_
#define LAKEGATE_CONTROL_REPAIR_H_

#include "control/change.h"

namespace lakegate::control {

Result<ChangeReceipt> RepairTable(const Call& call);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_REPAIR_H_
