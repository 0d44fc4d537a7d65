// One log entry read back: what somebody's commit did.
#ifndef LAKEGATE_DELTA_COMMIT_ENTRY_H_
#define LAKEGATE_DELTA_COMMIT_ENTRY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/result.h"
#include "lakegate/write.h"

namespace lakegate::delta {

struct CommitEntry {
  std::int64_t version = -1;
  std::int64_t adds = 0;
  // The files it took away, by their paths as in the log.
  std::vector<std::string> removed = {};
  // Adds that bring rows, as opposed to compaction.
  bool adds_rows = false;
  // By its own word: rows were added without reading the table.
  bool blind_append = false;
  bool metadata = false;
  bool protocol = false;
  std::vector<AppTransaction> transactions = {};
  // Of commitInfo; "" where it says nothing.
  std::string operation = {};
  std::string write_id = {};
};

// `text` is newline-delimited actions. kCorruptData with the version and line.
Result<CommitEntry> ParseCommitEntry(std::int64_t version, std::string_view text);

// The member of commitInfo that carries the id of one write: how an outcome is looked up.
inline constexpr std::string_view kWriteIdKey = "lakegateWriteId";

}  // namespace lakegate::delta

#endif  // LAKEGATE_DELTA_COMMIT_ENTRY_H_
