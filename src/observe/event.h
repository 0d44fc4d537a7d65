// The typed events of a run: what happened, in the order it happened.
//
// Each event is a struct; `kEventTypes` in event.cc gives its stable name and version, and
// docs/EVENTS.md is generated from that table. A field is added at the end with a default;
// a change of meaning is a new version. No event carries a parameter value or a secret.
#ifndef LAKEGATE_OBSERVE_EVENT_H_
#define LAKEGATE_OBSERVE_EVENT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lakegate/run_record.h"

namespace lakegate::observe {

struct RunStarted {
  std::string job = {};
  std::string profile_fingerprint = {};
};
// `statement` is sanitised by the recorder unless the profile asks for it verbatim.
struct StatementGuarded {
  std::string statement = {};
  std::string policy = {};
  bool allowed = true;
  std::string violation = {};  // "" when allowed
  std::string name = {};       // the offending name, "" when allowed
};
struct DatasetOpened {
  std::string name = {};
  std::string location = {};
  std::string format = {};
  std::int64_t version = -1;
};
struct StepStarted {
  std::string step = {};
  std::string kind = {};
};
struct StepFinished {
  std::string step = {};
  RunStatus status = RunStatus::kCompleted;
  std::int64_t rows = -1;
  std::int64_t bytes = -1;
  std::int64_t duration_ms = -1;
  std::int64_t peak_memory_bytes = -1;
};
// A step's rows went from memory to disk.
struct StepSpilled {
  std::string step = {};
  std::int64_t bytes = 0;
};
struct WritePlanned {
  std::string output = {};
  std::string location = {};
  std::string format = {};
  std::string mode = {};
};
struct WriteStaged {
  std::string output = {};
  std::int64_t files = 0;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};
struct CommitAttempted {
  std::string location = {};
  std::int64_t read_version = -1;
  std::int64_t attempt = 1;
};
struct CommitLanded {
  std::string location = {};
  std::int64_t version = -1;
  std::string outcome = {};  // "committed", "already_applied", "nothing_to_commit", "replaced"
};
struct CommitConflicted {
  std::string location = {};
  std::string reason = {};
  std::int64_t read_version = -1;
  std::int64_t found_version = -1;
  bool retried = false;
};
struct CommitUncertain {
  std::string location = {};
  std::string reason = {};
  std::string settled_as = {};  // "landed", "absent", "" while it is open
};
struct MaintenanceDecided {
  std::string location = {};
  std::string action = {};  // "optimize", "checkpoint", ...
  bool taken = false;
  std::string reason = {};
};
// Memory of kernel outputs, of the whole process.
struct BuffersCounted {
  std::int64_t requests = 0;
  std::int64_t recycled = 0;
  std::int64_t peak_bytes = 0;
  std::int64_t trimmed_bytes = 0;
};
struct RunFinished {
  RunStatus status = RunStatus::kCompleted;
  std::string error_kind = {};  // "" when it completed
};

using Event = std::variant<RunStarted, StatementGuarded, DatasetOpened, StepStarted, StepFinished,
                           StepSpilled, WritePlanned, WriteStaged, CommitAttempted, CommitLanded,
                           CommitConflicted, CommitUncertain, MaintenanceDecided, BuffersCounted,
                           RunFinished>;

// One row an alternative of `Event`, in that order.
struct EventType {
  std::string_view name;  // "run_started"
  std::int32_t version;
  std::string_view doc;
  std::vector<std::string_view> fields = {};
};
const std::vector<EventType>& EventTypes();
const EventType& TypeOf(const Event& event);

// The event's fields as one JSON object, in declaration order.
std::string FieldsJson(const Event& event);

// docs/EVENTS.md, whole.
std::string EventsMarkdown();

}  // namespace lakegate::observe

#endif  // LAKEGATE_OBSERVE_EVENT_H_
