// Keeps the record of one run on disk while the run goes on.
//
// The recorder is itself the `EventSink` that other rooms receive: step events also fill the
// record's steps. Every change replaces <run_directory>/<id>.json atomically. Time, ids, the
// event sink and the place are given, so tests decide them all.
// Errors: `Start` and `Finish` report a record or sink that cannot be written (kIo);
// in between the first failure is kept, and the run goes on.
// Threads: all members may be called from many threads; one lock guards the record.
#ifndef LAKEGATE_OBSERVE_RUN_RECORDER_H_
#define LAKEGATE_OBSERVE_RUN_RECORDER_H_

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "lakegate/run_record.h"
#include "observe/event_sink.h"

namespace lakegate::observe {

enum class StatementText : std::uint8_t { kSanitised, kVerbatim };

struct RunRecorderOptions {
  std::string run_id = {};         // base::MakeUuidV7(...).ToString()
  std::string job = {};            // the job's name, or "sql", "write", ...
  std::string run_directory = {};  // created when missing; "" keeps the record in memory alone
  std::string profile_fingerprint = {};
  std::map<std::string, std::string> versions = {};
  StatementText statement_text = StatementText::kSanitised;
  base::Durability durability = base::Durability::kSync;
  std::int64_t max_events = 10'000;  // kept in the record
};

class RunRecorder final : public EventSink {
 public:
  // Writes the first record and emits run_started. `clock` must outlive the recorder.
  static Result<std::unique_ptr<RunRecorder>> Start(
      RunRecorderOptions options, const base::Clock& clock,
      std::vector<std::unique_ptr<RecordedEventSink>> sinks = {});

  void Emit(Event event) override;

  void AddInput(RunInput input);
  void AddOutput(RunOutput output);

  // Emits run_finished and writes the last record. Later calls change nothing.
  // `error` is the failure of a failed run.
  Status Finish(RunStatus status, const std::optional<Error>& error = std::nullopt);

  RunRecord Record() const;
  const std::string& run_id() const { return options_.run_id; }
  std::string path() const;  // "" when the record is kept in memory alone

 private:
  RunRecorder(RunRecorderOptions options, const base::Clock& clock,
              std::vector<std::unique_ptr<RecordedEventSink>> sinks);
  void EmitLocked(Event event);
  void ApplyToSteps(const Event& event);
  void SaveLocked();

  const RunRecorderOptions options_;
  const base::Clock& clock_;
  std::vector<std::unique_ptr<RecordedEventSink>> sinks_;

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  RunRecord record_;
  std::vector<std::int64_t> step_started_ns_;  // beside record_.steps
  std::int64_t next_sequence_ = 1;
  Status first_failure_;
};

}  // namespace lakegate::observe

#endif  // LAKEGATE_OBSERVE_RUN_RECORDER_H_
