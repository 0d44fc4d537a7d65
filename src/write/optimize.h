// Compaction of a table: small files joined, or rows brought together along a z-order curve.
#ifndef LAKEGATE_WRITE_OPTIMIZE_H_
#define LAKEGATE_WRITE_OPTIMIZE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "delta/log.h"
#include "delta/snapshot.h"
#include "write/context.h"
#include "write/land.h"

namespace lakegate::write {

struct Compaction {
  std::int64_t target_file_bytes = 0;
  std::vector<std::string> z_order = {};
  std::string run_id = {};
  std::optional<std::int64_t> expected_version = {};
};

struct Compacted {
  // Nothing when there was nothing to do.
  std::optional<Landed> landed = {};
  std::map<std::string, std::int64_t> metrics = {};  // "numFilesAdded", "numFilesRemoved"
};

// Rewritten from `head` and committed in one entry. The same rows are in the table before and
// after; rows that are marked as deleted are not in the new files. kUnsupported for a z-order of a
// table with deletion vectors; kCommitConflict when a file that was rewritten is gone meanwhile.
Result<Compacted> Compact(delta::Log& log, const delta::Snapshot& head, const Compaction& options,
                          WriteContext& context);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_OPTIMIZE_H_
