#include "session/worker_pool.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>
#include <variant>

#include "base/file.h"
#include "base/try.h"
#include "columnar/view.h"
#include "engine/row_pipe.h"
#include "isolation/frames.h"
#include "session/judged_text.h"
#include "session/row_file.h"
#include "session/session_state.h"
#include "session/statement_run.h"

namespace lakegate::session {
namespace {

namespace fs = std::filesystem;

// What lies at a path now. A file that was replaced is another one to the rules of a worker.
struct Place {
  std::string path;
  dev_t device = 0;
  ino_t number = 0;
  bool operator==(const Place&) const = default;
};

Place PlaceOf(const std::string& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0) return Place{path};
  return Place{path, found.st_dev, found.st_ino};
}

bool AreAsTheyWere(const std::vector<Place>& places) {
  return std::all_of(places.begin(), places.end(),
                     [](const Place& place) { return PlaceOf(place.path) == place; });
}

// Beside the library, as it is built and as it is installed.
std::string ProgramOf(const IsolationPolicy& policy) {
  if (!policy.worker_program.empty()) return policy.worker_program;
  Dl_info library;
  if (::dladdr(reinterpret_cast<const void*>(&ProgramOf), &library) == 0) return "lakegate";
  const fs::path folder = fs::absolute(library.dli_fname).parent_path();
  for (const fs::path& candidate : {folder / "lakegate", folder / "../bin/lakegate"}) {
    std::error_code error;
    if (fs::exists(candidate, error)) return candidate.lexically_normal().string();
  }
  return (folder / "lakegate").string();
}

// Once more than the worker takes to see to its own limits.
std::chrono::milliseconds TimeOf(const SqlPolicy& policy, const Profile& profile) {
  constexpr std::int64_t kGraceMs = 1000;
  const std::int64_t plan = policy.query.plan_time_ms.value_or(0);
  const std::int64_t run = RunTimeLimitMs(policy, profile);
  if (plan == 0 || run == 0) return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(plan + run + kGraceMs);
}

// A program that has not said by then that it is ready is none of ours.
constexpr std::chrono::seconds kMostToBegin{30};

Error Cancelled() { return Error(ErrorKind::kCancelled, "The statement was cancelled."); }

Error Late() {
  return Error(ErrorKind::kTimeout,
               "The statement ran past its time, and its worker process was ended; raise the "
               "setting execution.time_limit.");
}

}  // namespace

struct Worker {
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    process.reset();
    std::error_code ignored;
    if (!folder.empty()) fs::remove_all(folder, ignored);
  }

  std::unique_ptr<isolation::WorkerProcess> process;
  std::string folder;  // where it spills
  catalog::CatalogSnapshot catalog;
  std::vector<Place> places;  // that it may read
  bool has_served = false;
};

// A worker in use. Dropped before `Finish`, it ends the worker.
class WorkerLease {
 public:
  WorkerLease(std::shared_ptr<SessionState> state, std::unique_ptr<Worker> worker,
              const CancelToken& cancel, std::chrono::milliseconds limit)
      : state_(std::move(state)),
        worker_(std::move(worker)),
        watch_(pool().watchdog_.Over(worker_->process.get(), cancel, limit)) {}
  WorkerLease(const WorkerLease&) = delete;
  WorkerLease& operator=(const WorkerLease&) = delete;
  ~WorkerLease() {
    watch_.reset();
    worker_.reset();
    pool().Leave();
  }

  const isolation::WorkerProcess& process() const { return *worker_->process; }

  // Whether the worker was there to take it.
  bool HandOver(const std::string& request) {
    if (!isolation::SendFrame(process().control(), request)) return false;
    const auto taken = isolation::ReceiveFrame(process().control(), 0);
    return taken && *taken;
  }
  bool has_served() const { return worker_->has_served; }

  // kCancelled, kTimeout, or how the worker ended.
  Result<WorkerAnswer> Receive() {
    auto frame = isolation::ReceiveFrame(process().control(), kMostAnswerBytes);
    if (frame && *frame) return WorkerAnswerFrom(**frame);
    return WhyItEnded();
  }

