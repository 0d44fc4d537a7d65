// One table's log: read a version, swap in the next one, look back.
//
// An interface, so that tests can lose answers and races on purpose; `OpenLog` gives the real
// one. Threads: from any. Nothing here retries.
#ifndef LAKEGATE_DELTA_LOG_H_
#define LAKEGATE_DELTA_LOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delta/snapshot.h"
#include "engine/engine.h"
#include "lakegate/result.h"

namespace lakegate::delta {

class Log {
 public:
  virtual ~Log() = default;

  virtual const std::string& path() const = 0;
  // The newest version; nothing when there is no table here.
  virtual Result<std::optional<Snapshot>> Read() = 0;
  // What the snapshot's version has recorded for an application.
  virtual Result<std::optional<std::int64_t>> AppVersion(const Snapshot& snapshot,
                                                         std::string_view app_id) = 0;
  // The live files of a snapshot as a JSON array of Adds.
  virtual Result<std::string> Files(const Snapshot& snapshot) = 0;
  // Compare-and-swap on `base`, null for a table that must not exist. kCommitConflict,
  // kCommitUnknown, or an error after which nothing has landed.
  virtual Result<std::int64_t> Commit(const Snapshot* base, std::string_view request) = 0;
  // The entry of one version; kNotFound past the head.
  virtual Result<std::string> ReadCommit(std::int64_t version) = 0;
  // Removes staged files. Only for files that are certainly not in the log.
  virtual Status Discard(const std::vector<std::string>& files) = 0;
};

// A version of the table, its head when neither is given. kNotFound, with the versions there are.
Result<Snapshot> ReadSnapshot(const engine::Engine& engine, const std::string& path,
                              std::optional<std::int64_t> version,
                              std::optional<std::int64_t> timestamp_ms);

// `path` is absolute. The engine is shared by the log.
std::unique_ptr<Log> OpenLog(std::shared_ptr<const engine::Engine> engine, std::string path);

}  // namespace lakegate::delta

#endif  // LAKEGATE_DELTA_LOG_H_
