#include "observe/event.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lakegate::observe {
namespace {

// One overload an event: names and values of its fields, in declaration order. The JSON of
// an event and the documentation of its type both come from here.
template <typename Visitor>
void VisitFields(const RunStarted& event, Visitor&& visit) {
  visit("job", event.job);
  visit("profile_fingerprint", event.profile_fingerprint);
}
template <typename Visitor>
void VisitFields(const StatementGuarded& event, Visitor&& visit) {
  visit("statement", event.statement);
  visit("policy", event.policy);
  visit("allowed", event.allowed);
  visit("violation", event.violation);
  visit("name", event.name);
}
template <typename Visitor>
void VisitFields(const DatasetOpened& event, Visitor&& visit) {
  visit("name", event.name);
  visit("location", event.location);
  visit("format", event.format);
  visit("version", event.version);
}
template <typename Visitor>
void VisitFields(const StepStarted& event, Visitor&& visit) {
  visit("step", event.step);
  visit("kind", event.kind);
}
template <typename Visitor>
void VisitFields(const StepFinished& event, Visitor&& visit) {
  visit("step", event.step);
  visit("status", event.status);
  visit("rows", event.rows);
  visit("bytes", event.bytes);
  visit("duration_ms", event.duration_ms);
  visit("peak_memory_bytes", event.peak_memory_bytes);
}
template <typename Visitor>
void VisitFields(const StepSpilled& event, Visitor&& visit) {
  visit("step", event.step);
  visit("bytes", event.bytes);
}
template <typename Visitor>
void VisitFields(const WritePlanned& event, Visitor&& visit) {
  visit("output", event.output);
  visit("location", event.location);
  visit("format", event.format);
  visit("mode", event.mode);
}
template <typename Visitor>
void VisitFields(const WriteStaged& event, Visitor&& visit) {
  visit("output", event.output);
  visit("files", event.files);
  visit("rows", event.rows);
  visit("bytes", event.bytes);
}
template <typename Visitor>
void VisitFields(const CommitAttempted& event, Visitor&& visit) {
  visit("location", event.location);
  visit("read_version", event.read_version);
  visit("attempt", event.attempt);
}
template <typename Visitor>
void VisitFields(const CommitLanded& event, Visitor&& visit) {
  visit("location", event.location);
  visit("version", event.version);
  visit("outcome", event.outcome);
}
template <typename Visitor>
void VisitFields(const CommitConflicted& event, Visitor&& visit) {
  visit("location", event.location);
  visit("reason", event.reason);
  visit("read_version", event.read_version);
  visit("found_version", event.found_version);
  visit("retried", event.retried);
}
template <typename Visitor>
void VisitFields(const CommitUncertain& event, Visitor&& visit) {
  visit("location", event.location);
  visit("reason", event.reason);
  visit("settled_as", event.settled_as);
}
template <typename Visitor>
void VisitFields(const MaintenanceDecided& event, Visitor&& visit) {
  visit("location", event.location);
  visit("action", event.action);
  visit("taken", event.taken);
  visit("reason", event.reason);
}
template <typename Visitor>
void VisitFields(const BuffersCounted& event, Visitor&& visit) {
  visit("requests", event.requests);
  visit("recycled", event.recycled);
  visit("peak_bytes", event.peak_bytes);
  visit("trimmed_bytes", event.trimmed_bytes);
}
template <typename Visitor>
void VisitFields(const RunFinished& event, Visitor&& visit) {
  visit("status", event.status);
  visit("error_kind", event.error_kind);
}

struct FieldsToJson {
  nlohmann::ordered_json& json;
  template <typename Value>
  void operator()(std::string_view name, const Value& value) const {
    json[std::string(name)] = value;
  }
  void operator()(std::string_view name, RunStatus value) const {
    json[std::string(name)] = RunStatusName(value);
  }
};

struct FieldNames {
  std::vector<std::string_view>& names;
  template <typename Value>
  void operator()(std::string_view name, const Value&) const {
    names.push_back(name);
  }
};

template <typename EventStruct>
EventType Row(std::string_view name, std::int32_t version, std::string_view doc) {
  EventType type{name, version, doc, {}};
  VisitFields(EventStruct(), FieldNames{type.fields});
  return type;
}

}  // namespace

const std::vector<EventType>& EventTypes() {
  static const std::vector<EventType> kEventTypes = {
      Row<RunStarted>("run_started", 1, "A run began."),
      Row<StatementGuarded>("statement_guarded", 1, "The guard judged a SQL text."),
      Row<DatasetOpened>("dataset_opened", 1, "A registered dataset was opened for reading."),
      Row<StepStarted>("step_started", 1, "A step began."),
      Row<StepFinished>("step_finished", 1, "A step ended."),
      Row<StepSpilled>("step_spilled", 1, "A step's rows went from memory to disk."),
      Row<WritePlanned>("write_planned", 1, "A write knows its destination and mode."),
      Row<WriteStaged>("write_staged", 1, "Data files are complete; nothing is visible yet."),
      Row<CommitAttempted>("commit_attempted", 1, "A commit is about to be tried."),
      Row<CommitLanded>("commit_landed", 1, "The write is visible, or was already."),
      Row<CommitConflicted>("commit_conflicted", 1, "Another commit took the version."),
      Row<CommitUncertain>("commit_uncertain", 1,
                           "The outcome of a commit was unknown and is looked up."),
      Row<MaintenanceDecided>("maintenance_decided", 1, "Whether a table was maintained, and why."),
      Row<BuffersCounted>("buffers_counted", 1,
                          "How much memory of kernel outputs was recycled so far."),
      Row<RunFinished>("run_finished", 1, "A run ended."),
  };
  static_assert(std::variant_size_v<Event> == 15, "one row in kEventTypes an event");
  return kEventTypes;
}

const EventType& TypeOf(const Event& event) { return EventTypes()[event.index()]; }

std::string FieldsJson(const Event& event) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  std::visit([&](const auto& fields) { VisitFields(fields, FieldsToJson{json}); }, event);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string EventsMarkdown() {
  std::string text =
      "# Events\n\n"
      "What a run reports, in the run record and in the NDJSON events file. Generated from the\n"
      "table in `src/observe/event.cc`; a test fails when this file differs.\n\n"
      "Every event carries `run_id`, `sequence` (from 1, without gaps), `at` (RFC 3339, UTC),\n"
      "`type`, `version` and `fields`. Numbers of -1 are not known. Statements are sanitised\n"
      "(literals replaced by `?`) unless the setting `record_statement_text` is on; parameter\n"
      "values never appear.\n\n"
      "| type | version | fields | meaning |\n|---|---|---|---|\n";
  for (const EventType& type : EventTypes()) {
    std::string fields;
    for (const std::string_view field : type.fields) {
      fields += fmt::format("{}`{}`", fields.empty() ? "" : ", ", field);
    }
    text += fmt::format("| `{}` | {} | {} | {} |\n", type.name, type.version, fields, type.doc);
  }
  return text;
}

}  // namespace lakegate::observe
