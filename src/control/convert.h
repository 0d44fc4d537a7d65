// A folder of Parquet files that becomes a Delta table where it lies.
#ifndef LAKEGATE_CONTROL_CONVERT_H_
#define LAKEGATE_CONTROL_CONVERT_H_

#include "control/change.h"

namespace lakegate::control {

// One entry that names the files; none of them is touched. kNotFound without files, kAlreadyExists
// for a Delta table, kSchemaMismatch naming a file whose columns are others, kInvalidArgument for
// folders that are not the partitions asked for, kUnsupported for a type that Delta has not.
Result<ChangeReceipt> ConvertTable(const Call& call, const ConvertOptions& convert);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_CONVERT_H_
