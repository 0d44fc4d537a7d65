#include <nlohmann/json.hpp>

#include "lakegate/delta_table.h"

namespace lakegate {

namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json Parsed(const std::string& text) {
  auto value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json(text) : value;
}

Json OrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

std::string ToJson(const DeltaTableInfo& info) {
  Json features = Json::array();
  for (const auto& feature : info.features) {
    features.push_back({{"name", feature.name}, {"needed_to_read", feature.needed_to_read}});
  }
  Json constraints = Json::object();
  for (const auto& check : info.constraints) constraints[check.name] = check.expression;
  return Dump({{"path", info.path},
               {"version", info.version},
               {"id", info.id},
               {"name", OrNull(info.name)},
               {"description", OrNull(info.description)},
               {"created_at_ms", info.created_at_ms},
               {"reader_version", info.reader_version},
               {"writer_version", info.writer_version},
               {"features", features},
               {"writable", info.unwritable.empty()},
               {"unwritable", OrNull(info.unwritable)},
               {"schema", Parsed(info.schema_json)},
               {"partition_columns", info.partition_columns},
               {"properties", info.properties},
               {"constraints", constraints},
               {"files", info.files},
               {"bytes", info.bytes},
               {"rows", info.rows}});
}

std::string ToJson(const DeltaAdvice& advice) {
  return Dump({{"action", advice.action},
               {"advised", advice.advised},
               {"reason", advice.reason},
               {"detail", advice.detail}});
}

std::string ToJson(const DeltaCommitInfo& commit) {
  return Dump({{"version", commit.version},
               {"timestamp_ms", commit.timestamp_ms},
               {"operation", commit.operation},
               {"parameters", Parsed(commit.parameters_json)},
               {"metrics", Parsed(commit.metrics_json)},
               {"files_added", commit.files_added},
               {"files_removed", commit.files_removed},
               {"engine", OrNull(commit.engine)},
               {"run_id", OrNull(commit.run_id)}});
}

std::string ToJson(const DeltaFile& file) {
  Json values = Json::object();
  for (const auto& [column, value] : file.partition_values) {
    values[column] = value ? Json(*value) : Json();
  }
  return Dump(
      {{"path", file.path},
       {"bytes", file.bytes},
       {"rows", file.rows},
       {"deleted", file.deleted},
       {"partition_values", values},
       {"statistics", file.statistics_json.empty() ? Json() : Parsed(file.statistics_json)}});
}

std::string ToJson(const ChangeReceipt& receipt) {
  return Dump({{"path", receipt.path},
               {"operation", receipt.operation},
               {"read_version", receipt.read_version},
               {"version", receipt.version},
               {"reason", OrNull(receipt.reason)},
               {"metrics", receipt.metrics},
               {"files", receipt.files},
               {"retries", receipt.retries},
               {"duration_ms", receipt.duration_ms}});
}

}  // namespace lakegate
