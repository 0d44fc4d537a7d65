#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "base/try.h"
#include "datasets/contract.h"
#include "lakegate/dataset.h"

namespace lakegate {
namespace {

Error Invalid(std::string message) {
  return Error(ErrorKind::kInvalidArgument, std::move(message));
}

// `role` is the field as the reader wrote it: "key".
Status CheckColumnList(std::string_view role, const std::vector<std::string>& columns) {
  std::set<std::string_view> seen;
  for (const std::string& column : columns) {
    if (column.empty()) return Invalid(fmt::format("A column needs a name: in '{}'.", role));
    if (!seen.insert(column).second) {
      return Invalid(
          fmt::format("A column is named twice in one list: '{}' in '{}'.", column, role));
    }
  }
  return {};
}

Status CheckChecks(const std::vector<Check>& checks) {
  std::set<std::string_view> seen;
  for (const Check& check : checks) {
    if (check.name.empty()) {
      return Invalid(fmt::format("A check needs a name: '{}'.", check.expression));
    }
    if (base::TrimAscii(check.expression).empty()) {
      return Invalid(fmt::format("A check needs an expression: '{}'.", check.name));
    }
    if (!seen.insert(check.name).second) {
      return Invalid(fmt::format("Two checks have one name: '{}'.", check.name));
    }
  }
  return {};
}

}  // namespace

Status DatasetLocation::Validate() const {
  if (path.empty()) return Invalid("A dataset needs a path.");
  if (path.find('\0') != std::string::npos || !base::IsUtf8(path)) {
    return Invalid("The path of a dataset must be UTF-8 text without NUL.");
  }
  if (version && timestamp_ms) {
    return Invalid(
        fmt::format("A dataset is pinned to a version or to a timestamp, not to both: "
                    "'{}'. Remove 'version' or 'timestamp'.",
                    path));
  }
  if (version && *version < 0) {
    return Invalid(fmt::format("A version counts from 0: {} of '{}'.", *version, path));
  }
  if ((version || timestamp_ms) && format && *format != DataFormat::kDelta) {
    return Invalid(
        fmt::format("Only Delta tables have versions: '{}' is {}. Remove 'version' or "
                    "'timestamp'.",
                    path, DataFormatName(*format)));
  }
  if (format == DataFormat::kDelta && !partition_columns.empty()) {
    return Invalid(
        fmt::format("A Delta table knows its partition columns: '{}'. Remove "
                    "'partition_columns'.",
                    path));
  }
  for (const auto& [name, value] : options) {
    if (name.empty()) return Invalid(fmt::format("A format option needs a name: of '{}'.", path));
  }
  return CheckColumnList("partition_columns", partition_columns);
}

Status DatasetSpec::Validate() const {
  if (name.empty()) {
    return Invalid(fmt::format("A dataset needs a name: the one at '{}'.", location.path));
  }
  const auto named = [this](const Error& error) {
    return error.WithContext(fmt::format("dataset '{}'", name));
  };
  LG_RETURN_IF_ERROR(location.Validate().transform_error(named));
  LG_RETURN_IF_ERROR(CheckColumnList("key", key).transform_error(named));
  LG_RETURN_IF_ERROR(CheckColumnList("not_null", not_null).transform_error(named));
  return CheckChecks(checks).transform_error(named);
}

}  // namespace lakegate
