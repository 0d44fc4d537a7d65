#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "base/temporary_directory_for_test.h"
#include "isolation/frames.h"
#include "isolation/sandbox.h"
#include "isolation/watchdog.h"
#include "isolation/worker_process.h"

namespace lakegate::isolation {
namespace {

using std::chrono::milliseconds;

struct SocketPair {
  SocketPair() {
    std::array<int, 2> ends;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
    a = Descriptor(ends[0]);
    b = Descriptor(ends[1]);
  }
  Descriptor a;
  Descriptor b;
};

TEST(Frames, ArriveAsTheyWereSent) {
  SocketPair pair;
  const std::string large(3'000'000, 'x');
  std::thread sender([&] {
    for (const std::string& text : {std::string(), std::string("one"), large}) {
      ASSERT_TRUE(SendFrame(pair.a.get(), text));
    }
    pair.a.Close();
  });
  EXPECT_EQ(ReceiveFrame(pair.b.get(), 100).value(), "");
  EXPECT_EQ(ReceiveFrame(pair.b.get(), 100).value(), "one");
  EXPECT_EQ(ReceiveFrame(pair.b.get(), 10'000'000).value(), large);
  EXPECT_EQ(ReceiveFrame(pair.b.get(), 100).value(), std::nullopt);
  sender.join();
}

TEST(Frames, AreRefusedWhereTheyLieOrBreakOff) {
  SocketPair pair;
  ASSERT_TRUE(SendFrame(pair.a.get(), "longer than allowed"));
  EXPECT_EQ(ReceiveFrame(pair.b.get(), 10).error().kind(), ErrorKind::kCorruptData);

  SocketPair cut;
  ASSERT_EQ(::send(cut.a.get(), "\x09\x00\x00\x00half", 8, 0), 8);
  cut.a.Close();
  EXPECT_EQ(ReceiveFrame(cut.b.get(), 100).error().kind(), ErrorKind::kUnavailable);

  SocketPair length;
  ASSERT_EQ(::send(length.a.get(), "\x09\x00", 2, 0), 2);
  length.a.Close();
  EXPECT_EQ(ReceiveFrame(length.b.get(), 100).error().kind(), ErrorKind::kUnavailable);

  SocketPair gone;
  gone.b.Close();
  EXPECT_EQ(SendFrame(gone.a.get(), "anybody?").error().kind(), ErrorKind::kUnavailable);
}

std::unique_ptr<WorkerProcess> Shell(const std::string& script) {
  auto worker = WorkerProcess::Start("/bin/sh", {"-c", script});
  EXPECT_TRUE(worker) << worker.error().ToString();
  return *std::move(worker);
}

std::string AllOf(int descriptor) {
  std::string text;
  std::array<char, 4096> piece;
  while (true) {
    const ssize_t size = ::read(descriptor, piece.data(), piece.size());
    if (size <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
}

TEST(WorkerProcess, HasItsTwoDescriptorsAndNothingElse) {
  const Descriptor secret(::open("/etc/hostname", O_RDONLY));  // not even closed on exec
  ::setenv("LAKEGATE_SECRET", "in the environment", 1);
  const auto worker = Shell("ls /proc/self/fd >&4; env >&4; cat <&0 >&4");
  const std::string said = AllOf(worker->rows());
  ::unsetenv("LAKEGATE_SECRET");
  // 0, 1, 2, the socket, the pipe; and the folder that ls has open.
  EXPECT_EQ(said.substr(0, 12), "0\n1\n2\n3\n4\n5\n") << said;
  EXPECT_EQ(said.find("SECRET"), std::string::npos) << said;
}

TEST(WorkerProcess, SpeaksThroughItsSocket) {
  const auto worker = Shell("head -c 7 <&3 >&3");
  ASSERT_TRUE(SendFrame(worker->control(), "abc"));
  EXPECT_EQ(ReceiveFrame(worker->control(), 100).value(), "abc");
  EXPECT_EQ(ReceiveFrame(worker->control(), 100).value(), std::nullopt);
}

TEST(WorkerProcess, SaysHowItEnded) {
  const auto ended = [](const std::string& script) {
    const auto worker = Shell(script);
    AllOf(worker->rows());
    return worker->Ending();
  };
  EXPECT_EQ(ended("exit 3").kind(), ErrorKind::kInternal);
  EXPECT_NE(ended("exit 3").message().find("exit code 3"), std::string::npos);
  EXPECT_EQ(ended("kill -SEGV $$").kind(), ErrorKind::kInternal);
  EXPECT_NE(ended("kill -SEGV $$").message().find("signal 11"), std::string::npos);
  EXPECT_EQ(ended("kill -ABRT $$").kind(), ErrorKind::kResourceLimit);
  EXPECT_EQ(ended("kill -KILL $$").kind(), ErrorKind::kResourceLimit);
  EXPECT_EQ(ended("kill -XCPU $$").kind(), ErrorKind::kResourceLimit);
}

TEST(WorkerProcess, IsRefusedByNameWhenThereIsNoSuchProgram) {
  const auto missing = WorkerProcess::Start("/no/such/program", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::kUnavailable);
  EXPECT_NE(missing.error().message().find("/no/such/program"), std::string::npos);
}

bool Lives(pid_t pid) { return ::kill(pid, 0) == 0; }

TEST(WorkerProcess, DiesWithItsOwner) {
  auto worker = Shell("sleep 60");
  const pid_t pid = worker->pid();
  EXPECT_TRUE(Lives(pid));
  worker.reset();
  EXPECT_FALSE(Lives(pid));
}

TEST(WorkerProcess, DiesWithAllThatItStarted) {
  const auto worker = Shell("sleep 60 & echo started >&4; wait");
  std::array<char, 8> said;
  ASSERT_EQ(::read(worker->rows(), said.data(), said.size()), 8);
  worker->Kill();
  EXPECT_EQ(AllOf(worker->rows()), "");  // nobody is left who could write
}

TEST(Watchdog, EndsWhatIsCancelledOrLate) {
  Watchdog dog;
  const auto late = Shell("while :; do :; done");
  const auto cancelled = Shell("while :; do :; done");
  const auto left_alone = Shell("sleep 60");
  const CancelToken cancel;
  const auto first = dog.Over(late.get(), {}, milliseconds(50));
  const auto second = dog.Over(cancelled.get(), cancel, milliseconds(0));
  const auto third = dog.Over(left_alone.get(), {}, milliseconds(0));
  EXPECT_EQ(AllOf(late->rows()), "");  // until it has been killed
  EXPECT_EQ(first->stopped(), Watchdog::Stopped::kTimeout);
  EXPECT_EQ(second->stopped(), Watchdog::Stopped::kNo);
  cancel.Cancel();
  EXPECT_EQ(AllOf(cancelled->rows()), "");
  EXPECT_EQ(second->stopped(), Watchdog::Stopped::kCancelled);
  EXPECT_EQ(third->stopped(), Watchdog::Stopped::kNo);
  EXPECT_TRUE(Lives(left_alone->pid()));
}

// The exit code of a process that enters the sandbox and then tries something.
int InSandbox(const SandboxRules& rules, const std::function<int()>& attempt) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto entered = EnterSandbox(rules);
    if (!entered) ::_exit(101);
    if (!entered->files || !entered->calls) ::_exit(102);
    ::_exit(attempt());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

// Kernels and containers without Landlock or seccomp: said, not passed over.
#define SKIP_WITHOUT_SANDBOX()                                          \
  if (InSandbox({}, [] { return 0; }) == 102) {                         \
    GTEST_SKIP() << "the system has no Landlock or no filter of calls"; \
  }

int ErrnoOf(long result) { return result < 0 ? errno : 0; }

int Opened(const std::string& path, int flags) {
  return ErrnoOf(::open(path.c_str(), flags | O_CLOEXEC, 0600));
}

// As on a kernel that has never heard of Landlock.
void HideLandlock() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_landlock_create_ruleset, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {.len = std::size(code), .filter = code};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

TEST(Sandbox, RefusesASystemWithoutItUnlessToldOtherwise) {
  for (const bool required : {true, false}) {
    const pid_t child = ::fork();
    if (child == 0) {
      HideLandlock();
      SandboxRules rules;
      rules.required = required;
      const auto entered = EnterSandbox(rules);
      if (entered) ::_exit(entered->files ? 1 : 2);
      const bool told = entered.error().message().find("worker_sandbox") != std::string::npos;
      ::_exit(entered.error().kind() == ErrorKind::kUnsupported && told ? 3 : 4);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), required ? 3 : 2);
  }
}

TEST(Sandbox, OpensWhatIsListedAndNothingElse) {
  SKIP_WITHOUT_SANDBOX();
  const base::TemporaryDirectory folder;
  for (const char* name : {"in", "out"}) std::filesystem::create_directory(folder / name);
  const std::string listed = folder / "in/file";
  const std::string other = folder / "other";
  for (const std::string& path : {listed, other}) std::ofstream(path) << "rows";
  std::filesystem::create_symlink(other, folder / "in/link");
  const SandboxRules rules{.readable = {folder / "in", folder / "missing"},
                           .writable = {folder / "out"}};
  const auto attempt = [&](const std::string& path, int flags) {
    return InSandbox(rules, [&] { return Opened(path, flags); });
  };
  EXPECT_EQ(attempt(listed, O_RDONLY), 0);
  EXPECT_EQ(attempt(folder / "out/new", O_WRONLY | O_CREAT), 0);
  EXPECT_EQ(attempt(listed, O_WRONLY), EACCES);
  EXPECT_EQ(attempt(folder / "in/new", O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(attempt(other, O_RDONLY), EACCES);
  EXPECT_EQ(attempt(folder / "in/link", O_RDONLY), EACCES);
  EXPECT_EQ(attempt(folder / "in/../other", O_RDONLY), EACCES);
  EXPECT_EQ(attempt("/etc/passwd", O_RDONLY), EACCES);
  EXPECT_EQ(attempt(folder.path(), O_RDONLY | O_DIRECTORY), EACCES);
  EXPECT_EQ(InSandbox(rules, [&] { return ErrnoOf(::unlink(listed.c_str())); }), EACCES);
}

TEST(Sandbox, HasNoNetworkAndStartsNothing) {
  SKIP_WITHOUT_SANDBOX();
  EXPECT_EQ(InSandbox({}, [] { return ErrnoOf(::socket(AF_INET, SOCK_STREAM, 0)); }), EPERM);
  EXPECT_EQ(InSandbox({}, [] { return ErrnoOf(::socket(AF_UNIX, SOCK_STREAM, 0)); }), EPERM);
  EXPECT_EQ(InSandbox({}, [] { return ErrnoOf(::execl("/bin/true", "true", nullptr)); }), EPERM);
  EXPECT_EQ(InSandbox({}, [] { return ErrnoOf(::fork()); }), EPERM);
  EXPECT_EQ(InSandbox({}, [] { return ErrnoOf(::kill(::getppid(), 0)); }), EPERM);
  EXPECT_EQ(InSandbox({},
                      [] {
                        int done = 0;
                        std::thread([&] { done = 7; }).join();
                        return done;
                      }),
            7);
}

TEST(Sandbox, LimitsFilesMemoryAndProcessorTime) {
  SKIP_WITHOUT_SANDBOX();
  const base::TemporaryDirectory folder;
  const std::string path = folder / "large";
  const auto write_much = [&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string rows(5000, 'x');
    if (::write(file.get(), rows.data(), rows.size()) != 4096) return 1;
    return ErrnoOf(::write(file.get(), rows.data(), rows.size()));
  };
  EXPECT_EQ(InSandbox({.writable = {folder.path()}, .file_bytes = 4096}, write_much), EFBIG);
  EXPECT_EQ(InSandbox({.open_files = 16},
                      [] {
                        int opened = 0;
                        while (Opened("/dev/null", O_RDONLY) == 0) ++opened;
                        return opened < 16 ? errno : 0;
                      }),
            EMFILE);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_EQ(InSandbox({.address_space_bytes = std::int64_t{1} << 30},
                      [] {
                        void* room = std::malloc(std::size_t{2} << 30);
                        const int failed = room == nullptr ? ENOMEM : 0;
                        std::free(room);
                        return failed;
                      }),
            ENOMEM);
#endif
  EXPECT_EQ(InSandbox({}, [] { return LimitProcessorTime(60'000) ? 0 : 1; }), 0);
}

}  // namespace
}  // namespace lakegate::isolation
