// The files that this process may still reach, by the Landlock of the Linux kernel
// (Documentation/userspace-api/landlock.rst).
#ifndef LAKEGATE_ISOLATION_FILE_RULES_H_
#define LAKEGATE_ISOLATION_FILE_RULES_H_

#include <string>
#include <vector>

#include "lakegate/result.h"

namespace lakegate::isolation {

// For this thread and those it makes from now on; needs no_new_privs. Paths that do not exist are
// left out. False where the kernel has no Landlock; kInternal when it refuses.
Result<bool> RestrictFiles(const std::vector<std::string>& readable,
                           const std::vector<std::string>& writable);

}  // namespace lakegate::isolation

#endif  // LAKEGATE_ISOLATION_FILE_RULES_H_
