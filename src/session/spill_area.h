// The directory where one session spills: made when it opens, gone when its last user goes.
//
// A process that dies leaves its directory behind; the next session that opens beside it takes
// it away. Alive or dead is told by a lock on a file inside, which the system lets go with the
// process, so no process id is ever trusted. Threads: any.
#ifndef LAKEGATE_SESSION_SPILL_AREA_H_
#define LAKEGATE_SESSION_SPILL_AREA_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/uuid.h"
#include "engine/engine.h"
#include "lakegate/result.h"

namespace lakegate::session {

class SpillArea {
 public:
  // "" as `parent` is the system's temporary directory. kIo when it cannot be written.
  static Result<std::shared_ptr<SpillArea>> Open(const std::string& parent,
                                                 std::int64_t limit_bytes,
                                                 base::RandomSource& random);
  ~SpillArea();
  SpillArea(const SpillArea&) = delete;
  SpillArea& operator=(const SpillArea&) = delete;

  const std::string& path() const { return path_; }
  // A path in here that nobody else gets: "<path>/<stem>-<n><ending>".
  std::string NewFile(std::string_view stem, std::string_view ending);

  // Counts bytes that files in here are going to hold: kResourceLimit, and nothing is counted,
  // beyond the limit (setting execution.spill_limit). The engine counts its own.
  Status Take(std::int64_t bytes);
  void GiveBack(std::int64_t bytes) { used_bytes_ -= bytes; }

 private:
  SpillArea(std::string path, std::int64_t limit_bytes, int lock)
      : path_(std::move(path)), limit_bytes_(limit_bytes), lock_(lock) {}

  const std::string path_;
  const std::int64_t limit_bytes_;
  const int lock_;  // file descriptor
  std::atomic<std::int64_t> used_bytes_{0};
  std::atomic<std::int64_t> files_{0};
};

// Removes what dead processes left under `parent`; failures are passed over, the next session
// tries again.
void RemoveLeftovers(const std::string& parent);

// The same engine, keeping its spill directory for as long as anybody keeps the engine.
std::shared_ptr<const engine::Engine> KeepSpillArea(std::shared_ptr<engine::Engine> engine,
                                                    std::shared_ptr<SpillArea> area);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_SPILL_AREA_H_
