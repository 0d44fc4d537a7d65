#include "isolation/sandbox.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/try.h"
#include "isolation/call_filter.h"
#include "isolation/file_rules.h"

namespace lakegate::isolation {
namespace {

// What the C library, the thread pools and the clock look at while a program runs.
constexpr const char* kSystemFiles[] = {"/dev/null",
                                        "/dev/urandom",
                                        "/etc/localtime",
                                        "/proc/cpuinfo",
                                        "/proc/meminfo",
                                        "/proc/self",
                                        "/sys/fs/cgroup",
                                        "/sys/devices/system/cpu",
                                        "/sys/kernel/mm/transparent_hugepage",
                                        "/usr/share/zoneinfo"};

Error Refused(std::string_view what) {
  return Error(ErrorKind::kInternal, fmt::format("The system refuses to narrow the process: {}: {}",
                                                 what, std::strerror(errno)));
}

Status Limit(int resource, std::int64_t most, std::string_view what) {
  rlimit limit;
  if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return Refused(what);
  const auto wanted = static_cast<rlim_t>(most);
  limit.rlim_max = std::min(limit.rlim_max, wanted);
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return Refused(what);
  return {};
}

}  // namespace

Result<Sandbox> EnterSandbox(const SandboxRules& rules) {
  // No core file of somebody's rows.
  LG_RETURN_IF_ERROR(Limit(RLIMIT_CORE, 0, "RLIMIT_CORE"));
  if (rules.open_files > 0) {
    LG_RETURN_IF_ERROR(Limit(RLIMIT_NOFILE, rules.open_files, "RLIMIT_NOFILE"));
  }
  if (rules.file_bytes > 0) {
    LG_RETURN_IF_ERROR(Limit(RLIMIT_FSIZE, rules.file_bytes, "RLIMIT_FSIZE"));
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // The sanitizers reserve terabytes of addresses.
  if (rules.address_space_bytes > 0) {
    LG_RETURN_IF_ERROR(Limit(RLIMIT_AS, rules.address_space_bytes, "RLIMIT_AS"));
  }
#endif
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Refused("no_new_privs");
  std::vector<std::string> readable = rules.readable;
  readable.insert(readable.end(), std::begin(kSystemFiles), std::end(kSystemFiles));
  Sandbox sandbox;
  LG_ASSIGN_OR_RETURN(sandbox.files, RestrictFiles(readable, rules.writable));
  LG_ASSIGN_OR_RETURN(sandbox.calls, FilterCalls());
  if (rules.required && !(sandbox.files && sandbox.calls)) {
    return Error(ErrorKind::kUnsupported,
                 fmt::format("This system lacks a protection of worker processes: {}. The setting "
                             "execution.worker_sandbox = \"available\" does without.",
                             sandbox.files ? "seccomp" : "Landlock"));
  }
  return sandbox;
}

Status LimitProcessorTime(std::int64_t milliseconds) {
  rlimit limit;
  if (::getrlimit(RLIMIT_CPU, &limit) != 0) return Refused("RLIMIT_CPU");
  limit.rlim_cur = limit.rlim_max;
  if (milliseconds > 0) {
    rusage used;
    if (::getrusage(RUSAGE_SELF, &used) != 0) return Refused("getrusage");
    // Whole seconds, rounded up.
    const std::int64_t seconds =
        used.ru_utime.tv_sec + used.ru_stime.tv_sec + 2 + (milliseconds + 999) / 1000;
    limit.rlim_cur = std::min(limit.rlim_max, static_cast<rlim_t>(seconds));
  }
  if (::setrlimit(RLIMIT_CPU, &limit) != 0) return Refused("RLIMIT_CPU");
  return {};
}

}  // namespace lakegate::isolation
