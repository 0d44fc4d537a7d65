#include "write/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "base/quantity.h"
#include "base/text.h"
#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/type.h"

namespace lakegate::write {

namespace {

constexpr std::int64_t kFewRows = 10'000;
constexpr std::int64_t kManyRows = 1'000'000;

enum class OptionType : std::uint8_t { kText, kBool, kCount, kBytes, kCompression, kSchemaMode };

struct FormatOption {
  DataFormat format;
  std::string_view name;
  OptionType type;
};

// Every option a write reads; what is not here is refused by name.
constexpr FormatOption kOptions[] = {
    {DataFormat::kDelta, "target_file_size", OptionType::kBytes},
    {DataFormat::kDelta, "compression", OptionType::kCompression},
    {DataFormat::kDelta, "max_row_group_rows", OptionType::kCount},
    {DataFormat::kDelta, "schema_mode", OptionType::kSchemaMode},
    {DataFormat::kParquet, "compression", OptionType::kCompression},
    {DataFormat::kParquet, "max_row_group_rows", OptionType::kCount},
    {DataFormat::kParquet, "dictionary", OptionType::kBool},
    {DataFormat::kParquet, "statistics", OptionType::kText},
    {DataFormat::kCsv, "delimiter", OptionType::kText},
    {DataFormat::kCsv, "quote", OptionType::kText},
    {DataFormat::kCsv, "escape", OptionType::kText},
    {DataFormat::kCsv, "double_quote", OptionType::kBool},
    {DataFormat::kCsv, "header", OptionType::kBool},
    {DataFormat::kCsv, "null", OptionType::kText},
    {DataFormat::kCsv, "date_format", OptionType::kText},
    {DataFormat::kCsv, "time_format", OptionType::kText},
    {DataFormat::kCsv, "datetime_format", OptionType::kText},
    {DataFormat::kCsv, "timestamp_format", OptionType::kText},
    {DataFormat::kCsv, "timestamp_tz_format", OptionType::kText},
    {DataFormat::kNdjson, "explicit_nulls", OptionType::kBool},
    {DataFormat::kNdjson, "date_format", OptionType::kText},
    {DataFormat::kNdjson, "time_format", OptionType::kText},
    {DataFormat::kNdjson, "datetime_format", OptionType::kText},
    {DataFormat::kNdjson, "timestamp_format", OptionType::kText},
    {DataFormat::kNdjson, "timestamp_tz_format", OptionType::kText},
    {DataFormat::kArrow, "compression", OptionType::kText},
};

Error BadValue(std::string_view name, std::string_view value, std::string_view expected) {
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("A write option has a value it cannot have: {} = '{}'; it is {}.", name,
                           value, expected));
}

std::optional<std::int64_t> CountOf(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 1) return std::nullopt;
  return count;
}

Status CheckValue(const FormatOption& option, const std::string& value) {
  switch (option.type) {
    case OptionType::kText:
      return {};
    case OptionType::kBool:
      if (value == "true" || value == "false") return {};
      return BadValue(option.name, value, "true or false");
    case OptionType::kCount:
      if (CountOf(value)) return {};
      return BadValue(option.name, value, "a number of at least 1");
    case OptionType::kBytes: {
      LG_ASSIGN_OR_RETURN(const std::int64_t bytes, base::ParseByteSize(value));
      if (bytes >= 64 * 1024) return {};
      return BadValue(option.name, value, "a size of at least 64 KiB");
    }
    case OptionType::kCompression: {
      static const std::set<std::string_view> kKnown = {"zstd", "snappy", "lz4", "gzip", "none"};
      if (kKnown.contains(value)) return {};
      return BadValue(option.name, value, "zstd, snappy, lz4, gzip or none");
    }
    case OptionType::kSchemaMode:
      if (value == "strict" || value == "merge" || value == "overwrite") return {};
      return BadValue(option.name, value, "strict, merge or overwrite");
  }
  return {};
}

