// The other side of `isolation = "process"`: what a program does that a session starts as its
// worker. The `lakegate` command has it as its verb `worker`; a program of your own, named by the
// setting worker_program, calls it first of all when its first argument is "worker".
#ifndef LAKEGATE_WORKER_H_
#define LAKEGATE_WORKER_H_

#include "lakegate/export.h"

namespace lakegate {

// Serves the session that started this process, until that goes; gives the exit code. Call it
// before the program makes a thread or opens a file: it narrows the process for good.
LAKEGATE_EXPORT int RunWorker();

}  // namespace lakegate

#endif  // LAKEGATE_WORKER_H_
