#include "control/inspect.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/try.h"
#include "delta/action.h"
#include "delta/commit_entry.h"
#include "delta/log.h"
#include "delta/snapshot.h"
#include "engine/statement.h"

namespace lakegate::control {

namespace {

using nlohmann::json;

constexpr std::string_view kConstraintPrefix = "delta.constraints.";

std::string TextIn(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t NumberIn(const json& object, const char* name, std::int64_t absent) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : absent;
}

std::vector<std::string> TextsIn(const json& object, const char* name) {
  std::vector<std::string> texts;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_array()) return texts;
  for (const auto& entry : *found) {
    if (entry.is_string()) texts.push_back(entry.get<std::string>());
  }
  return texts;
}

// Features listed by the protocol, and those that its versions imply where they are in use.
std::vector<DeltaFeature> FeaturesOf(const json& protocol, const DeltaTableInfo& info) {
  std::map<std::string, bool> features;
  for (const auto& name : TextsIn(protocol, "writerFeatures")) features[name] = false;
  for (const auto& name : TextsIn(protocol, "readerFeatures")) features[name] = true;
  const auto enabled = [&](const char* property) {
    const auto found = info.properties.find(property);
    return found != info.properties.end() && found->second == "true";
  };
  if (enabled("delta.appendOnly")) features.try_emplace("appendOnly", false);
  if (enabled("delta.enableChangeDataFeed")) features.try_emplace("changeDataFeed", false);
  if (!info.constraints.empty()) features.try_emplace("checkConstraints", false);
  const auto mapping = info.properties.find("delta.columnMapping.mode");
  if (mapping != info.properties.end() && mapping->second != "none") {
    features["columnMapping"] = true;
  }
  std::vector<DeltaFeature> list;
  list.reserve(features.size());
  for (const auto& [name, needed_to_read] : features) list.push_back({name, needed_to_read});
  return list;
}

void ReadMetadata(const json& metadata, DeltaTableInfo* info) {
  info->id = TextIn(metadata, "id");
  info->name = TextIn(metadata, "name");
  info->description = TextIn(metadata, "description");
  info->created_at_ms = NumberIn(metadata, "createdTime", -1);
}

DeltaFile FileOf(const delta::AddFile& add) {
  DeltaFile file;
  file.path = delta::DecodePath(add.path);
  file.bytes = add.bytes;
  file.rows = delta::LiveRows(add);
  file.deleted = add.rows < 0 ? 0 : add.rows - file.rows;
  file.partition_values = add.partition_values;
  const auto parsed = json::parse(add.json, nullptr, false);
  file.statistics_json = TextIn(parsed, "stats");
  return file;
}

Result<std::vector<delta::AddFile>> AddsOf(const delta::Snapshot& snapshot) {
  LG_ASSIGN_OR_RETURN(const std::string text, snapshot.handle->Files());
  return delta::ParseAdds(text);
}

// One entry of the log, told for people and programs.
Result<DeltaCommitInfo> CommitOf(std::int64_t version, const std::string& text) {
  LG_ASSIGN_OR_RETURN(const auto entry, delta::ParseCommitEntry(version, text));
  DeltaCommitInfo commit;
  commit.version = version;
  commit.operation = entry.operation;
  commit.files_added = entry.adds;
  commit.files_removed = static_cast<std::int64_t>(entry.removed.size());
  commit.parameters_json = "{}";
  commit.metrics_json = "{}";
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto action = json::parse(rest.substr(0, end), nullptr, false);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (!action.is_object() || !action.contains("commitInfo")) continue;
    const json& info = action["commitInfo"];
    commit.timestamp_ms = NumberIn(info, "timestamp", -1);
    commit.engine = TextIn(info, "engineInfo");
    commit.run_id = TextIn(info, "lakegateRunId");
    if (const auto found = info.find("operationParameters");
        found != info.end() && found->is_object()) {
      commit.parameters_json = found->dump();
    }
    if (const auto found = info.find("operationMetrics");
        found != info.end() && found->is_object()) {
      commit.metrics_json = found->dump();
    }
    break;
  }
  return commit;
}

}  // namespace