  Error WhyItEnded() {
    const auto stopped = watch_->stopped();
    watch_.reset();
    if (stopped == isolation::Watchdog::Stopped::kCancelled) {
      return Cancelled();
    }
    if (stopped == isolation::Watchdog::Stopped::kTimeout) return Late();
    return worker_->process->Ending();
  }

  // Why the pipe gave no whole rows: the worker has gone, or it lives and sent what is none.
  Error WhyBroken(const Error& found) {
    const Error why = WhyItEnded();
    return why.kind() == ErrorKind::kInternal && process().was_killed() ? found : why;
  }

  // The statement is over, and the worker ready for another.
  void Finish() {
    const bool killed = watch_->stopped() != isolation::Watchdog::Stopped::kNo;
    watch_.reset();
    if (!killed) pool().GiveBack(std::move(worker_));
  }

 private:
  WorkerPool& pool() const { return *state_->workers; }

  const std::shared_ptr<SessionState> state_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<isolation::Watchdog::Watch> watch_;
};

namespace {

// What a worker writes into its pipe. It says of the end when it has one.
class WorkerRows final : public RecordStream {
 public:
  WorkerRows(std::unique_ptr<WorkerLease> lease, ArrowStream rows)
      : lease_(std::move(lease)), schema_(CopySchema(rows->schema())), rows_(std::move(rows)) {}

  const ArrowSchema& schema() const override { return *schema_; }

  Result<std::optional<OwnedArray>> Next() override {
    if (failed_) return *failed_;
    if (rows_ == nullptr) return std::optional<OwnedArray>();
    auto batch = NextOfPipe();
    if (!batch) failed_ = batch.error();
    return batch;
  }

 private:
  Result<std::optional<OwnedArray>> NextOfPipe() {
    auto batch = rows_->Next();
    if (batch && *batch) {
      LG_RETURN_IF_ERROR(columnar::CheckArray(*schema_, ***batch));
      return batch;
    }
    rows_.reset();
    const auto lease = std::move(lease_);
    if (!batch && batch.error().kind() != ErrorKind::kCorruptData) return batch;
    if (!batch) return lease->WhyBroken(batch.error());
    LG_ASSIGN_OR_RETURN(WorkerAnswer answer, lease->Receive());
    lease->Finish();
    if (answer.error) return *std::move(answer.error);
    return std::optional<OwnedArray>();
  }

  std::unique_ptr<WorkerLease> lease_;
  const OwnedSchema schema_;
  ArrowStream rows_;
  std::optional<Error> failed_;
};

}  // namespace

WorkerPool::WorkerPool(IsolationPolicy policy) : policy_(std::move(policy)) {}
WorkerPool::~WorkerPool() = default;

Result<ArrowStream> WorkerPool::Run(const std::shared_ptr<SessionState>& state,
                                    std::string_view text, const QueryOptions& options) {
  // A short statement would be answered before anybody looks.
  if (options.cancel.cancelled()) return Cancelled();
  LG_ASSIGN_OR_RETURN(const SqlPolicy policy, PolicyInForce(state->profile, options));
  const WorkerRequest request{.statement = std::string(text),
                              .policy = policy,
                              .parameters = options.parameters,
                              .ordered = options.ordered,
                              .cpu_time_ms = policy_.cpu_time_ms};
  LG_ASSIGN_OR_RETURN(
      std::unique_ptr<WorkerLease> lease,
      Begin(state, TextOf(request), options.cancel, TimeOf(policy, state->profile)));
  LG_ASSIGN_OR_RETURN(WorkerAnswer answer, lease->Receive());
  for (observe::Event& event : answer.events) state->events->Emit(std::move(event));
  if (answer.error) {
    lease->Finish();
    return *std::move(answer.error);
  }
  const int pipe = ::fcntl(lease->process().rows(), F_DUPFD_CLOEXEC, 0);
  if (pipe < 0) return base::FileError("open", "the pipe of a worker", errno);
  auto rows = engine::ReadRowPipe(pipe, state->profile.MemoryLimitBytes());
  if (!rows) return lease->WhyBroken(rows.error());
  return ArrowStream(std::make_unique<WorkerRows>(std::move(lease), *std::move(rows)));
}

