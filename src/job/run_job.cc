#include "job/run_job.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "base/try.h"
#include "base/uuid.h"
#include "job/first_rows.h"
#include "job/input_digest.h"
#include "job/run_lock.h"
#include "job/run_sequence.h"
#include "observe/run_recorder.h"
#include "session/open_session.h"

namespace lakegate::job {
namespace {

std::int64_t PeakMemoryBytes() {
  rusage usage{};
  return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss * 1024 : -1;
}

// Passes events on, and notes each dataset as an input of the run when it is first opened.
class RunEvents final : public observe::EventSink {
 public:
  explicit RunEvents(observe::RunRecorder& recorder) : recorder_(recorder) {}

  void Emit(observe::Event event) override {
    if (const auto* opened = std::get_if<observe::DatasetOpened>(&event)) NoteInput(*opened);
    recorder_.Emit(std::move(event));
  }

 private:
  void NoteInput(const observe::DatasetOpened& opened) {
    {
      const std::lock_guard lock(mutex_);
      if (!noted_.insert(opened.name).second) return;
    }
    recorder_.AddInput(
        RunInput{.name = opened.name,
                 .location = opened.location,
                 .format = opened.format,
                 .version = opened.version,
                 .digest = opened.version < 0 ? DigestOfInput(opened.location) : std::string()});
  }

  observe::RunRecorder& recorder_;
  std::mutex mutex_;
  std::set<std::string> noted_;  // guarded by mutex_
};

struct StepTotals {
  std::int64_t rows = -1;
  std::int64_t bytes = -1;
};

// A run under way. Members are destroyed last to first: the session goes before its observers.
class Run {
 public:
  Run(const JobFile& file, const Profile& profile, const JobObserver& observer,
      const CancelToken& cancel, std::string run_directory)
      : file_(file),
        profile_(profile),
        observer_(observer),
        cancel_(cancel),
        run_directory_(std::move(run_directory)) {}

  Result<JobReport> Execute(const std::string& text);

 private:
  Status StartRecord();
  Status OpenSession();
  Status RunSteps();
  Status RunStep(const Step& step);
  Result<StepTotals> Act(const Step& step);
  Result<StepTotals> Keep(const Step& step, Result<ArrowStream> rows);
  Result<StepTotals> WriteOutput(const Step& step, const OutputStep& output);
  std::string SqlOf(const std::string& name) const;
  Status ShowAll();
  void Tell(std::string_view step, std::string_view what) const {
    if (observer_.progress) observer_.progress(step, what);
  }

