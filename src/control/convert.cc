#include "control/convert.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/quantity.h"
#include "base/text.h"
#include "base/try.h"
#include "base/uuid.h"
#include "columnar/schema.h"
#include "columnar/type.h"
#include "delta/action.h"
#include "delta/commit.h"
#include "delta/log.h"
#include "engine/delta_log.h"
#include "engine/table.h"
#include "hashing/schema_identity.h"
#include "observe/event.h"
#include "write/land.h"

namespace lakegate::control {

namespace {

using nlohmann::json;

constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";

struct PartitionColumn {
  std::string name;
  std::string format;  // of Arrow
};

struct PartitionType {
  std::string_view name;
  std::string_view format;
};
constexpr PartitionType kTypes[] = {
    {"string", "u"}, {"int", "i"}, {"long", "l"}, {"date", "tdD"}, {"boolean", "b"}};

// "name" or "name:type".
Result<PartitionColumn> ParsePartition(const std::string& text) {
  const auto colon = text.rfind(':');
  const std::string name = text.substr(0, colon);
  const std::string type = colon == std::string::npos ? "string" : text.substr(colon + 1);
  for (const auto& known : kTypes) {
    if (known.name == type && !name.empty())
      return PartitionColumn{name, std::string(known.format)};
  }
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("A partition column is NAME or NAME:TYPE, with string, int, long, date "
                           "or boolean: {}.",
                           text));
}

bool FitsType(const std::string& value, const PartitionColumn& column) {
  std::int64_t number = 0;
  const char* end = value.data() + value.size();
  const auto whole = [&] {
    const auto parsed = std::from_chars(value.data(), end, number);
    return parsed.ec == std::errc() && parsed.ptr == end;
  };
  if (column.format == "l") return whole();
  if (column.format == "i") return whole() && number == static_cast<std::int32_t>(number);
  if (column.format == "b") return value == "true" || value == "false";
  if (column.format == "tdD") {
    return value.size() == 10 && base::ParseUtc(value + "T00:00:00Z").has_value();
  }
  return true;
}

// Files of Parquet below the folder, relative to it, sorted; what begins with '.' or '_' is no
// part of a dataset.
Result<std::vector<std::string>> FindFiles(const std::string& path) {
  std::vector<std::string> files;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(path, error);
  for (; !error && entries != std::filesystem::recursive_directory_iterator();
       entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (name.starts_with('.') || name.starts_with('_')) {
      if (entries->is_directory(error)) entries.disable_recursion_pending();
      continue;
    }
    if (!entries->is_regular_file(error) || !name.ends_with(".parquet")) continue;
    files.push_back(entries->path().string().substr(path.size() + 1));
  }
  if (error) {
    return Error(ErrorKind::kIo,
                 fmt::format("The folder could not be listed: {}: {}", path, error.message()),
                 FilePosition{path, 0});
  }
  if (files.empty()) {
    return Error(ErrorKind::kNotFound, "There is no Parquet file to convert in: " + path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<json> PartitionValues(const std::string& file, const std::vector<PartitionColumn>& columns) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("The folders of a file are not the partitions that were asked for: "
                             "{}: {}.",
                             file, why));
  };
  json values = json::object();
  std::size_t depth = 0;
  for (std::size_t start = 0, end; (end = file.find('/', start)) != std::string::npos;
       start = end + 1, ++depth) {
    const std::string folder = file.substr(start, end - start);
    const auto equals = folder.find('=');
    if (depth >= columns.size()) return refuse("there are more folders than partition columns");
    const std::string name = delta::DecodePath(folder.substr(0, equals));
    if (equals == std::string::npos || name != columns[depth].name) {
      return refuse(fmt::format("'{}' stands where {}=… is expected", folder, columns[depth].name));
    }
    const std::string value = delta::DecodePath(folder.substr(equals + 1));
    if (value == kNullPartition) {
      values[name] = nullptr;
    } else if (FitsType(value, columns[depth])) {
      values[name] = value;
    } else {
      return refuse(fmt::format("'{}' is no value of the type of {}", value, name));
    }
  }
  if (depth < columns.size()) return refuse("there are fewer folders than partition columns");
  return values;
}

// The first column whose files could not be read as what Delta would call it.
std::optional<std::string> ColumnWithoutType(const ArrowSchema& field) {
  const auto type = columnar::ParseFormat(field.format);
  const auto here = [&] {
    return fmt::format("{} ({})", columnar::NameOf(field), columnar::TypeName(field));
  };
  if (!type || field.dictionary != nullptr) return here();
  using columnar::TypeId;
  if (columnar::IsNested(type->id)) {
    for (std::int64_t i = 0; i < field.n_children; ++i) {
      if (auto found = ColumnWithoutType(*field.children[i])) return found;
    }
    return std::nullopt;
  }
  const bool plain = columnar::IsSignedInteger(type->id) || columnar::IsString(type->id) ||
                     columnar::IsBinary(type->id) || type->id == TypeId::kBool ||
                     type->id == TypeId::kFloat32 || type->id == TypeId::kFloat64 ||
                     type->id == TypeId::kDate32 || type->id == TypeId::kDecimal128;
  const bool moment =
      type->id == TypeId::kTimestamp && type->unit == columnar::TimeUnit::kMicrosecond;
  return plain || moment ? std::nullopt : std::optional(here());
}

// The columns of the files, which must be the same in all of them.
Result<OwnedSchema> SchemaOfFiles(const engine::Engine& engine, const std::string& path,
                                  const std::vector<std::string>& files) {
  OwnedSchema first;
  std::optional<hashing::Digest> identity;
  for (const auto& file : files) {
    DatasetLocation location;
    location.path = fmt::format("{}/{}", path, file);
    location.format = DataFormat::kParquet;
    LG_ASSIGN_OR_RETURN(const auto table, engine::Table::Open(engine, location));
    LG_ASSIGN_OR_RETURN(OwnedSchema schema, table.schema());
    LG_ASSIGN_OR_RETURN(const auto found, hashing::LogicalIdentity(*schema));
    if (!identity) {
      identity = found;
      first = std::move(schema);
    } else if (found != *identity) {
      return Error(ErrorKind::kSchemaMismatch,
                   fmt::format("The files to convert have different columns: {} has not those of "
                               "{}.",
                               file, files.front()),
                   FilePosition{location.path, 0});
    }
  }
  for (std::int64_t i = 0; i < first->n_children; ++i) {
    if (const auto column = ColumnWithoutType(*first->children[i])) {
      return Error(ErrorKind::kUnsupported,
                   fmt::format("Delta has no type for a column of the files: {}; write them to a "
                               "new table instead.",
                               *column));
    }
  }
  return first;
}

Result<OwnedSchema> TableSchema(const ArrowSchema& files,
                                const std::vector<PartitionColumn>& partitions) {
  std::vector<OwnedSchema> fields;
  for (std::int64_t i = 0; i < files.n_children; ++i) {
    OwnedSchema field = CopySchema(*files.children[i]);
    columnar::SetNullable(true, &field);
    fields.push_back(std::move(field));
  }
  for (const auto& column : partitions) {
    if (columnar::FindColumn(files, column.name, "partition_by")) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A partition column is in the files too: {}.", column.name));
    }
    fields.push_back(columnar::MakeField({.name = column.name, .format = column.format}));
  }
  return columnar::SchemaOf(std::move(fields));
}

}  // namespace

