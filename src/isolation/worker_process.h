// A process of its own that runs what is not trusted, and the two ways to it: a socket for
// messages and a pipe that it writes rows into.
//
// The program finds the socket as descriptor 3 and the pipe's end as descriptor 4; its standard
// streams are /dev/null, its environment is empty, nothing else of this process is open in it.
// Owner: one. Threads: `Kill` from any, also while another thread reads; the rest one at a time.
#ifndef LAKEGATE_ISOLATION_WORKER_PROCESS_H_
#define LAKEGATE_ISOLATION_WORKER_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "isolation/descriptor.h"
#include "lakegate/error.h"
#include "lakegate/result.h"

namespace lakegate::isolation {

// Where a program finds what its parent gave it.
inline constexpr int kControlDescriptor = 3;
inline constexpr int kRowsDescriptor = 4;

class WorkerProcess {
 public:
  // kUnavailable naming the program when it cannot be started.
  static Result<std::unique_ptr<WorkerProcess>> Start(const std::string& program,
                                                      const std::vector<std::string>& arguments);
  // Kills the process if it lives, and waits for it.
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  int control() const { return control_.get(); }
  int rows() const { return rows_.get(); }
  pid_t pid() const { return pid_; }

  // At once; what it was doing is lost. Its descriptors close, so that whoever reads them wakes.
  void Kill();

  // Waits a moment, kills it if it still lives, and says how it ended: kResourceLimit for the
  // signals of passed limits (SIGABRT, by which failed allocations and full stacks end, SIGXCPU,
  // SIGXFSZ, SIGKILL that was not ours), kInternal otherwise.
  Error Ending();
  // Whether it had to be killed. Known after `Ending`.
  bool was_killed() const { return killed_; }

 private:
  WorkerProcess(pid_t pid, Descriptor control, Descriptor rows)
      : pid_(pid), control_(std::move(control)), rows_(std::move(rows)) {}
  // Its status; kills it where it does not end by itself in so long.
  int Wait(std::chrono::milliseconds grace);

  const pid_t pid_;
  Descriptor control_;
  Descriptor rows_;
  std::mutex mutex_;
  // Guarded by mutex_: a process that was waited for has no number any more.
  bool waited_ = false;
  bool killed_ = false;
  int status_ = 0;
};

}  // namespace lakegate::isolation

#endif  // LAKEGATE_ISOLATION_WORKER_PROCESS_H_
