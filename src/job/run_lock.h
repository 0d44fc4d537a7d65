// One run of a job at a time: a lock on <run directory>/<job>.lock, which the system lets go
// with the process, whatever ends it. The file stays; only the lock counts.
#ifndef LAKEGATE_JOB_RUN_LOCK_H_
#define LAKEGATE_JOB_RUN_LOCK_H_

#include <string>
#include <utility>

#include "lakegate/result.h"

namespace lakegate::job {

class RunLock {
 public:
  // kUnavailable, naming the process that runs the job; kIo.
  static Result<RunLock> Acquire(const std::string& run_directory, const std::string& job);
  RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock();

 private:
  explicit RunLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace lakegate::job

#endif  // LAKEGATE_JOB_RUN_LOCK_H_