Result<ChangeReceipt> ConvertTable(const Call& call, const ConvertOptions& convert) {
  const std::int64_t begun_ns = call.context.clock.MonotonicNs();
  const auto log = delta::OpenLog(call.context.engine, call.path);
  LG_ASSIGN_OR_RETURN(const auto kind, base::KindOf(call.path));
  if (kind != base::PathKind::kDirectory) {
    return Error(ErrorKind::kNotFound, "There is no folder of files to convert: " + call.path);
  }
  LG_ASSIGN_OR_RETURN(const auto there, log->Read());
  if (there) return Error(ErrorKind::kAlreadyExists, "This is a Delta table: " + call.path);
  std::vector<PartitionColumn> partitions;
  engine::DeltaTableOptions options{.partition_columns = {}, .configuration = convert.properties};
  for (const auto& text : convert.partition_by) {
    LG_ASSIGN_OR_RETURN(partitions.emplace_back(), ParsePartition(text));
    options.partition_columns.push_back(partitions.back().name);
  }
  LG_ASSIGN_OR_RETURN(const auto files, FindFiles(call.path));
  std::vector<json> values;
  for (const auto& file : files) {
    LG_ASSIGN_OR_RETURN(values.emplace_back(), PartitionValues(file, partitions));
  }
  LG_ASSIGN_OR_RETURN(const OwnedSchema of_files,
                      SchemaOfFiles(*call.context.engine, call.path, files));
  LG_ASSIGN_OR_RETURN(const OwnedSchema schema, TableSchema(*of_files, partitions));
  LG_ASSIGN_OR_RETURN(const std::string table,
                      engine::DeltaTableActions(*call.context.engine, nullptr, &*schema, options));
  LG_ASSIGN_OR_RETURN(const std::string told, engine::DescribeFiles(*call.context.engine, call.path,
                                                                    files, convert.properties));
  const json actions = json::parse(table, nullptr, false);
  json adds = json::parse(told, nullptr, false);
  if (!actions.is_object() || !adds.is_array() || adds.size() != values.size()) {
    return Error(ErrorKind::kInternal, "The files to convert are not told as promised.");
  }
  delta::CommitRequest request;
  request.operation = delta::Operation::kCreate;
  request.text.name = "CREATE TABLE";
  request.actions = {delta::WrapAction("protocol", actions["protocol"].dump()),
                     delta::WrapAction("metaData", actions["metadata"].dump())};
  for (std::size_t i = 0; i < values.size(); ++i) {
    adds[i]["partitionValues"] = values[i];
    request.actions.push_back(delta::WrapAction("add", adds[i].dump()));
  }
  ChangeReceipt receipt;
  receipt.path = call.path;
  receipt.operation = "CONVERT";
  receipt.metrics = {{"numConvertedFiles", static_cast<std::int64_t>(files.size())}};
  if (call.options.dry_run) {
    receipt.reason = "dry_run";
    return receipt;
  }
  request.expected_version = call.options.expected_version;
  request.run_id = call.options.run_id;
  request.text.metrics = receipt.metrics;
  request.write_id = base::MakeUuidV4(call.context.random).ToString();
  LG_ASSIGN_OR_RETURN(const write::Landed landed,
                      write::Land(*log, {}, request, {}, 0, call.context));
  receipt.version = landed.version;
  receipt.duration_ms = (call.context.clock.MonotonicNs() - begun_ns) / 1'000'000;
  call.context.events.Emit(observe::CommitLanded{call.path, landed.version, "committed"});
  return receipt;
}

}  // namespace lakegate::control
