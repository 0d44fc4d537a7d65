#include "observe/run_recorder.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "observe/sanitise_statement.h"

namespace lakegate::observe {
namespace {

constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;

}  // namespace

Result<std::unique_ptr<RunRecorder>> RunRecorder::Start(
    RunRecorderOptions options, const base::Clock& clock,
    std::vector<std::unique_ptr<RecordedEventSink>> sinks) {
  if (!options.run_directory.empty()) {
    LG_RETURN_IF_ERROR(base::EnsureDirectory(options.run_directory, options.durability));
  }
  std::unique_ptr<RunRecorder> recorder(
      new RunRecorder(std::move(options), clock, std::move(sinks)));
  recorder->Emit(RunStarted{recorder->options_.job, recorder->options_.profile_fingerprint});
  const std::lock_guard lock(recorder->mutex_);
  LG_RETURN_IF_ERROR(recorder->first_failure_);
  return recorder;
}

RunRecorder::RunRecorder(RunRecorderOptions options, const base::Clock& clock,
                         std::vector<std::unique_ptr<RecordedEventSink>> sinks)
    : options_(std::move(options)), clock_(clock), sinks_(std::move(sinks)) {
  record_.id = options_.run_id;
  record_.job = options_.job;
  record_.started_at_ms = clock_.WallTimeMs();
  record_.profile_fingerprint = options_.profile_fingerprint;
  record_.versions = options_.versions;
}

std::string RunRecorder::path() const {
  if (options_.run_directory.empty()) return {};
  return options_.run_directory + "/" + options_.run_id + ".json";
}

void RunRecorder::Emit(Event event) {
  const std::lock_guard lock(mutex_);
  if (record_.status != RunStatus::kRunning) return;
  EmitLocked(std::move(event));
  SaveLocked();
}

void RunRecorder::EmitLocked(Event event) {
  if (auto* const guarded = std::get_if<StatementGuarded>(&event);
      guarded != nullptr && options_.statement_text == StatementText::kSanitised) {
    guarded->statement = SanitiseStatement(guarded->statement);
  }
  ApplyToSteps(event);
  const EventType& type = TypeOf(event);
  RunEvent recorded{next_sequence_++, clock_.WallTimeMs(), std::string(type.name), type.version,
                    FieldsJson(event)};
  for (const auto& sink : sinks_) sink->Write(options_.run_id, recorded);
  if (std::ssize(record_.events) < options_.max_events) {
    record_.events.push_back(std::move(recorded));
  } else {
    ++record_.events_dropped;
  }
}

void RunRecorder::ApplyToSteps(const Event& event) {
  if (const auto* const started = std::get_if<StepStarted>(&event)) {
    RunStep step;
    step.name = started->step;
    step.kind = started->kind;
    record_.steps.push_back(std::move(step));
    step_started_ns_.push_back(clock_.MonotonicNs());
    return;
  }
  const auto* const finished = std::get_if<StepFinished>(&event);
  if (finished == nullptr) return;
  for (std::size_t i = record_.steps.size(); i-- > 0;) {
    RunStep& step = record_.steps[i];
    if (step.name != finished->step || step.status != RunStatus::kRunning) continue;
    step.status = finished->status;
    step.rows = finished->rows;
    step.bytes = finished->bytes;
    step.peak_memory_bytes = finished->peak_memory_bytes;
    step.duration_ms = finished->duration_ms >= 0 ? finished->duration_ms
                                                  : (clock_.MonotonicNs() - step_started_ns_[i]) /
                                                        kNanosecondsPerMillisecond;
    return;
  }
}

void RunRecorder::AddInput(RunInput input) {
  const std::lock_guard lock(mutex_);
  if (record_.status != RunStatus::kRunning) return;
  record_.inputs.push_back(std::move(input));
  SaveLocked();
}

void RunRecorder::AddOutput(RunOutput output) {
  const std::lock_guard lock(mutex_);
  if (record_.status != RunStatus::kRunning) return;
  record_.outputs.push_back(std::move(output));
  SaveLocked();
}

Status RunRecorder::Finish(RunStatus status, const std::optional<Error>& error) {
  const std::lock_guard lock(mutex_);
  if (record_.status == RunStatus::kRunning && status != RunStatus::kRunning) {
    EmitLocked(RunFinished{status, error ? std::string(ErrorKindName(error->kind())) : ""});
    record_.status = status;
    record_.ended_at_ms = clock_.WallTimeMs();
    if (error) record_.error_json = error->ToJson();
    for (RunStep& step : record_.steps) {
      if (step.status == RunStatus::kRunning) step.status = status;
    }
    SaveLocked();
    for (const auto& sink : sinks_) {
      if (first_failure_) first_failure_ = sink->status();
    }
  }
  return first_failure_;
}

RunRecord RunRecorder::Record() const {
  const std::lock_guard lock(mutex_);
  return record_;
}

void RunRecorder::SaveLocked() {
  if (options_.run_directory.empty()) return;
  Status saved = base::WriteFileAtomically(path(), ToJson(record_), options_.durability);
  if (!saved && first_failure_) first_failure_ = std::move(saved);
}

}  // namespace lakegate::observe
