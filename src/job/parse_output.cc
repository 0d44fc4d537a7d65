#include <fmt/format.h>

#include "base/try.h"
#include "job/parse_tables.h"

namespace lakegate::job {
namespace {

Status ParseDestination(TomlTable& table, const std::string& directory, WriteOptions* write) {
  LG_ASSIGN_OR_RETURN(const std::string location, table.RequiredText("location"));
  if (location.empty()) return table.Problem("location", "The location is empty.");
  write->destination.path = ResolveLocation(location, directory);
  LG_ASSIGN_OR_RETURN(const auto format, table.Text("format"));
  if (format) {
    auto parsed = DataFormatFromText(*format);
    if (!parsed) return table.Problem("format", parsed.error().message());
    write->destination.format = *parsed;
  }
  LG_ASSIGN_OR_RETURN(const auto mode, table.Text("mode"));
  // A job is run again and again: unlike a single write, its outputs replace what was there.
  write->mode = WriteMode::kOverwrite;
  if (mode) {
    auto parsed = WriteModeFromText(*mode);
    if (!parsed) return table.Problem("mode", parsed.error().message());
    write->mode = *parsed;
  }
  LG_ASSIGN_OR_RETURN(const auto replace_where, table.Text("replace_where"));
  write->replace_where = replace_where.value_or("");
  return {};
}

Status ParseStatistics(TomlTable& table, WriteOptions* write) {
  if (!table.Has("statistics")) return {};
  if (!table.HoldsText("statistics")) {
    LG_ASSIGN_OR_RETURN(auto columns, table.TextList("statistics"));
    write->statistics = StatisticsMode::kExplicit;
    write->statistics_columns = std::move(columns).value_or(std::vector<std::string>());
    return {};
  }
  LG_ASSIGN_OR_RETURN(const auto word, table.Text("statistics"));
  if (word != "auto" && word != "off") {
    return table.Problem("statistics",
                         "The word is not known: choose \"auto\", \"off\" or a list of columns.");
  }
  write->statistics = word == "auto" ? StatisticsMode::kAuto : StatisticsMode::kOff;
  return {};
}

Status ParseTransaction(TomlTable& table, OutputStep* output) {
  if (!table.Has("app_transaction")) return {};
  if (table.HoldsText("app_transaction")) {
    LG_ASSIGN_OR_RETURN(const auto word, table.Text("app_transaction"));
    if (word != "auto") {
      return table.Problem("app_transaction",
                           "The word is not known: write \"auto\" or { app_id = \"…\", "
                           "version = 1 }.");
    }
    output->automatic_transaction = true;
    return {};
  }
  LG_ASSIGN_OR_RETURN(auto transaction, table.Table("app_transaction"));
  LG_ASSIGN_OR_RETURN(std::string app_id, transaction->RequiredText("app_id"));
  LG_ASSIGN_OR_RETURN(const auto version, transaction->Integer("version"));
  if (!version) return transaction->Problem("", "The key 'version' is missing.");
  LG_RETURN_IF_ERROR(transaction->RefuseOtherKeys());
  output->write.app_transaction = AppTransaction{.app_id = std::move(app_id), .version = *version};
  return {};
}

Status ParseMaintain(TomlTable& table, MaintenanceOptions* options) {
  LG_ASSIGN_OR_RETURN(auto maintain, table.Table("maintain"));
  if (!maintain) return {};
  LG_ASSIGN_OR_RETURN(const auto optimize, maintain->Text("optimize"));
  if (optimize == "off" || optimize == "when_small_files") {
    options->optimize_small_files = optimize == "when_small_files";
  } else if (optimize) {
    return maintain->Problem("optimize",
                             "The word is not known: choose \"off\" or \"when_small_files\".");
  }
  LG_ASSIGN_OR_RETURN(options->checkpoint_every, maintain->Integer("checkpoint_every"));
  if (options->checkpoint_every.value_or(0) < 0) {
    return maintain->Problem("checkpoint_every", "The number of versions is below 0.");
  }
  return maintain->RefuseOtherKeys();
}

Status ParseColumns(TomlTable& table, WriteOptions* write) {
  LG_ASSIGN_OR_RETURN(auto partition_by, table.TextList("partition_by"));
  write->partition_by = std::move(partition_by).value_or(std::vector<std::string>());
  LG_ASSIGN_OR_RETURN(auto not_null, table.TextList("not_null"));
  write->not_null = std::move(not_null).value_or(std::vector<std::string>());
  LG_ASSIGN_OR_RETURN(auto key, table.TextList("key"));
  write->key = std::move(key).value_or(std::vector<std::string>());
  LG_ASSIGN_OR_RETURN(write->checks, ParseChecks(table));
  return ParseStatistics(table, write);
}

Status ParseOptionTables(TomlTable& table, WriteOptions* write) {
  LG_ASSIGN_OR_RETURN(auto properties, table.Table("properties"));
  if (properties) {
    LG_ASSIGN_OR_RETURN(auto pairs, properties->TextPairs());
    write->properties.insert(pairs.begin(), pairs.end());
  }
  LG_ASSIGN_OR_RETURN(auto options, table.Table("options"));
  if (options) {
    LG_ASSIGN_OR_RETURN(auto pairs, options->TextPairs());
    write->options.insert(pairs.begin(), pairs.end());
  }
  LG_ASSIGN_OR_RETURN(write->expected_version, table.Integer("expected_version"));
  return {};
}

}  // namespace

Result<Step> ParseOutput(const std::string& name, TomlTable table, const std::string& directory) {
  OutputStep output;
  LG_ASSIGN_OR_RETURN(output.source, table.RequiredText("source"));
  LG_RETURN_IF_ERROR(ParseDestination(table, directory, &output.write));
  LG_RETURN_IF_ERROR(ParseColumns(table, &output.write));
  LG_RETURN_IF_ERROR(ParseOptionTables(table, &output.write));
  LG_RETURN_IF_ERROR(ParseTransaction(table, &output));
  LG_RETURN_IF_ERROR(ParseMaintain(table, &output.write.maintenance));
  LG_RETURN_IF_ERROR(table.RefuseOtherKeys());
  if (auto valid = output.write.Validate(); !valid) {
    return table.Problem("", valid.error().message());
  }
  std::vector<std::string> reads = {output.source};
  return Step{
      .name = name, .line = table.line(), .action = std::move(output), .reads = std::move(reads)};
}

}  // namespace lakegate::job
