// `FROM t VERSION AS OF 3`, `FROM t TIMESTAMP AS OF '2026-11-27'`: which version of a dataset a
// statement wants.
#ifndef LAKEGATE_SESSION_TABLE_VERSION_H_
#define LAKEGATE_SESSION_TABLE_VERSION_H_

#include <string>
#include <string_view>

#include "lakegate/dataset.h"
#include "lakegate/result.h"

namespace lakegate::session {

// `name` and the version, as the engine finds the table in a statement.
std::string NameAtVersion(std::string_view name, std::string_view at);

// The location of `name` at the version, "VERSION AS OF 3" as the facts of the statement have it.
// kInvalidArgument: no version, no moment (UTC where the text names no zone), or a dataset that
// is pinned already.
Result<DatasetLocation> AtVersion(const DatasetLocation& location, std::string_view name,
                                  std::string_view at);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_TABLE_VERSION_H_
