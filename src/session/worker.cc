#include "lakegate/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/try.h"
#include "engine/file_writer.h"
#include "isolation/frames.h"
#include "isolation/worker_process.h"
#include "session/open_session.h"
#include "session/session_state.h"
#include "session/statement_run.h"
#include "session/worker_messages.h"

namespace lakegate {
namespace {

using isolation::kControlDescriptor;
using isolation::kRowsDescriptor;
using session::SessionState;
using session::WorkerAnswer;
using session::WorkerRequest;
using session::WorkerSetup;

// What happened since it was last asked.
class CollectedEvents final : public observe::EventSink {
 public:
  void Emit(observe::Event event) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  std::vector<observe::Event> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(events_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<observe::Event> events_;  // guarded by mutex_
};

Status Answer(std::optional<Error> error, std::vector<observe::Event> events) {
  return isolation::SendFrame(
      kControlDescriptor,
      TextOf(WorkerAnswer{.error = std::move(error), .events = std::move(events)}));
}

// Ends this process with the one that started it, whatever it is doing then.
void EndWithTheSession() {
  std::thread([] {
    pollfd control = {.fd = kControlDescriptor, .events = POLLRDHUP, .revents = 0};
    while ((control.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0) ::poll(&control, 1, -1);
    std::_Exit(0);
  }).detach();
}

// First of all the sandbox: what comes after it makes threads.
Result<std::shared_ptr<SessionState>> Begin(const WorkerSetup& setup, CollectedEvents* events) {
  LG_RETURN_IF_ERROR(isolation::EnterSandbox(setup.sandbox));
  EndWithTheSession();
  ProfileSources sources;
  for (const auto& [name, value] : setup.settings) {
    sources.explicit_settings.push_back({.name = name, .value = value, .origin = "the session"});
  }
  LG_ASSIGN_OR_RETURN(Profile profile, Profile::Build(sources));
  LG_ASSIGN_OR_RETURN(
      auto state,
      session::OpenState(std::move(profile),
                         {.events = events, .quarantine_directory = setup.quarantine_directory}));
  // Judged and located where they were registered, and again by every statement that names them.
  for (const DatasetSpec& spec : setup.datasets) {
    LG_RETURN_IF_ERROR(state->catalog.Register(
        spec.name, catalog::DatasetEntry{.spec = spec, .identity = catalog::IdentityOf(spec)}));
  }
  for (const auto& [name, view] : setup.views) {
    LG_RETURN_IF_ERROR(state->catalog.Register(name, view));
  }
  return state;
}

// Rows into the pipe, ended as a stream even where they fail: the answer behind them says how.
std::optional<Error> WriteRows(const SessionState& state, ArrowStream rows) {
  const int pipe = ::fcntl(kRowsDescriptor, F_DUPFD_CLOEXEC, 0);
  auto writer = engine::FileWriter::Open(*state.engine,
                                         {.path = "the pipe of a worker",
                                          .format = DataFormat::kArrow,
                                          .options = {{"stream", "true"}},
                                          .descriptor = pipe},
                                         rows->schema());
  if (!writer) return writer.error();
  std::optional<Error> failed;
  while (!failed) {
    auto batch = rows->Next();
    if (!batch) {
      failed = batch.error();
    } else if (!*batch) {
      break;
    } else if (const Status written = writer->Write(**std::move(batch)); !written) {
      return written.error();
    }
  }
  if (const auto totals = std::move(*writer).Finish(); !totals) return totals.error();
  return failed;
}

Status Serve(const std::shared_ptr<SessionState>& state, const WorkerRequest& request,
             CollectedEvents* events) {
  LG_RETURN_IF_ERROR(isolation::SendFrame(kControlDescriptor, {}));  // taken
  LG_RETURN_IF_ERROR(isolation::LimitProcessorTime(request.cpu_time_ms));
  QueryOptions options;
  options.parameters = request.parameters;
  options.policy = request.policy;
  options.ordered = request.ordered;
  auto rows = session::JudgeAndRun(state, request.statement, options);
  LG_RETURN_IF_ERROR(Answer(rows ? std::nullopt : std::optional(rows.error()), events->Take()));
  if (!rows) return {};
  return Answer(WriteRows(*state, *std::move(rows)), events->Take());
}

Status Work() {
  CollectedEvents events;
  LG_ASSIGN_OR_RETURN(const auto first,
                      isolation::ReceiveFrame(kControlDescriptor, session::kMostRequestBytes));
  if (!first) return {};
  LG_ASSIGN_OR_RETURN(const WorkerSetup setup, session::WorkerSetupFrom(*first));
  const auto state = Begin(setup, &events);
  LG_RETURN_IF_ERROR(Answer(state ? std::nullopt : std::optional(state.error()), {}));
  if (!state) return {};
  while (true) {
    LG_ASSIGN_OR_RETURN(const auto frame,
                        isolation::ReceiveFrame(kControlDescriptor, session::kMostRequestBytes));
    if (!frame) return {};
    LG_ASSIGN_OR_RETURN(const WorkerRequest request, session::WorkerRequestFrom(*frame));
    LG_RETURN_IF_ERROR(Serve(*state, request, &events));
  }
}

bool IsSocket(int descriptor) {
  int type = 0;
  socklen_t size = sizeof(type);
  return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

}  // namespace

int RunWorker() {
  if (!IsSocket(kControlDescriptor)) {
    std::fprintf(
        stderr,
        "lakegate: A worker is started by a session with isolation = \"process\", never by "
        "hand.\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  return Work() ? 0 : 1;
}

}  // namespace lakegate