Result<DeltaTableInfo> InspectTable(const engine::Engine& engine, const std::string& path,
                                    const DeltaVersion& at) {
  LG_ASSIGN_OR_RETURN(const auto snapshot,
                      delta::ReadSnapshot(engine, path, at.version, at.timestamp_ms));
  const auto protocol = json::parse(snapshot.protocol_json, nullptr, false);
  const auto metadata = json::parse(snapshot.metadata_json, nullptr, false);
  if (!protocol.is_object() || !metadata.is_object()) {
    return Error(ErrorKind::kCorruptData,
                 "The Delta table says nothing of its protocol or metadata: " + path);
  }
  DeltaTableInfo info;
  info.path = path;
  info.version = snapshot.version;
  ReadMetadata(metadata, &info);
  info.reader_version = NumberIn(protocol, "minReaderVersion", 0);
  info.writer_version = NumberIn(protocol, "minWriterVersion", 0);
  info.unwritable = snapshot.unwritable;
  info.schema_json = delta::SchemaStringOf(snapshot);
  info.partition_columns = snapshot.partition_columns;
  info.constraints = delta::ConstraintsOf(snapshot);
  for (const auto& [name, value] : snapshot.configuration) {
    if (!name.starts_with(kConstraintPrefix)) info.properties[name] = value;
  }
  info.features = FeaturesOf(protocol, info);
  info.files = snapshot.files;
  info.bytes = snapshot.bytes;
  LG_ASSIGN_OR_RETURN(const auto files, AddsOf(snapshot));
  info.rows = 0;
  for (const auto& file : files) {
    const std::int64_t rows = delta::LiveRows(file);
    info.rows = info.rows < 0 || rows < 0 ? -1 : info.rows + rows;
  }
  return info;
}

Result<std::vector<DeltaFile>> ListFiles(const engine::Engine& engine, const std::string& path,
                                         const DeltaVersion& at) {
  LG_ASSIGN_OR_RETURN(const auto snapshot,
                      delta::ReadSnapshot(engine, path, at.version, at.timestamp_ms));
  LG_ASSIGN_OR_RETURN(const auto adds, AddsOf(snapshot));
  std::vector<DeltaFile> files;
  files.reserve(adds.size());
  for (const auto& add : adds) files.push_back(FileOf(add));
  return files;
}

Result<std::vector<DeltaCommitInfo>> ReadHistory(std::shared_ptr<const engine::Engine> engine,
                                                 const std::string& path, std::int64_t limit) {
  if (limit < 0) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("The limit of a history must not be negative: {}", limit));
  }
  LG_ASSIGN_OR_RETURN(const auto head, delta::ReadSnapshot(*engine, path, {}, {}));
  const auto log = delta::OpenLog(std::move(engine), path);
  std::vector<DeltaCommitInfo> history;
  for (std::int64_t version = head.version; version >= 0; --version) {
    if (limit > 0 && static_cast<std::int64_t>(history.size()) == limit) break;
    const auto text = log->ReadCommit(version);
    if (!text) {
      // Older entries were cleaned up.
      if (text.error().kind() == ErrorKind::kNotFound) break;
      return text.error();
    }
    LG_ASSIGN_OR_RETURN(auto commit, CommitOf(version, *text));
    history.push_back(std::move(commit));
  }
  return history;
}

Result<ArrowStream> ReadChanges(const std::shared_ptr<const engine::Engine>& engine,
                                const std::string& path, std::int64_t from,
                                std::optional<std::int64_t> to, const CancelToken& cancel) {
  LG_ASSIGN_OR_RETURN(const auto head, delta::ReadSnapshot(*engine, path, {}, {}));
  if (!delta::IsEnabled(head, "delta.enableChangeDataFeed")) {
    return Error(ErrorKind::kUnsupported,
                 "The Delta table has no change data feed: " + path +
                     "; set delta.enableChangeDataFeed = true, it begins with that version.");
  }
  const std::int64_t last = to.value_or(head.version);
  if (from < 0 || from > last) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("Changes are read from a version to one that is not before it: {} to "
                             "{}.",
                             from, last));
  }
  if (last > head.version) {
    return Error(ErrorKind::kNotFound,
                 fmt::format("The Delta table has no such version: {}; the newest is {}: {}", last,
                             head.version, path));
  }
  DatasetLocation location;
  location.path = path;
  location.version = head.version;
  const engine::DeltaView view{.changes = std::pair(from, last)};
  LG_ASSIGN_OR_RETURN(const auto table, engine::Table::OpenDelta(*engine, location, view));
  LG_ASSIGN_OR_RETURN(auto session, engine::EngineSession::Open(engine));
  LG_RETURN_IF_ERROR(session.AddTable("changes", table));
  LG_ASSIGN_OR_RETURN(const auto plan,
                      session.PlanStatement("SELECT * FROM changes", {}, 0, cancel));
  return plan.Execute(0, cancel);
}

}  // namespace lakegate::control
