// VACUUM: files that no version younger than the retention needs are removed from the disk.
//
// Kept: what the head names, what was removed from the table within the retention, everything
// that was written within it (a writer may be about to commit it), hidden names, and deletion
// vectors as long as any kept file has one.
#ifndef LAKEGATE_CONTROL_VACUUM_H_
#define LAKEGATE_CONTROL_VACUUM_H_

#include "control/change.h"

namespace lakegate::control {

Result<ChangeReceipt> VacuumTable(const Call& call, const VacuumOptions& vacuum);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_VACUUM_H_
