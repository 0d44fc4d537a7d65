// Temporary files of writes that were killed: named here, and swept by the next write.
#ifndef LAKEGATE_WRITE_ABANDONED_FILES_H_
#define LAKEGATE_WRITE_ABANDONED_FILES_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "base/uuid.h"

namespace lakegate::write {

// A hidden name beside `target` that no other write has.
std::string TemporaryBeside(const std::filesystem::path& target, base::RandomSource& random);

// Says that the writer of a temporary file lives, until this is destroyed or the process ends:
// a shared lock (flock), where the file system has them. Elsewhere it says nothing.
class LiveMark {
 public:
  LiveMark() = default;
  explicit LiveMark(const std::string& file);
  LiveMark(LiveMark&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  LiveMark& operator=(LiveMark&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~LiveMark();

 private:
  int descriptor_ = -1;
};

// Removes the temporary files of `target` that nobody has written to for `age_ms` and whose
// writer has no LiveMark; age 0 removes none. What cannot be removed stays: it is in nobody's
// way.
void SweepAbandoned(const std::filesystem::path& target, std::int64_t age_ms);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_ABANDONED_FILES_H_
