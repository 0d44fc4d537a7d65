#include "lakegate/run_record.h"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;

// Raised when a key changes its meaning; added keys do not.
constexpr std::int32_t kRecordVersion = 1;

constexpr std::array<std::pair<RunStatus, std::string_view>, 4> kStatuses = {
    {{RunStatus::kRunning, "running"},
     {RunStatus::kCompleted, "completed"},
     {RunStatus::kFailed, "failed"},
     {RunStatus::kCancelled, "cancelled"}}};

// JSON objects kept as text stand in the file as objects; any other text as a string.
Json Embed(const std::string& text) {
  Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : Json(text);
}

std::string Extract(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json JsonOf(const RunInput& input) {
  return {{"name", input.name},
          {"location", input.location},
          {"format", input.format},
          {"version", input.version},
          {"digest", input.digest}};
}
Json JsonOf(const RunOutput& output) {
  return {{"name", output.name},
          {"location", output.location},
          {"receipt", Embed(output.receipt_json)}};
}
Json JsonOf(const RunStep& step) {
  return {{"name", step.name},
          {"kind", step.kind},
          {"status", RunStatusName(step.status)},
          {"rows", step.rows},
          {"bytes", step.bytes},
          {"duration_ms", step.duration_ms},
          {"peak_memory_bytes", step.peak_memory_bytes}};
}
Json JsonOf(const RunEvent& event) {
  return {{"sequence", event.sequence},
          {"at_ms", event.at_ms},
          {"type", event.type},
          {"version", event.version},
          {"fields", Embed(event.fields_json)}};
}

template <typename Row>
Json ListOf(const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const Row& row : rows) list.push_back(JsonOf(row));
  return list;
}

// The readers throw nlohmann's exceptions; ParseRunRecord turns them into an error.
RunStatus ReadStatus(const Json& json) {
  const std::string text = json.at("status").get<std::string>();
  for (const auto& [status, name] : kStatuses) {
    if (name == text) return status;
  }
  throw Json::other_error::create(501, "status: unknown word '" + text + "'", nullptr);
}

void Read(const Json& json, RunInput& input) {
  json.at("name").get_to(input.name);
  json.at("location").get_to(input.location);
  json.at("format").get_to(input.format);
  json.at("version").get_to(input.version);
  json.at("digest").get_to(input.digest);
}
void Read(const Json& json, RunOutput& output) {
  json.at("name").get_to(output.name);
  json.at("location").get_to(output.location);
  output.receipt_json = Extract(json.at("receipt"));
}
void Read(const Json& json, RunStep& step) {
  json.at("name").get_to(step.name);
  json.at("kind").get_to(step.kind);
  step.status = ReadStatus(json);
  json.at("rows").get_to(step.rows);
  json.at("bytes").get_to(step.bytes);
  json.at("duration_ms").get_to(step.duration_ms);
  json.at("peak_memory_bytes").get_to(step.peak_memory_bytes);
}
void Read(const Json& json, RunEvent& event) {
  json.at("sequence").get_to(event.sequence);
  json.at("at_ms").get_to(event.at_ms);
  json.at("type").get_to(event.type);
  json.at("version").get_to(event.version);
  event.fields_json = Extract(json.at("fields"));
}

template <typename Row>
void ReadList(const Json& json, std::vector<Row>& rows) {
  for (const Json& item : json) Read(item, rows.emplace_back());
}

RunRecord ReadRecord(const Json& json) {
  RunRecord record;
  json.at("id").get_to(record.id);
  json.at("job").get_to(record.job);
  record.status = ReadStatus(json);
  json.at("started_at_ms").get_to(record.started_at_ms);
  json.at("ended_at_ms").get_to(record.ended_at_ms);
  json.at("profile_fingerprint").get_to(record.profile_fingerprint);
  json.at("versions").get_to(record.versions);
  ReadList(json.at("inputs"), record.inputs);
  ReadList(json.at("outputs"), record.outputs);
  ReadList(json.at("steps"), record.steps);
  ReadList(json.at("events"), record.events);
  json.at("events_dropped").get_to(record.events_dropped);
  record.error_json = Extract(json.at("error"));
  return record;
}

}  // namespace

std::string_view RunStatusName(RunStatus status) {
  return kStatuses[static_cast<std::size_t>(status)].second;
}

std::string ToJson(const RunRecord& record) {
  Json json = {{"record_version", kRecordVersion},
               {"id", record.id},
               {"job", record.job},
               {"status", RunStatusName(record.status)},
               {"started_at_ms", record.started_at_ms},
               {"ended_at_ms", record.ended_at_ms},
               {"profile_fingerprint", record.profile_fingerprint},
               {"versions", record.versions},
               {"inputs", ListOf(record.inputs)},
               {"outputs", ListOf(record.outputs)},
               {"steps", ListOf(record.steps)},
               {"events", ListOf(record.events)},
               {"events_dropped", record.events_dropped},
               {"error", Embed(record.error_json)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RunRecord> ParseRunRecord(std::string_view json) {
  try {
    const Json parsed = Json::parse(json);
    if (parsed.at("record_version").get<std::int32_t>() != kRecordVersion) {
      return Error(ErrorKind::kCorruptData,
                   fmt::format("The run record is of another version: {}; this build reads {}.",
                               parsed.at("record_version").dump(), kRecordVersion));
    }
    return ReadRecord(parsed);
  } catch (const nlohmann::json::exception& exception) {
    return Error(ErrorKind::kCorruptData, fmt::format("The text is no run record: {}.",
                                                      base::Shorten(exception.what(), 300)));
  }
}

}  // namespace lakegate