Status CheckFormatOptions(const WriteOptions& options, DataFormat format) {
  std::vector<std::string> names;
  for (const auto& option : kOptions) {
    if (option.format == format) names.emplace_back(option.name);
  }
  auto given = options.options;
  for (const auto& [name, value] : options.destination.options) given.emplace(name, value);
  ColumnOptions columns;
  for (const auto& [name, value] : given) {
    if (format == DataFormat::kDelta && IsColumnOption(name)) {
      LG_RETURN_IF_ERROR(AddColumnOption(name, value, &columns));
      continue;
    }
    const auto* found = std::find_if(std::begin(kOptions), std::end(kOptions),
                                     [&, &wanted = name](const FormatOption& option) {
                                       return option.format == format && option.name == wanted;
                                     });
    if (found == std::end(kOptions)) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("No write to {} reads this option: {}.{} The options are {}.",
                               DataFormatName(format), name, base::DidYouMean(name, names),
                               base::ListNames(names)));
    }
    LG_RETURN_IF_ERROR(CheckValue(*found, value));
  }
  return {};
}

// What only a Delta table can keep.
Status CheckFileRequest(const WriteOptions& options, DataFormat format) {
  const auto refuse = [&](std::string_view what) {
    return Error(ErrorKind::kUnsupported,
                 fmt::format("A {} file cannot do this: {}; write to format delta instead.",
                             DataFormatName(format), what));
  };
  if (options.mode != WriteMode::kError && options.mode != WriteMode::kOverwrite &&
      options.mode != WriteMode::kIgnore) {
    return refuse(fmt::format("mode {}", WriteModeName(options.mode)));
  }
  if (!options.partition_by.empty() || !options.destination.partition_columns.empty()) {
    return refuse("partition_by");
  }
  if (!options.properties.empty()) return refuse("properties");
  if (options.app_transaction) return refuse("app_transaction");
  if (options.expected_version) return refuse("expected_version");
  if (options.statistics == StatisticsMode::kExplicit) return refuse("statistics_columns");
  return {};
}

// Types a text format has no spelling for.
Status CheckColumnTypes(const ArrowSchema& schema, DataFormat format) {
  if (format != DataFormat::kCsv) return {};
  std::vector<std::string> refused;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    const ArrowSchema& field = *schema.children[i];
    const ArrowSchema& values = field.dictionary == nullptr ? field : *field.dictionary;
    const auto type = columnar::ParseFormat(values.format);
    if (type && !columnar::IsNested(type->id) && !columnar::IsBinary(type->id) &&
        type->id != columnar::TypeId::kFixedSizeBinary) {
      continue;
    }
    refused.push_back(fmt::format("{} ({})", columnar::NameOf(field), columnar::TypeName(values)));
  }
  if (refused.empty()) return {};
  return Error(ErrorKind::kUnsupported,
               fmt::format("A CSV file cannot hold columns of these types: {}; cast them in the "
                           "source or write another format.",
                           base::ListNames(refused)));
}

Status CheckColumns(const std::vector<std::string>& columns, const ArrowSchema& schema,
                    std::string_view role) {
  for (const auto& column : columns) {
    if (auto found = columnar::FindColumn(schema, column, role); !found) {
      return std::move(found).error();
    }
  }
  return {};
}

// One value with the level that decided it.
class Decider {
 public:
  Decider(const WriteOptions& options, const WritePolicy& policy, WritePlan* plan)
      : options_(options), policy_(policy), plan_(plan) {}

  // The option of that name, wherever it was given; nothing when it was not.
  std::optional<std::string> Option(const std::string& name) const {
    for (const auto* given : {&options_.options, &options_.destination.options}) {
      if (const auto found = given->find(name); found != given->end()) return found->second;
    }
    return std::nullopt;
  }
  std::string PolicySource(const std::string& name) const {
    const auto found = policy_.decided_by.find(name);
    return found == policy_.decided_by.end() ? "default" : found->second;
  }
  void Record(std::string name, std::string value, std::string decided_by) {
    plan_->decisions.push_back({std::move(name), std::move(value), std::move(decided_by)});
  }

