#include <fmt/core.h>

#include <array>
#include <set>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "lakegate/write.h"

namespace lakegate {

namespace {

constexpr std::array<std::pair<WriteMode, std::string_view>, 6> kModes = {{
    {WriteMode::kError, "error"},
    {WriteMode::kAppend, "append"},
    {WriteMode::kOverwrite, "overwrite"},
    {WriteMode::kIgnore, "ignore"},
    {WriteMode::kOverwritePartitions, "overwrite_partitions"},
    {WriteMode::kReplaceWhere, "replace_where"},
}};

Status CheckUnique(const std::vector<std::string>& columns, std::string_view option) {
  std::set<std::string_view> seen;
  for (const auto& column : columns) {
    if (column.empty()) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A write option names a column without a name: {}", option));
    }
    if (!seen.insert(column).second) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A write option names a column twice: {} in {}", column, option));
    }
  }
  return {};
}

Status CheckChecks(const std::vector<Check>& checks) {
  std::set<std::string_view> seen;
  for (const auto& check : checks) {
    if (check.name.empty() || check.expression.empty()) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A check needs a name and an expression: '{}' = '{}'", check.name,
                               check.expression));
    }
    if (!seen.insert(check.name).second) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("Two checks have one name: {}", check.name));
    }
  }
  return {};
}

Status CheckProperties(const std::map<std::string, std::string>& properties) {
  for (const auto& [name, value] : properties) {
    if (name.starts_with("delta.constraints.")) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A constraint is given as a check, not as a property: {}", name));
    }
  }
  return {};
}

}  // namespace

std::string_view WriteModeName(WriteMode mode) {
  for (const auto& [known, name] : kModes) {
    if (known == mode) return name;
  }
  return "error";
}

Result<WriteMode> WriteModeFromText(std::string_view text) {
  std::vector<std::string> names;
  for (const auto& [mode, name] : kModes) {
    if (name == text) return mode;
    names.emplace_back(name);
  }
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("The write mode is not known: {}.{} The modes are {}.", text,
                           base::DidYouMean(text, names), base::ListNames(names)));
}

Status WriteOptions::Validate() const {
  LG_RETURN_IF_ERROR(destination.Validate());
  if (destination.path.empty()) {
    return Error(ErrorKind::kInvalidArgument, "A write needs a destination: its path is empty.");
  }
  if (destination.version || destination.timestamp_ms) {
    return Error(ErrorKind::kInvalidArgument,
                 "A destination cannot be pinned to a version or a moment; use expected_version: " +
                     destination.path);
  }
  if ((mode == WriteMode::kReplaceWhere) != !replace_where.empty()) {
    return Error(ErrorKind::kInvalidArgument,
                 replace_where.empty()
                     ? "Mode replace_where needs a condition: replace_where is empty."
                     : "The condition replace_where is read with mode replace_where alone.");
  }
  LG_RETURN_IF_ERROR(CheckUnique(partition_by, "partition_by"));
  LG_RETURN_IF_ERROR(CheckUnique(not_null, "not_null"));
  LG_RETURN_IF_ERROR(CheckUnique(statistics_columns, "statistics_columns"));
  LG_RETURN_IF_ERROR(CheckUnique(key, "key"));
  LG_RETURN_IF_ERROR(CheckChecks(checks));
  LG_RETURN_IF_ERROR(CheckProperties(properties));
  if (app_transaction && app_transaction->app_id.empty()) {
    return Error(ErrorKind::kInvalidArgument, "An application transaction needs an id.");
  }
  if (app_transaction && app_transaction->version < 0) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("The version of an application transaction must not be negative: {}",
                             app_transaction->version));
  }
  if (expected_version && *expected_version < -1) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("An expected version is a table version, or -1 for no table: {}",
                             *expected_version));
  }
  if (statistics == StatisticsMode::kExplicit && statistics_columns.empty()) {
    return Error(ErrorKind::kInvalidArgument,
                 "Explicit statistics need statistics_columns; 'off' writes none.");
  }
  if (statistics != StatisticsMode::kExplicit && !statistics_columns.empty()) {
    return Error(ErrorKind::kInvalidArgument,
                 "statistics_columns are read with explicit statistics alone.");
  }
  return {};
}

}  // namespace lakegate
