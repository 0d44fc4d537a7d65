#include "isolation/call_filter.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace lakegate::isolation {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

// Of the calls of another table for the same processor (x32), which this filter knows nothing of.
constexpr std::uint32_t kOtherTable = 0x40000000;

constexpr long kDenied[] = {
    // Networks.
    SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
    // Processes and programs.
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill,
    SYS_tkill, SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_kcmp,
#if defined(SYS_fork)
    SYS_fork, SYS_vfork,
#endif
    // The system itself.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare, SYS_bpf,
    SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_init_module,
    SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_swapoff,
    SYS_open_by_handle_at, SYS_acct, SYS_quotactl, SYS_sethostname, SYS_setdomainname,
    SYS_settimeofday, SYS_clock_settime,
    // Calls through a queue.
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register};

constexpr auto kLoad = static_cast<std::uint16_t>(BPF_LD | BPF_W | BPF_ABS);
constexpr auto kIfEqual = static_cast<std::uint16_t>(BPF_JMP | BPF_JEQ | BPF_K);
constexpr auto kIfAtLeast = static_cast<std::uint16_t>(BPF_JMP | BPF_JGE | BPF_K);
constexpr auto kIfBits = static_cast<std::uint16_t>(BPF_JMP | BPF_JSET | BPF_K);
constexpr auto kReturn = static_cast<std::uint16_t>(BPF_RET | BPF_K);
constexpr std::uint32_t kFailWithPermission = SECCOMP_RET_ERRNO | EPERM;
// The C library then takes the older call, whose flags can be seen.
constexpr std::uint32_t kFailAsMissing = SECCOMP_RET_ERRNO | ENOSYS;

using Program = std::vector<sock_filter>;

void Add(Program* program, std::uint16_t code, std::uint32_t value) {
  program->push_back(sock_filter{code, 0, 0, value});
}

// Returns `verdict` where the condition holds, and goes on where it does not.
void ReturnIf(Program* program, std::uint16_t condition, std::uint32_t value,
              std::uint32_t verdict) {
  program->push_back(sock_filter{condition, 0, 1, value});
  Add(program, kReturn, verdict);
}

Program Filter() {
  Program program;
  Add(&program, kLoad, offsetof(seccomp_data, arch));
  program.push_back(sock_filter{kIfEqual, 1, 0, kArchitecture});
  Add(&program, kReturn, SECCOMP_RET_KILL_PROCESS);
  Add(&program, kLoad, offsetof(seccomp_data, nr));
  ReturnIf(&program, kIfAtLeast, kOtherTable, kFailWithPermission);
  for (const long call : kDenied) {
    ReturnIf(&program, kIfEqual, static_cast<std::uint32_t>(call), kFailWithPermission);
  }
  ReturnIf(&program, kIfEqual, SYS_clone3, kFailAsMissing);
  // clone makes threads, and nothing else.
  program.push_back(sock_filter{kIfEqual, 0, 3, SYS_clone});
  Add(&program, kLoad, offsetof(seccomp_data, args));
  program.push_back(sock_filter{kIfBits, 1, 0, CLONE_THREAD});
  Add(&program, kReturn, kFailWithPermission);
  Add(&program, kReturn, SECCOMP_RET_ALLOW);
  return program;
}

}  // namespace

Result<bool> FilterCalls() {
  if (kArchitecture == 0) return false;
  Program program = Filter();
  const sock_fprog described = {.len = static_cast<unsigned short>(program.size()),
                                .filter = program.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &described, 0, 0) != 0) {
    // A kernel without it says so; anything else would be a hole that nobody sees.
    if (errno == EINVAL) return false;
    return Error(ErrorKind::kInternal,
                 fmt::format("The filter of system calls is refused: {}", std::strerror(errno)));
  }
  return true;
}

}  // namespace lakegate::isolation