  const JobFile& file_;
  const Profile& profile_;
  const JobObserver& observer_;
  const CancelToken cancel_;
  const std::string run_directory_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  RunSequence sequence_;
  JobReport report_;
  std::unique_ptr<observe::RunRecorder> recorder_;
  std::unique_ptr<RunEvents> events_;
  std::unique_ptr<Session> session_;
};

std::string Label(const Step& step) {
  const std::string_view table = step.is_view() ? "view" : step.is_output() ? "output" : "step";
  return fmt::format("[{}.{}]", table, step.name);
}

Status Run::StartRecord() {
  std::map<std::string, std::string> versions;
  const auto parsed = nlohmann::json::parse(VersionsJson(), nullptr, false);
  if (parsed.is_object()) {
    for (const auto& [name, version] : parsed.items()) {
      if (version.is_string()) versions.emplace(name, version.get<std::string>());
    }
  }
  const bool kept = !profile_.RunDirectory().empty();
  observe::RunRecorderOptions options;
  options.run_id = base::MakeUuidV7(clock_, random_).ToString();
  options.job = file_.name;
  options.run_directory = kept ? run_directory_ : "";
  options.profile_fingerprint = profile_.Fingerprint();
  options.versions = std::move(versions);
  options.statement_text = profile_.RecordStatementText() ? observe::StatementText::kVerbatim
                                                          : observe::StatementText::kSanitised;
  options.durability =
      profile_.DurableWrites() ? base::Durability::kSync : base::Durability::kCached;
  std::vector<std::unique_ptr<observe::RecordedEventSink>> sinks;
  if (kept && profile_.EventsToFile()) {
    LG_ASSIGN_OR_RETURN(auto sink, observe::OpenNdjsonSink(fmt::format(
                                       "{}/{}.events.ndjson", run_directory_, options.run_id)));
    sinks.push_back(std::move(sink));
  }
  LG_ASSIGN_OR_RETURN(recorder_,
                      observe::RunRecorder::Start(std::move(options), clock_, std::move(sinks)));
  events_ = std::make_unique<RunEvents>(*recorder_);
  report_.run_id = recorder_->run_id();
  report_.record_path = recorder_->path();
  return {};
}

Status Run::OpenSession() {
  LG_ASSIGN_OR_RETURN(
      session_,
      SessionAccess::Open(profile_, {.events = events_.get(),
                                     .quarantine_directory = fmt::format(
                                         "{}/{}/errors", run_directory_, report_.run_id)}));
  // Every text is judged before the first dataset is opened.
  for (const Step& step : file_.steps) {
    const auto* view = std::get_if<ViewStep>(&step.action);
    if (view == nullptr) continue;
    LG_ASSIGN_OR_RETURN(const Judgement judgement, Session::Judge(view->sql, profile_));
    if (judgement.refusal) return judgement.refusal->WithContext(Label(step));
  }
  for (const DatasetSpec& dataset : file_.datasets) {
    LG_RETURN_IF_ERROR(session_->Register(dataset));
  }
  return {};
}

Result<StepTotals> Run::Keep(const Step& step, Result<ArrowStream> rows) {
  if (!rows) return rows.error();
  LG_ASSIGN_OR_RETURN(const StepOutput output,
                      session_->RegisterStream(step.name, *std::move(rows), cancel_));
  return StepTotals{.rows = output.rows, .bytes = output.bytes};
}

// A view's own text, because a SELECT around it would lose its ORDER BY.
std::string Run::SqlOf(const std::string& name) const {
  for (const Step& step : file_.steps) {
    const auto* view = std::get_if<ViewStep>(&step.action);
    if (view != nullptr && step.name == name) return view->sql;
  }
  return fmt::format("SELECT * FROM {}", base::QuoteIdentifier(name));
}

Result<StepTotals> Run::WriteOutput(const Step& step, const OutputStep& output) {
  WriteOptions write = output.write;
  write.run_id = report_.run_id;
  if (output.automatic_transaction) {
    write.app_transaction = TransactionOf(sequence_, file_, step.name);
  }
  QueryOptions query;
  query.cancel = cancel_;
  LG_ASSIGN_OR_RETURN(WriteReceipt receipt, session_->Write(SqlOf(output.source), write, query));
  const StepTotals totals{.rows = receipt.rows, .bytes = receipt.bytes};
  recorder_->AddOutput(RunOutput{
      .name = step.name, .location = receipt.destination, .receipt_json = ReceiptToJson(receipt)});
  report_.outputs.push_back(JobOutput{.name = step.name, .receipt = std::move(receipt)});
  return totals;
}

Result<StepTotals> Run::Act(const Step& step) {
  if (const auto* view = std::get_if<ViewStep>(&step.action)) {
    LG_RETURN_IF_ERROR(session_->RegisterView(step.name, view->sql));
    return StepTotals{};
  }
  if (const auto* kernel = std::get_if<KernelStep>(&step.action)) {
    return Keep(step, session_->Apply(kernel->call, kernel->inputs, cancel_));
  }
  return WriteOutput(step, std::get<OutputStep>(step.action));
}

RunStatus StatusOf(const Error& error) {
  return error.kind() == ErrorKind::kCancelled ? RunStatus::kCancelled : RunStatus::kFailed;
}

Status Run::RunStep(const Step& step) {
  if (cancel_.cancelled()) return Error(ErrorKind::kCancelled, "The run was cancelled.");
  Tell(step.name, step.kind());
  events_->Emit(observe::StepStarted{.step = step.name, .kind = std::string(step.kind())});
  const std::int64_t started_ns = clock_.MonotonicNs();
  const Result<StepTotals> totals = Act(step);
  observe::StepFinished finished;
  finished.step = step.name;
  finished.status = totals ? RunStatus::kCompleted : StatusOf(totals.error());
  if (totals) {
    finished.rows = totals->rows;
    finished.bytes = totals->bytes;
  }
  finished.duration_ms = (clock_.MonotonicNs() - started_ns) / 1'000'000;
  finished.peak_memory_bytes = PeakMemoryBytes();
  events_->Emit(std::move(finished));
  if (!totals) return totals.error().WithContext(Label(step));
  return {};
}

Status Run::ShowAll() {
  if (!observer_.show) return {};
  for (const ShowEntry& show : file_.shows) {
    QueryOptions query;
    query.cancel = cancel_;
    LG_ASSIGN_OR_RETURN(ArrowStream rows, session_->Scan(show.name, query));
    rows = FirstRows(std::move(rows), show.limit);
    LG_RETURN_IF_ERROR(observer_.show(show.name, std::move(rows)));
  }
  return {};
}

Status Run::RunSteps() {
  LG_RETURN_IF_ERROR(OpenSession());
  const auto released = ReleasedAfter(file_);
  for (std::size_t i = 0; i < file_.steps.size(); ++i) {
    LG_RETURN_IF_ERROR(RunStep(file_.steps[i]));
    for (const std::string& name : released[i]) LG_RETURN_IF_ERROR(session_->Deregister(name));
  }
  return ShowAll();
}

Result<JobReport> Run::Execute(const std::string& text) {
  LG_ASSIGN_OR_RETURN(sequence_, TakeSequence(run_directory_, file_, text, random_));
  LG_RETURN_IF_ERROR(StartRecord());
  if (sequence_.resumed) {
    Tell(file_.name, fmt::format("resumes run {} that did not complete", sequence_.number));
  }
  const Status status = RunSteps();
  const BufferStatistics buffers = Session::Buffers();
  events_->Emit(observe::BuffersCounted{.requests = buffers.requests,
                                        .recycled = buffers.recycled,
                                        .peak_bytes = buffers.peak_bytes,
                                        .trimmed_bytes = buffers.trimmed_bytes});
  session_.reset();
  if (!status) {
    // The run's own failure is the one to report; the record's would hide it.
    const Status recorded = recorder_->Finish(StatusOf(status.error()), status.error());
    if (!recorded) Tell(file_.name, recorded.error().message());
    return status.error();
  }
  LG_RETURN_IF_ERROR(recorder_->Finish(RunStatus::kCompleted));
  LG_RETURN_IF_ERROR(CompleteSequence(sequence_));
  return std::move(report_);
}

// Relative directories start at the job file. Without run records the lock and the sequence
// still need a place.
std::string RunDirectoryFor(const JobFile& file, const Profile& profile) {
  const std::string directory =
      profile.RunDirectory().empty() ? ".lakegate/runs" : profile.RunDirectory();
  return directory.starts_with('/') ? directory : file.directory + "/" + directory;
}

}  // namespace

Result<JobReport> RunJob(const JobFile& file, const std::string& text, const Profile& profile,
                         const JobObserver& observer, const CancelToken& cancel) {
  const std::string run_directory = RunDirectoryFor(file, profile);
  LG_RETURN_IF_ERROR(base::EnsureDirectory(run_directory, base::Durability::kSync));
  LG_ASSIGN_OR_RETURN(const RunLock lock, RunLock::Acquire(run_directory, file.name));
  Run run(file, profile, observer, cancel, run_directory);
  return run.Execute(text);
}

}  // namespace lakegate::job
