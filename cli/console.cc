#include "cli/console.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "cli/exit_code.h"

namespace lakegate::cli {
namespace {

// Read by the handler; set once, before the handler is installed.
const CancelToken* interrupted = nullptr;

extern "C" void OnInterrupt(int) {
  if (interrupted->cancelled()) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
    return;
  }
  interrupted->Cancel();
}

}  // namespace

void Console::CancelOnInterrupt() {
  interrupted = &cancel_;
  struct sigaction action {};
  action.sa_handler = &OnInterrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A reader that goes away shows as a failed write.
  std::signal(SIGPIPE, SIG_IGN);
}

bool Console::Out(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      reader_gone_ = errno == EPIPE;
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

TextSink Console::sink() {
  return [this](std::string_view text) { return Out(text); };
}

void Console::Note(std::string_view text) const {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

int Console::Fail(const Error& error) const {
  if (reader_gone_ && error.kind() == ErrorKind::kIo) return kExitOk;
  Note(json_ ? error.ToJson() : "lakegate: " + error.ToString());
  return ExitCodeOf(error.kind());
}

int Console::FailUsage(std::string_view message) const {
  return Fail(Error(ErrorKind::kInvalidArgument, std::string(message)));
}

bool Console::error_is_terminal() const { return isatty(STDERR_FILENO) == 1; }

}  // namespace lakegate::cli
