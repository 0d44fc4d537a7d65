// Options of one column of a Delta table's files: "column.NAME.compression" and its kin.
#ifndef LAKEGATE_WRITE_COLUMN_OPTIONS_H_
#define LAKEGATE_WRITE_COLUMN_OPTIONS_H_

#include <map>
#include <string>
#include <string_view>

#include "engine/delta_log.h"
#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::write {

using ColumnOptions = std::map<std::string, engine::DeltaColumnOptions>;

bool IsColumnOption(std::string_view name);

// Adds what one option says. kInvalidArgument for a setting that columns do not have, or a value
// that it cannot have.
Status AddColumnOption(std::string_view name, const std::string& value, ColumnOptions* columns);

// kInvalidArgument with the columns there are.
Status CheckColumnsOf(const ColumnOptions& columns, const ArrowSchema& schema);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_COLUMN_OPTIONS_H_
