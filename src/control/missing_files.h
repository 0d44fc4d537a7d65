// Files that a log names and the disk lacks.
#ifndef LAKEGATE_CONTROL_MISSING_FILES_H_
#define LAKEGATE_CONTROL_MISSING_FILES_H_

#include <string>
#include <vector>

#include "delta/action.h"
#include "lakegate/result.h"

namespace lakegate::control {

// `table` is the table's root; files elsewhere (a shallow clone's) are taken for there.
Result<std::vector<delta::AddFile>> MissingFiles(const std::string& table,
                                                 const std::vector<delta::AddFile>& files);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_MISSING_FILES_H_
