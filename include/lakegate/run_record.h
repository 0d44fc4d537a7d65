// What a run leaves behind: one JSON file that says what ran, on what, with which result.
//
// The file lies at <run_directory>/<id>.json and is replaced atomically while the run goes
// on, so a killed run leaves a record whose status is still `running` and whose last step and
// event say where it was. Parameter values and secrets never enter it; statement text is
// sanitised (literals replaced by ?) unless the profile asks for it verbatim.
//
// Units: times in milliseconds since 1970 UTC, durations in milliseconds, sizes in bytes.
// Errors: kNotFound (no such run; the message names the directory), kInvalidArgument (an id
// prefix that fits several runs), kCorruptData (not a record of a known version), kIo.
// Threads: values and pure functions; reading a directory beside a running writer is safe.
#ifndef LAKEGATE_RUN_RECORD_H_
#define LAKEGATE_RUN_RECORD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/export.h"
#include "lakegate/result.h"

namespace lakegate {

enum class RunStatus : std::uint8_t { kRunning, kCompleted, kFailed, kCancelled };

// "running", "completed", "failed", "cancelled".
LAKEGATE_EXPORT std::string_view RunStatusName(RunStatus status);

// A dataset that was read. Version -1: the format has none; then the digest says which files
// were read: BLAKE3-256 over their names, sizes and modification times, 64 hexadecimal digits.
// "" where the version says it, or where there are no files to list.
struct RunInput {
  std::string name = {};
  std::string location = {};
  std::string format = {};
  std::int64_t version = -1;
  std::string digest = {};
  bool operator==(const RunInput&) const = default;
};

// A dataset that was written; `receipt_json` is the write's receipt, a JSON object.
struct RunOutput {
  std::string name = {};
  std::string location = {};
  std::string receipt_json = {};
  bool operator==(const RunOutput&) const = default;
};

// `status` is kRunning until the step's end is known; -1 where a number is not known.
struct RunStep {
  std::string name = {};
  std::string kind = {};  // "view", "kernel", "write", "maintain", "show", ...
  RunStatus status = RunStatus::kRunning;
  std::int64_t rows = -1;
  std::int64_t bytes = -1;
  std::int64_t duration_ms = -1;
  std::int64_t peak_memory_bytes = -1;
  bool operator==(const RunStep&) const = default;
};

// One event as recorded: `fields_json` is a JSON object whose shape `type` and `version`
// name (docs/EVENTS.md). Sequences count from 1 without gaps.
struct RunEvent {
  std::int64_t sequence = 0;
  std::int64_t at_ms = 0;
  std::string type = {};
  std::int32_t version = 1;
  std::string fields_json = {};
  bool operator==(const RunEvent&) const = default;
};

struct RunRecord {
  std::string id = {};  // UUID version 7: sorts by start
  std::string job = {};
  RunStatus status = RunStatus::kRunning;
  std::int64_t started_at_ms = 0;
  std::int64_t ended_at_ms = -1;
  std::string profile_fingerprint = {};
  std::map<std::string, std::string> versions = {};  // component → version
  std::vector<RunInput> inputs = {};
  std::vector<RunOutput> outputs = {};
  std::vector<RunStep> steps = {};
  std::vector<RunEvent> events = {};
  std::int64_t events_dropped = 0;  // beyond the record's limit; sinks saw them all
  std::string error_json = {};      // Error::ToJson() of a failed run, or ""
  bool operator==(const RunRecord&) const = default;
};

// Indented JSON with a fixed order of keys; parses back to an equal record.
LAKEGATE_EXPORT std::string ToJson(const RunRecord& record);
LAKEGATE_EXPORT Result<RunRecord> ParseRunRecord(std::string_view json);

// Every record in the directory, oldest first. Files that are no records are passed over
// and named in `unreadable`; a directory that does not exist has no runs.
struct RunList {
  std::vector<RunRecord> runs = {};
  std::vector<std::string> unreadable = {};
};
LAKEGATE_EXPORT Result<RunList> ListRuns(const std::string& run_directory);

// `id` may be any prefix that fits one run only, or "last" for the newest.
LAKEGATE_EXPORT Result<RunRecord> LoadRun(const std::string& run_directory, std::string_view id);

// Called with each event as it happens, from the thread that caused it, under the recorder's
// lock: be quick, and do not call back into the run.
using RunEventCallback = std::function<void(const std::string& run_id, const RunEvent& event)>;

}  // namespace lakegate

#endif  // LAKEGATE_RUN_RECORD_H_
