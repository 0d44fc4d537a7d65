// What a process takes from itself before it runs what is not trusted. It cannot be undone, and
// holds for threads that are made afterwards: call it first of all.
//
// Files: Landlock, where the kernel has it: what is not listed cannot be opened, listed, made or
// removed. System calls: a seccomp filter: no socket, no new process or program, no look into
// other processes, no mount, no io_uring; they fail with EPERM. Limits: setrlimit. Descriptors
// that are open already stay usable. Linux on x86-64 and ARM64; elsewhere limits alone.
#ifndef LAKEGATE_ISOLATION_SANDBOX_H_
#define LAKEGATE_ISOLATION_SANDBOX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "lakegate/result.h"

namespace lakegate::isolation {

struct SandboxRules {
  // Files, and folders with all beneath them; what does not exist is left out. The few files of
  // the system that a running program reads (time zones, processors) are readable always.
  std::vector<std::string> readable = {};
  std::vector<std::string> writable = {};  // readable too
  // Whether to refuse where the kernel lacks a protection.
  bool required = false;
  // Zero or less: as it is.
  std::int64_t address_space_bytes = 0;
  std::int64_t file_bytes = 0;  // of one file
  std::int64_t open_files = 0;
};

// What the kernel enforces now.
struct Sandbox {
  bool files = false;
  bool calls = false;
};

// kInternal when the kernel has a protection and refuses it; kUnsupported when it lacks one that is
// required.
Result<Sandbox> EnterSandbox(const SandboxRules& rules);

// From now on, so much more processor time until SIGXCPU ends this process; zero or less: no end.
Status LimitProcessorTime(std::int64_t milliseconds);

}  // namespace lakegate::isolation

#endif  // LAKEGATE_ISOLATION_SANDBOX_H_
