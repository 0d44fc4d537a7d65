#include "delta/action.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/try.h"

namespace lakegate::delta {

namespace {

using nlohmann::json;

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Error NotAnAdd(std::string_view why) {
  return Error(ErrorKind::kCorruptData,
               fmt::format("A file of the Delta table is not described as it should be: {}", why));
}

std::int64_t RowsOf(const json& add) {
  const auto stats = add.find("stats");
  if (stats == add.end() || !stats->is_string()) return -1;
  const auto parsed = json::parse(stats->get_ref<const std::string&>(), nullptr, false);
  if (!parsed.is_object()) return -1;
  const auto rows = parsed.find("numRecords");
  return rows != parsed.end() && rows->is_number_integer() ? rows->get<std::int64_t>() : -1;
}

Result<AddFile> ParseAdd(const json& add) {
  if (!add.is_object()) return NotAnAdd("an action is no object");
  const auto path = add.find("path");
  const auto size = add.find("size");
  if (path == add.end() || !path->is_string()) return NotAnAdd("it has no path");
  if (size == add.end() || !size->is_number_integer()) return NotAnAdd("it has no size");
  AddFile file;
  file.path = path->get<std::string>();
  file.bytes = size->get<std::int64_t>();
  file.rows = RowsOf(add);
  if (const auto values = add.find("partitionValues"); values != add.end() && values->is_object()) {
    for (const auto& [column, value] : values->items()) {
      file.partition_values[column] =
          value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
    }
  }
  file.json = Dump(add);
  return file;
}

Result<std::string> AddWith(const AddFile& file, bool data_change) {
  auto add = json::parse(file.json, nullptr, false);
  if (!add.is_object()) return NotAnAdd(file.path);
  add["dataChange"] = data_change;
  return WrapAction("add", Dump(add));
}

// Rows that the file's deletion vector marks.
std::int64_t DeletedRows(const AddFile& file) {
  const auto add = json::parse(file.json, nullptr, false);
  const auto vector = add.find("deletionVector");
  if (vector == add.end() || !vector->is_object()) return 0;
  return vector->value("cardinality", std::int64_t{1});
}

}  // namespace

Result<std::vector<AddFile>> ParseAdds(std::string_view text) {
  const auto parsed = json::parse(text, nullptr, false);
  if (!parsed.is_array()) return NotAnAdd("the list of files is no JSON array");
  std::vector<AddFile> files;
  files.reserve(parsed.size());
  for (const auto& entry : parsed) {
    const auto wrapped = entry.is_object() ? entry.find("add") : entry.end();
    LG_ASSIGN_OR_RETURN(auto file,
                        ParseAdd(entry.is_object() && wrapped != entry.end() ? *wrapped : entry));
    files.push_back(std::move(file));
  }
  return files;
}

std::string WrapAction(std::string_view name, std::string_view fields_json) {
  return fmt::format("{{\"{}\":{}}}", name, fields_json);
}

std::string AddAction(const AddFile& file) { return WrapAction("add", file.json); }

Result<std::string> AddAgainAction(const AddFile& file) { return AddWith(file, true); }

Result<std::string> MovedAction(const AddFile& file) { return AddWith(file, false); }

Result<std::string> MarkedAction(const AddFile& file, std::string_view vector) {
  auto add = json::parse(file.json, nullptr, false);
  auto marks = json::parse(vector, nullptr, false);
  if (!add.is_object() || !marks.is_object()) return NotAnAdd(file.path);
  add["dataChange"] = true;
  add["deletionVector"] = std::move(marks);
  // Bounds are those of all rows; that they may be wider than those of the rest, they must say.
  if (const auto stats = add.find("stats"); stats != add.end() && stats->is_string()) {
    auto parsed = json::parse(stats->get_ref<const std::string&>(), nullptr, false);
    if (parsed.is_object()) {
      parsed["tightBounds"] = false;
      *stats = Dump(parsed);
    }
  }
  return WrapAction("add", Dump(add));
}

std::string IdentityOf(const AddFile& file) {
  const auto add = json::parse(file.json, nullptr, false);
  const auto vector = add.find("deletionVector");
  const bool marked = vector != add.end() && vector->is_object();
  return marked ? file.path + "\n" + Dump(*vector) : file.path;
}

Result<std::string> RemoveAction(const AddFile& file, std::int64_t deletion_time_ms,
                                 bool data_change) {
  const auto add = json::parse(file.json, nullptr, false);
  if (!add.is_object()) return NotAnAdd(file.path);
  json remove = {{"path", file.path},
                 {"dataChange", data_change},
                 {"deletionTimestamp", deletion_time_ms},
                 {"extendedFileMetadata", true},
                 {"partitionValues", add.value("partitionValues", json::object())},
                 {"size", file.bytes}};
  for (const char* name : {"tags", "deletionVector", "baseRowId", "defaultRowCommitVersion"}) {
    if (const auto found = add.find(name); found != add.end() && !found->is_null()) {
      remove[name] = *found;
    }
  }
  return WrapAction("remove", Dump(remove));
}

std::string ChangeFilePath(const AddFile& file) {
  return fmt::format("{}/{}", kChangeFolder, file.path);
}

Result<std::string> ChangeFileAction(const AddFile& file) {
  const auto add = json::parse(file.json, nullptr, false);
  if (!add.is_object()) return NotAnAdd(file.path);
  return WrapAction("cdc", Dump({{"path", ChangeFilePath(file)},
                                 {"partitionValues", add.value("partitionValues", json::object())},
                                 {"size", file.bytes},
                                 {"dataChange", false}}));
}

bool HasDeletionVector(const AddFile& file) { return DeletedRows(file) > 0; }

std::int64_t LiveRows(const AddFile& file) {
  return file.rows < 0 ? -1 : file.rows - DeletedRows(file);
}

std::string DecodePath(std::string_view path) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string decoded;
  decoded.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool escape =
        path[i] == '%' && i + 2 < path.size() && digit(path[i + 1]) >= 0 && digit(path[i + 2]) >= 0;
    decoded += escape ? static_cast<char>(digit(path[i + 1]) * 16 + digit(path[i + 2])) : path[i];
    i += escape ? 2 : 0;
  }
  return decoded;
}

std::string TransactionAction(const AppTransaction& transaction, std::int64_t last_updated_ms) {
  return WrapAction("txn", Dump({{"appId", transaction.app_id},
                                 {"version", transaction.version},
                                 {"lastUpdated", last_updated_ms}}));
}

}  // namespace lakegate::delta
