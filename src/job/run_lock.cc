#include "job/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/file.h"
#include "base/text.h"

namespace lakegate::job {
namespace {

std::string OwnerOf(int descriptor) {
  std::array<char, 32> text;
  const ssize_t size = pread(descriptor, text.data(), text.size(), 0);
  if (size <= 0) return "unknown";
  return std::string(
      base::TrimAscii(std::string_view(text.data(), static_cast<std::size_t>(size))));
}

}  // namespace

Result<RunLock> RunLock::Acquire(const std::string& run_directory, const std::string& job) {
  const std::string path = fmt::format("{}/{}.lock", run_directory, job);
  RunLock lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.descriptor_ < 0) return base::FileError("open", path, errno);
  if (flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return base::FileError("lock", path, errno);
    return Error(ErrorKind::kUnavailable,
                 fmt::format("Another run of this job is under way: '{}', process {}. Wait for it "
                             "to end, or stop it. Lock: {}",
                             job, OwnerOf(lock.descriptor_), path));
  }
  const std::string owner = fmt::format("{}\n", getpid());
  if (ftruncate(lock.descriptor_, 0) != 0 || pwrite(lock.descriptor_, owner.data(), owner.size(),
                                                    0) != static_cast<ssize_t>(owner.size())) {
    return base::FileError("write", path, errno);
  }
  return lock;
}

RunLock::~RunLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace lakegate::job
