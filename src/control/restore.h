// RESTORE: the head becomes what an earlier version was, in one commit.
#ifndef LAKEGATE_CONTROL_RESTORE_H_
#define LAKEGATE_CONTROL_RESTORE_H_

#include "control/change.h"

namespace lakegate::control {

// Files come back as the log had them; kNotFound naming those that the disk lacks. The protocol
// stays what it is: it is never lowered.
Result<ChangeReceipt> RestoreTable(const Call& call, const DeltaVersion& to);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_RESTORE_H_
