#include "isolation/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include "base/try.h"

namespace lakegate::isolation {
namespace {

// Both sides go on working while so much is on the way.
constexpr int kPipeBytes = 1 << 20;

struct Ends {
  Descriptor ours;
  Descriptor theirs;
};

Error CannotStart(const std::string& program, int error) {
  return Error(ErrorKind::kUnavailable,
               fmt::format("The worker process cannot be started: {}: {}. The setting "
                           "execution.worker_program names another program; execution.isolation = "
                           "\"none\" needs none.",
                           program, std::strerror(error)));
}

Result<Ends> MakeSocket(const std::string& program) {
  std::array<int, 2> ends;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return CannotStart(program, errno);
  }
  return Ends{Descriptor(ends[0]), Descriptor(ends[1])};
}

Result<Ends> MakePipe(const std::string& program) {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return CannotStart(program, errno);
  Ends made{Descriptor(ends[0]), Descriptor(ends[1])};
  // A smaller one does as well.
  ::fcntl(made.ours.get(), F_SETPIPE_SZ, kPipeBytes);
  return made;
}

// What posix_spawn is told, released with it.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // Signals as a new program expects them, whatever this one has set, and a process group of its
  // own: an interrupt of the terminal is for the parent, which decides.
  int Prepare(int control, int rows) {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    for (const int standard : {0, 1, 2}) {
      const int mode = standard == 0 ? O_RDONLY : O_WRONLY;
      if (const int error =
              ::posix_spawn_file_actions_addopen(&actions_, standard, "/dev/null", mode, 0)) {
        return error;
      }
    }
    for (const auto& [from, to] :
         {std::pair(control, kControlDescriptor), std::pair(rows, kRowsDescriptor)}) {
      if (const int error = ::posix_spawn_file_actions_adddup2(&actions_, from, to)) return error;
    }
    return ::posix_spawn_file_actions_addclosefrom_np(&actions_, kRowsDescriptor + 1);
  }

  int Spawn(const std::string& program, std::vector<char*> arguments, pid_t* pid) {
    std::array<char*, 1> environment = {nullptr};
    return ::posix_spawn(pid, program.c_str(), &actions_, &attributes_, arguments.data(),
                         environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// Moves a descriptor out of the way of those that the child has fixed numbers for.
Result<Descriptor> Moved(Descriptor descriptor, const std::string& program) {
  Descriptor moved(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, kRowsDescriptor + 1));
  if (moved.get() < 0) return CannotStart(program, errno);
  return moved;
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(
    const std::string& program, const std::vector<std::string>& arguments) {
  LG_ASSIGN_OR_RETURN(Ends control, MakeSocket(program));
  LG_ASSIGN_OR_RETURN(Ends rows, MakePipe(program));
  LG_ASSIGN_OR_RETURN(const Descriptor their_control, Moved(std::move(control.theirs), program));
  LG_ASSIGN_OR_RETURN(const Descriptor their_rows, Moved(std::move(rows.theirs), program));
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  SpawnPlan plan;
  pid_t pid = 0;
  int error = plan.Prepare(their_control.get(), their_rows.get());
  if (error == 0) error = plan.Spawn(program, std::move(pointers), &pid);
  if (error != 0) return CannotStart(program, error);
  return std::unique_ptr<WorkerProcess>(
      new WorkerProcess(pid, std::move(control.ours), std::move(rows.ours)));
}

WorkerProcess::~WorkerProcess() { Wait(std::chrono::milliseconds(0)); }

// With all that it started: its group, which has its number.
void WorkerProcess::Kill() {
  const std::lock_guard lock(mutex_);
  if (waited_) return;
  killed_ = true;
  ::kill(-pid_, SIGKILL);
}

int WorkerProcess::Wait(std::chrono::milliseconds grace) {
  const auto end = std::chrono::steady_clock::now() + grace;
  while (true) {
    const std::lock_guard lock(mutex_);
    if (waited_) return status_;
    const pid_t found = ::waitpid(pid_, &status_, WNOHANG);
    if (found == 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    if (found == 0) {
      killed_ = true;
      ::kill(-pid_, SIGKILL);
      while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
      }
    }
    waited_ = true;
    return status_;
  }
}

namespace {

// The settings that such an end comes of; none where it is a fault.
std::string_view LimitThatSends(int signal, bool killed_by_us) {
  if (signal == SIGXCPU) return "execution.worker_cpu_limit";
  if (signal == SIGXFSZ) return "execution.spill_limit";
  if (signal == SIGABRT || (signal == SIGKILL && !killed_by_us)) {
    return "execution.memory_limit and execution.worker_address_space";
  }
  return {};
}

}  // namespace

Error WorkerProcess::Ending() {
  // One that is about to end has closed its descriptors already.
  const int status = Wait(std::chrono::milliseconds(300));
  if (!WIFSIGNALED(status)) {
    return Error(
        ErrorKind::kInternal,
        fmt::format("The worker process of the session ended in the middle of a statement, "
                    "with exit code {}.",
                    WIFEXITED(status) ? WEXITSTATUS(status) : -1));
  }
  const int signal = WTERMSIG(status);
  const std::string ended =
      fmt::format("The worker process of the session was ended by the signal {} ({})", signal,
                  ::strsignal(signal));
  const std::string_view limit = LimitThatSends(signal, killed_);
  if (limit.empty()) return Error(ErrorKind::kInternal, ended + ".");
  return Error(ErrorKind::kResourceLimit,
               fmt::format("{}: the statement needed more than its limits; see {}.", ended, limit));
}

}  // namespace lakegate::isolation
