// Checkpoints of the log, and the removal of entries that a checkpoint has made needless.
#ifndef LAKEGATE_CONTROL_LOG_FILES_H_
#define LAKEGATE_CONTROL_LOG_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/change.h"

namespace lakegate::control {

Result<ChangeReceipt> CheckpointTable(const Call& call);
Result<ChangeReceipt> CleanLog(const Call& call);

// A file of a log folder.
struct LogFile {
  std::string name;
  std::int64_t written_at_ms = 0;
};

// Which files may go: those of versions below the newest whole checkpoint that is no younger
// than the first version written at or after the cutoff, as far as they are older than it. Every
// version from the cutoff on stays readable. Pure.
std::vector<std::string> NeedlessLogFiles(const std::vector<LogFile>& files,
                                          std::int64_t head_version, std::int64_t cutoff_ms);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_LOG_FILES_H_