Result<std::unique_ptr<WorkerLease>> WorkerPool::Begin(const std::shared_ptr<SessionState>& state,
                                                       const std::string& request,
                                                       const CancelToken& cancel,
                                                       std::chrono::milliseconds limit) {
  while (true) {
    LG_ASSIGN_OR_RETURN(std::unique_ptr<Worker> worker, Take(*state, cancel));
    auto lease = std::make_unique<WorkerLease>(state, std::move(worker), cancel, limit);
    if (lease->HandOver(request)) return lease;
    const bool died_waiting = lease->has_served();
    const Error why = lease->WhyItEnded();
    const bool stopped = why.kind() == ErrorKind::kCancelled || why.kind() == ErrorKind::kTimeout;
    // That a worker died while it waited is nothing that the next statement did.
    if (!died_waiting || stopped) return why;
  }
}

Result<std::unique_ptr<Worker>> WorkerPool::Take(SessionState& state, const CancelToken& cancel) {
  catalog::CatalogSnapshot catalog = state.catalog.Snapshot();
  std::vector<std::unique_ptr<Worker>> stale;  // ended without the lock
  {
    const std::lock_guard lock(mutex_);
    if (busy_ >= policy_.workers_max) {
      return Error(ErrorKind::kResourceLimit,
                   fmt::format("All {} worker processes of the session are at work; read their "
                               "rows to the end, or raise the setting execution.worker_limit.",
                               policy_.workers_max));
    }
    ++busy_;
    while (!idle_.empty()) {
      std::unique_ptr<Worker> worker = std::move(idle_.back());
      idle_.pop_back();
      if (worker->catalog == catalog && AreAsTheyWere(worker->places)) return worker;
      stale.push_back(std::move(worker));
    }
  }
  auto started = Start(state, std::move(catalog), cancel);
  if (!started) Leave();
  return started;
}

Result<std::unique_ptr<Worker>> WorkerPool::Start(SessionState& state,
                                                  catalog::CatalogSnapshot catalog,
                                                  const CancelToken& cancel) {
  auto worker = std::make_unique<Worker>();
  worker->folder = state.spill->NewFile("worker", "");
  LG_RETURN_IF_ERROR(base::EnsureDirectory(worker->folder));
  worker->catalog = std::move(catalog);
  LG_ASSIGN_OR_RETURN(worker->process,
                      isolation::WorkerProcess::Start(ProgramOf(policy_), {"worker"}));
  const auto watch = watchdog_.Over(worker->process.get(), cancel, kMostToBegin);
  const Status ready = SetUp(state, *worker->catalog, worker.get());
  if (watch->stopped() == isolation::Watchdog::Stopped::kCancelled) return Cancelled();
  LG_RETURN_IF_ERROR(ready);
  return worker;
}