 private:
  const WriteOptions& options_;
  const WritePolicy& policy_;
  WritePlan* plan_;
};

Status DecidePartitions(const WriteOptions& options, const WritePolicy& policy,
                        const std::optional<ExistingTable>& existing, const ArrowSchema& schema,
                        Decider* decider, WritePlan* plan) {
  const auto& asked =
      options.partition_by.empty() ? options.destination.partition_columns : options.partition_by;
  const bool replaced = decider->Option("schema_mode") == "overwrite";
  std::string decided_by;
  if (existing && !replaced) {
    if (!asked.empty() && asked != existing->partition_columns) {
      return Error(
          ErrorKind::kSchemaMismatch,
          fmt::format("The Delta table is partitioned differently: by {}, the write asks "
                      "for {}; leave partition_by out or overwrite with schema_mode = "
                      "overwrite.",
                      base::ListNames(existing->partition_columns), base::ListNames(asked)));
    }
    plan->partition_columns = existing->partition_columns;
    decided_by = "table";
  } else if (!asked.empty()) {
    plan->partition_columns = asked;
    decided_by = "option";
  } else {
    plan->partition_columns = policy.partition_by;
    decided_by = policy.partition_by.empty() ? "default" : decider->PolicySource("partition_by");
  }
  LG_RETURN_IF_ERROR(CheckColumns(plan->partition_columns, schema, "partition_by"));
  if (!plan->partition_columns.empty() &&
      static_cast<std::int64_t>(plan->partition_columns.size()) >= schema.n_children) {
    return Error(ErrorKind::kInvalidArgument,
                 "A Delta table needs a column that is no partition column: " +
                     base::ListNames(plan->partition_columns));
  }
  decider->Record("partition_by", base::Join(plan->partition_columns, ","), decided_by);
  return {};
}

Status DecideFileSize(const WritePolicy& policy, std::optional<std::int64_t> rows, Decider* decider,
                      WritePlan* plan) {
  if (const auto given = decider->Option("target_file_size")) {
    LG_ASSIGN_OR_RETURN(plan->target_file_bytes, base::ParseByteSize(*given));
    decider->Record("target_file_size", *given, "option");
    return {};
  }
  plan->target_file_bytes = TargetFileBytes(policy, rows);
  const bool adapted = plan->target_file_bytes != policy.target_file_bytes;
  decider->Record("target_file_size", base::FormatByteSize(plan->target_file_bytes),
                  adapted ? "adaptive" : decider->PolicySource("target_file_size"));
  return {};
}

// Nested and binary columns have no useful minimum.
bool HasOrder(const ArrowSchema& field) {
  const ArrowSchema& values = field.dictionary == nullptr ? field : *field.dictionary;
  const auto type = columnar::ParseFormat(values.format);
  return type && !columnar::IsNested(type->id) && !columnar::IsBinary(type->id) &&
         type->id != columnar::TypeId::kFixedSizeBinary && type->id != columnar::TypeId::kNull;
}

std::vector<std::string> AutoStatistics(const WriteOptions& options, const ArrowSchema& schema,
                                        const WritePlan& plan, std::int64_t limit) {
  std::vector<std::string> chosen;
  const auto add = [&](const std::string& name) {
    const auto& partitions = plan.partition_columns;
    const bool partition =
        std::find(partitions.begin(), partitions.end(), name) != partitions.end();
    const bool known = std::find(chosen.begin(), chosen.end(), name) != chosen.end();
    if (!partition && !known && static_cast<std::int64_t>(chosen.size()) < limit) {
      chosen.push_back(name);
    }
  };
  for (const auto& name : options.key) add(name);
  for (const auto& name : options.not_null) add(name);
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    if (HasOrder(*schema.children[i])) add(std::string(columnar::NameOf(*schema.children[i])));
  }
  return chosen;
}

