#include <filesystem>

#include "base/quantity.h"
#include "base/try.h"
#include "job/parse_tables.h"

namespace lakegate::job {

std::string ResolveLocation(const std::string& location, const std::string& directory) {
  // A URI has no directory to be relative to; the session judges its scheme.
  if (location.find("://") != std::string::npos) return location;
  const std::filesystem::path path(location);
  return (path.is_absolute() ? path : std::filesystem::path(directory) / path)
      .lexically_normal()
      .string();
}

Result<std::vector<Check>> ParseChecks(TomlTable& table) {
  std::vector<Check> checks;
  LG_ASSIGN_OR_RETURN(std::optional<TomlTable> entries, table.Table("checks"));
  if (!entries) return checks;
  for (const auto& [name, node] : InFileOrder(entries->table())) {
    LG_ASSIGN_OR_RETURN(std::string expression, entries->RequiredText(name));
    checks.push_back(Check{.name = name, .expression = std::move(expression)});
  }
  return checks;
}

namespace {

Status ParseDatasetLocation(TomlTable& table, const std::string& directory,
                            DatasetLocation* location) {
  LG_ASSIGN_OR_RETURN(const std::string path, table.RequiredText("location"));
  if (path.empty()) return table.Problem("location", "The location is empty.");
  location->path = ResolveLocation(path, directory);
  LG_ASSIGN_OR_RETURN(const auto format, table.Text("format"));
  if (format) {
    auto parsed = DataFormatFromText(*format);
    if (!parsed) return table.Problem("format", parsed.error().message());
    location->format = *parsed;
  }
  LG_ASSIGN_OR_RETURN(auto partition_by, table.TextList("partition_by"));
  location->partition_columns = std::move(partition_by).value_or(std::vector<std::string>());
  LG_ASSIGN_OR_RETURN(location->version, table.Integer("version"));
  LG_ASSIGN_OR_RETURN(const auto timestamp, table.Text("timestamp"));
  if (timestamp) {
    auto parsed = base::ParseUtc(*timestamp);
    if (!parsed) return table.Problem("timestamp", parsed.error().message());
    location->timestamp_ms = *parsed;
  }
  LG_ASSIGN_OR_RETURN(auto options, table.Table("options"));
  if (options) {
    LG_ASSIGN_OR_RETURN(auto pairs, options->TextPairs());
    location->options.insert(pairs.begin(), pairs.end());
  }
  return {};
}

}  // namespace

Result<DatasetSpec> ParseDataset(const std::string& name, TomlTable table,
                                 const std::string& directory) {
  DatasetSpec spec;
  spec.name = name;
  LG_RETURN_IF_ERROR(ParseDatasetLocation(table, directory, &spec.location));
  LG_ASSIGN_OR_RETURN(auto key, table.TextList("key"));
  spec.key = std::move(key).value_or(std::vector<std::string>());
  LG_ASSIGN_OR_RETURN(auto not_null, table.TextList("not_null"));
  spec.not_null = std::move(not_null).value_or(std::vector<std::string>());
  LG_ASSIGN_OR_RETURN(spec.checks, ParseChecks(table));
  LG_ASSIGN_OR_RETURN(const auto on_violation, table.Text("on_violation"));
  if (on_violation == "quarantine") {
    spec.on_violation = OnViolation::kQuarantine;
  } else if (on_violation && on_violation != "fail") {
    return table.Problem("on_violation",
                         "The word is not known: choose \"fail\" or \"quarantine\".");
  }
  LG_RETURN_IF_ERROR(table.RefuseOtherKeys());
  if (auto valid = spec.Validate(); !valid) return table.Problem("", valid.error().message());
  return spec;
}

}  // namespace lakegate::job