Status WorkerPool::SetUp(SessionState& state, const catalog::EntryMap& entries, Worker* worker) {
  WorkerSetup setup;
  for (const SettingReport& setting : state.profile.Report()) {
    setup.settings.emplace_back(setting.name, setting.value);
  }
  // The last of a name wins.
  for (const auto& [name, value] :
       {std::pair("isolation", "none"), std::pair("spill_directory", worker->folder.c_str()),
        std::pair("run_directory", ""), std::pair("events", "none")}) {
    setup.settings.emplace_back(name, value);
  }
  isolation::SandboxRules& sandbox = setup.sandbox;
  sandbox.writable.push_back(worker->folder);
  sandbox.required = policy_.sandbox_required;
  sandbox.address_space_bytes = policy_.address_space_bytes;
  sandbox.open_files = policy_.open_files;
  sandbox.file_bytes = state.profile.SpillLimitBytes();
  for (const auto& [name, entry] : entries) {
    if (const auto* view = std::get_if<catalog::ViewEntry>(&entry)) {
      setup.views.emplace(name, *view);
    } else if (const auto* dataset = std::get_if<catalog::DatasetEntry>(&entry)) {
      sandbox.readable.push_back(dataset->spec.location.path);
      const bool quarantines = dataset->spec.on_violation == OnViolation::kQuarantine;
      if (quarantines && !state.quarantine_directory.empty()) {
        setup.quarantine_directory = state.quarantine_directory;
      }
      setup.datasets.push_back(dataset->spec);
    } else {
      DatasetSpec stream;
      stream.name = name;
      stream.location.format = DataFormat::kArrow;
      LG_ASSIGN_OR_RETURN(stream.location.path, StreamFile(state, name));
      sandbox.readable.push_back(stream.location.path);
      setup.datasets.push_back(std::move(stream));
    }
  }
  if (!setup.quarantine_directory.empty()) {
    LG_RETURN_IF_ERROR(base::EnsureDirectory(setup.quarantine_directory));
    sandbox.writable.push_back(setup.quarantine_directory);
  }
  // Paths in texts, where the policy of the session lets them be.
  LG_ASSIGN_OR_RETURN(const SqlPolicy policy, PolicyInForce(state.profile, {}));
  const auto roots = state.profile.AllowedRoots();
  for (const std::string& root : policy.roots) {
    if (!roots) sandbox.readable.push_back(root);
  }
  if (roots && !policy.roots.empty()) {
    sandbox.readable.insert(sandbox.readable.end(), roots->begin(), roots->end());
  }
  for (const std::string& path : sandbox.readable) worker->places.push_back(PlaceOf(path));
  const isolation::WorkerProcess& process = *worker->process;
  if (isolation::SendFrame(process.control(), TextOf(setup))) {
    LG_ASSIGN_OR_RETURN(const auto frame,
                        isolation::ReceiveFrame(process.control(), kMostAnswerBytes));
    if (frame) {
      LG_ASSIGN_OR_RETURN(WorkerAnswer answer, WorkerAnswerFrom(*frame));
      if (answer.error) return answer.error->WithContext("A worker process could not begin");
      return {};
    }
  }
  return worker->process->Ending().WithContext("A worker process could not begin");
}

Result<std::string> WorkerPool::StreamFile(SessionState& state, const std::string& name) {
  const std::shared_ptr<const StepStore> store = state.FindStore(name);
  if (store == nullptr) {
    return Error(ErrorKind::kNotFound,
                 fmt::format("The stream was deregistered meanwhile: '{}'.", name));
  }
  if (store->spilled()) return store->path();
  {
    const std::lock_guard lock(mutex_);
    const auto found = kept_streams_.find(name);
    if (found != kept_streams_.end() && found->second.store.lock() == store) {
      return found->second.path;
    }
    // Of streams that were deregistered: workers that read them have them open.
    for (auto kept = kept_streams_.begin(); kept != kept_streams_.end();) {
      if (!kept->second.store.expired()) {
        ++kept;
        continue;
      }
      LG_RETURN_IF_ERROR(base::RemoveFile(kept->second.path));
      state.spill->GiveBack(kept->second.bytes);
      kept = kept_streams_.erase(kept);
    }
  }
  const std::string path = state.spill->NewFile("stream", ".arrow");
  LG_RETURN_IF_ERROR(state.spill->Take(store->bytes()));
  LG_ASSIGN_OR_RETURN(ArrowStream rows, store->Open());
  const auto written =
      WriteRowFile(*state.engine, std::move(rows),
                   {.path = path, .format = DataFormat::kArrow, .options = {{"stream", "true"}}});
  if (!written) {
    state.spill->GiveBack(store->bytes());
    return written.error();
  }
  const std::lock_guard lock(mutex_);
  kept_streams_.insert_or_assign(name, KeptStream{store, path, store->bytes()});
  return path;
}

void WorkerPool::GiveBack(std::unique_ptr<Worker> worker) {
  worker->has_served = true;
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(worker));
}

void WorkerPool::Leave() {
  const std::lock_guard lock(mutex_);
  --busy_;
}

}  // namespace lakegate::session