Status DecideStatistics(const WriteOptions& options, const WritePolicy& policy,
                        const ArrowSchema& schema, Decider* decider, WritePlan* plan) {
  LG_RETURN_IF_ERROR(CheckColumns(options.key, schema, "key"));
  LG_RETURN_IF_ERROR(CheckColumns(options.not_null, schema, "not_null"));
  LG_RETURN_IF_ERROR(CheckColumns(options.statistics_columns, schema, "statistics_columns"));
  std::string decided_by = "option";
  if (options.statistics == StatisticsMode::kExplicit) {
    plan->statistics_columns = options.statistics_columns;
  } else if (options.statistics == StatisticsMode::kAuto) {
    decided_by = decider->PolicySource("statistics");
    if (policy.statistics != "off") {
      plan->statistics_columns =
          AutoStatistics(options, schema, *plan, policy.statistics_columns_max);
    }
  }
  decider->Record("statistics_columns", base::Join(plan->statistics_columns, ","), decided_by);
  return {};
}

}  // namespace

std::int64_t TargetFileBytes(const WritePolicy& policy, std::optional<std::int64_t> rows) {
  if (rows && *rows < kFewRows) {
    return std::min(policy.target_file_bytes, policy.small_table_file_bytes);
  }
  if (rows && *rows > kManyRows) {
    return std::max(policy.target_file_bytes, policy.large_table_file_bytes);
  }
  return policy.target_file_bytes;
}

Status CheckWriteOptions(const WriteOptions& options, DataFormat format) {
  if (format != DataFormat::kDelta) LG_RETURN_IF_ERROR(CheckFileRequest(options, format));
  LG_RETURN_IF_ERROR(CheckFormatOptions(options, format));
  if (options.mode == WriteMode::kOverwrite) return {};
  for (const auto* given : {&options.options, &options.destination.options}) {
    const auto found = given->find("schema_mode");
    if (found == given->end() || found->second != "overwrite") continue;
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("A schema can be overwritten in mode overwrite alone, not in {}; use "
                             "schema_mode = merge.",
                             WriteModeName(options.mode)));
  }
  return {};
}

Result<WritePlan> PlanWrite(const WriteOptions& options, DataFormat format,
                            const ArrowSchema& schema, const WritePolicy& policy,
                            const std::optional<ExistingTable>& existing,
                            std::optional<std::int64_t> rows) {
  if (schema.n_children == 0) {
    return Error(ErrorKind::kInvalidArgument, "There are no columns to write.");
  }
  LG_RETURN_IF_ERROR(CheckColumnTypes(schema, format));
  WritePlan plan;
  Decider decider(options, policy, &plan);
  plan.format_options = options.options;
  for (const auto& [name, value] : options.destination.options) {
    plan.format_options.emplace(name, value);
  }
  if (format == DataFormat::kDelta || format == DataFormat::kParquet) {
    const auto given = decider.Option("compression");
    plan.compression = given.value_or(policy.compression);
    decider.Record("compression", plan.compression,
                   given ? "option" : decider.PolicySource("compression"));
    plan.format_options["compression"] = plan.compression;
  }
  if (format != DataFormat::kDelta) {
    LG_RETURN_IF_ERROR(CheckColumns(options.not_null, schema, "not_null"));
    return plan;
  }
  if (const auto given = decider.Option("max_row_group_rows")) {
    plan.max_row_group_rows = CountOf(*given).value_or(0);
  }
  for (const auto& [name, value] : plan.format_options) {
    if (!IsColumnOption(name)) continue;
    LG_RETURN_IF_ERROR(AddColumnOption(name, value, &plan.columns));
    decider.Record(name, value, "option");
  }
  LG_RETURN_IF_ERROR(CheckColumnsOf(plan.columns, schema));
  LG_RETURN_IF_ERROR(DecidePartitions(options, policy, existing, schema, &decider, &plan));
  LG_RETURN_IF_ERROR(DecideFileSize(policy, rows, &decider, &plan));
  LG_RETURN_IF_ERROR(DecideStatistics(options, policy, schema, &decider, &plan));
  return plan;
}

}  // namespace lakegate::write
