#include "delta/commit_entry.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/try.h"

namespace lakegate::delta {

namespace {

using nlohmann::json;

std::string TextIn(const json& object, std::string_view name) {
  const auto found = object.find(std::string(name));
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Absent means that rows change: the careful reading.
bool ChangesData(const json& action) {
  const auto found = action.find("dataChange");
  return found == action.end() || !found->is_boolean() || found->get<bool>();
}

void ReadAction(const std::string& name, const json& fields, CommitEntry* entry) {
  if (name == "add") {
    ++entry->adds;
    entry->adds_rows = entry->adds_rows || ChangesData(fields);
  } else if (name == "remove") {
    entry->removed.push_back(TextIn(fields, "path"));
  } else if (name == "metaData" || name == "domainMetadata") {
    entry->metadata = true;
  } else if (name == "protocol") {
    entry->protocol = true;
  } else if (name == "txn") {
    const auto version = fields.find("version");
    entry->transactions.push_back(
        {TextIn(fields, "appId"), version != fields.end() && version->is_number_integer()
                                      ? version->get<std::int64_t>()
                                      : 0});
  } else if (name == "commitInfo") {
    entry->operation = TextIn(fields, "operation");
    entry->write_id = TextIn(fields, kWriteIdKey);
    const auto blind = fields.find("isBlindAppend");
    entry->blind_append = blind != fields.end() && blind->is_boolean() && blind->get<bool>();
  }
}

}  // namespace

Result<CommitEntry> ParseCommitEntry(std::int64_t version, std::string_view text) {
  CommitEntry entry;
  entry.version = version;
  std::int64_t line_number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++line_number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto action = json::parse(line, nullptr, false);
    if (!action.is_object() || action.size() != 1 || !action.begin().value().is_object()) {
      return Error(ErrorKind::kCorruptData,
                   fmt::format("A Delta log entry holds a line that is no action: version {}, "
                               "line {}",
                               version, line_number),
                   FilePosition{fmt::format("_delta_log/{:020}.json", version), line_number});
    }
    ReadAction(action.begin().key(), action.begin().value(), &entry);
  }
  return entry;
}

}  // namespace lakegate::delta
