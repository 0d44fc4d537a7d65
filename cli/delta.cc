#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/exit_code.h"
#include "cli/merge_clause.h"
#include "cli/receipt_summary.h"
#include "cli/session_options.h"
#include "cli/verb.h"
#include "lakegate/delta_table.h"
#include "lakegate/render.h"

namespace lakegate::cli {
namespace {

struct DeltaOptions {
  SessionOptions session;
  std::string table;
  std::optional<std::int64_t> version;
  std::string timestamp;
  std::int64_t limit = 20;
  std::int64_t from = 0;
  std::optional<std::int64_t> to;
  std::string format = "table";
  std::string where;
  bool all = false;
  std::vector<std::string> set;
  std::vector<std::string> names;
  std::string sql;
  std::string file;
  std::string on;
  std::vector<std::string> when;
  std::vector<std::string> z_order;
  std::string target_size;
  std::optional<std::int64_t> retention_hours;
  bool allow_short_retention = false;
  bool lite = false;
  bool apply = false;
  bool dry_run = false;
  std::optional<std::int64_t> expected_version;
  std::string check;
  std::string name;
  std::string run_id;
  std::optional<SqlPolicy> policy;  // of a policy file
};

using Run = std::function<int(DeltaTable&, const DeltaOptions&, Console&)>;

int Open(DeltaOptions& options, Console& console, const Run& run) {
  auto query = QueryOptionsOf(options.session);
  if (!query) return console.Fail(query.error());
  options.policy = std::move(query->policy);
  auto session = OpenSession(options.session);
  if (!session) return console.Fail(session.error());
  auto table = (*session)->Delta(options.table);
  if (!table) return console.Fail(table.error());
  return run(*table, options, console);
}

// Milliseconds since the epoch, or "2026-11-27T10:00:00Z" (UTC; date alone is midnight).
Result<std::int64_t> ParseMoment(const std::string& text) {
  std::int64_t millis = 0;
  const char* end = text.data() + text.size();
  if (const auto parsed = std::from_chars(text.data(), end, millis);
      parsed.ec == std::errc() && parsed.ptr == end) {
    return millis;
  }
  for (const char* form :
       {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"}) {
    std::tm parts = {};
    const char* rest = ::strptime(text.c_str(), form, &parts);
    if (rest != nullptr && *rest == '\0') return static_cast<std::int64_t>(timegm(&parts)) * 1000;
  }
  return Error(ErrorKind::kInvalidArgument,
               "A moment is 2026-11-27T10:00:00Z (UTC), 2026-11-27, or milliseconds since the "
               "epoch, and was given: " +
                   text);
}

Result<DeltaVersion> VersionOf(const DeltaOptions& options) {
  DeltaVersion at{.version = options.version};
  if (!options.timestamp.empty()) {
    auto moment = ParseMoment(options.timestamp);
    if (!moment) return moment.error();
    at.timestamp_ms = *moment;
  }
  return at;
}

ChangeOptions ChangeOf(const DeltaOptions& options, const Console& console) {
  return {.expected_version = options.expected_version,
          .dry_run = options.dry_run,
          .run_id = options.run_id,
          .table_name = "target",
          .policy = options.policy,
          .cancel = console.cancel()};
}

std::string MomentText(std::int64_t millis) {
  if (millis < 0) return "-";
  const std::time_t seconds = millis / 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

template <typename Items>
std::string JsonList(const Items& items) {
  std::string text = "[";
  for (const auto& item : items) text += (text.size() > 1 ? ",\n" : "") + ToJson(item);
  return text + "]\n";
}

int Report(const Result<ChangeReceipt>& receipt, Console& console) {
  if (!receipt) return console.Fail(receipt.error());
  if (console.json()) {
    console.Out(ToJson(*receipt) + "\n");
    return kExitOk;
  }
  for (const auto& file : receipt->files) console.Out(file + "\n");
  console.Note(SummaryOf(*receipt));
  return kExitOk;
}

int History(DeltaTable& table, const DeltaOptions& options, Console& console) {
  const auto history = table.History(options.limit);
  if (!history) return console.Fail(history.error());
  if (console.json()) {
    console.Out(JsonList(*history));
    return kExitOk;
  }
  for (const auto& commit : *history) {
    console.Out(fmt::format("{:>6}  {}  {:<18}  +{} -{} files  {}\n", commit.version,
                            MomentText(commit.timestamp_ms), commit.operation, commit.files_added,
                            commit.files_removed, commit.engine));
  }
  return kExitOk;
}

void PrintInfo(const DeltaTableInfo& info, Console& console) {
  const auto line = [&](std::string_view name, const std::string& value) {
    console.Out(fmt::format("{:<12} {}\n", name, value));
  };
  line("table", info.path);
  line("version", std::to_string(info.version));
  line("id", info.id);
  line("created", MomentText(info.created_at_ms));
  line("protocol", fmt::format("reader {}, writer {}", info.reader_version, info.writer_version));
  for (const auto& feature : info.features) {
    line("feature", feature.name + (feature.needed_to_read ? " (needed to read)" : ""));
  }
  line("writable", info.unwritable.empty() ? "yes" : "no: " + info.unwritable);
  line("files", std::to_string(info.files));
  line("bytes", std::to_string(info.bytes));
  line("rows", info.rows < 0 ? "unknown" : std::to_string(info.rows));
  for (const auto& column : info.partition_columns) line("partition", column);
  for (const auto& [name, value] : info.properties)
    line("property", fmt::format("{} = {}", name, value));
  for (const auto& check : info.constraints) {
    line("constraint", check.name + ": " + check.expression);
  }
}

int Inspect(DeltaTable& table, const DeltaOptions& options, Console& console) {
  const auto at = VersionOf(options);
  if (!at) return console.Fail(at.error());
  const auto info = table.Inspect(*at);
  if (!info) return console.Fail(info.error());
  if (console.json()) {
    console.Out(ToJson(*info) + "\n");
  } else {
    PrintInfo(*info, console);
  }
  return kExitOk;
}

int Schema(DeltaTable& table, const DeltaOptions& options, Console& console) {
  const auto at = VersionOf(options);
  if (!at) return console.Fail(at.error());
  const auto info = table.Inspect(*at);
  if (!info) return console.Fail(info.error());
  const auto schema = nlohmann::ordered_json::parse(info->schema_json, nullptr, false);
  if (console.json() || !schema.is_object()) {
    console.Out(info->schema_json + "\n");
    return kExitOk;
  }
  for (const auto& field : schema.value("fields", nlohmann::ordered_json::array())) {
    const auto type = field.value("type", nlohmann::ordered_json());
    console.Out(fmt::format("{}  {}{}\n", field.value("name", ""),
                            type.is_string() ? type.get<std::string>() : type.dump(),
                            field.value("nullable", true) ? "" : "  not null"));
  }
  return kExitOk;
}

int Files(DeltaTable& table, const DeltaOptions& options, Console& console) {
  const auto at = VersionOf(options);
  if (!at) return console.Fail(at.error());
  const auto files = table.Files(*at);
  if (!files) return console.Fail(files.error());
  if (console.json()) {
    console.Out(JsonList(*files));
    return kExitOk;
  }
  for (const auto& file : *files) {
    console.Out(fmt::format("{:>12} bytes  {:>10} rows  {}\n", file.bytes, file.rows, file.path));
  }
  return kExitOk;
}

int Changes(DeltaTable& table, const DeltaOptions& options, Console& console) {
  RenderOptions render;
  const auto format = RenderFormatFromText(console.json() ? "json" : options.format);
  if (!format) return console.Fail(format.error());
  render.format = *format;
  auto rows = table.Changes(options.from, options.to, console.cancel());
  if (!rows) return console.Fail(rows.error());
  const auto printed = Render(*std::move(rows), render, console.sink());
  return printed ? kExitOk : console.Fail(printed.error());
}

// What a change of rows applies to, said on purpose.
Status CheckWhere(const DeltaOptions& options) {
  if (options.where.empty() != options.all) {
    return Error(ErrorKind::kInvalidArgument, options.all
                                                  ? "Give --where EXPR or --all, not both."
                                                  : "Say which rows: --where EXPR, or --all.");
  }
  return {};
}

Result<std::map<std::string, std::string>> Pairs(const std::vector<std::string>& texts,
                                                 std::string_view option) {
  std::map<std::string, std::string> pairs;
  for (const auto& text : texts) {
    auto pair = SplitPair(text, option);
    if (!pair) return pair.error();
    pairs.insert_or_assign(pair->first, pair->second);
  }
  return pairs;
}

int Delete(DeltaTable& table, const DeltaOptions& options, Console& console) {
  if (auto said = CheckWhere(options); !said) return console.Fail(said.error());
  return Report(table.Delete(options.where, ChangeOf(options, console)), console);
}

int Update(DeltaTable& table, const DeltaOptions& options, Console& console) {
  if (auto said = CheckWhere(options); !said) return console.Fail(said.error());
  const auto set = Pairs(options.set, "--set-column");
  if (!set) return console.Fail(set.error());
  return Report(table.Update(*set, options.where, ChangeOf(options, console)), console);
}

int Merge(DeltaTable& table, const DeltaOptions& options, Console& console) {
  if (options.sql.empty() == options.file.empty()) {
    return console.FailUsage(
        "give one source of rows: --sql TEXT or -f FILE (- is standard input)");
  }
  const auto sql = options.file.empty() ? Result<std::string>(options.sql) : ReadText(options.file);
  if (!sql) return console.Fail(sql.error());
  MergeOptions merge{.on = options.on, .clauses = {}};
  for (const auto& text : options.when) {
    auto clause = ParseMergeClause(text);
    if (!clause) return console.Fail(clause.error());
    merge.clauses.push_back(*std::move(clause));
  }
  return Report(table.Merge(*sql, merge, ChangeOf(options, console)), console);
}

int Restore(DeltaTable& table, const DeltaOptions& options, Console& console) {
  const auto to = VersionOf(options);
  if (!to) return console.Fail(to.error());
  return Report(table.Restore(*to, ChangeOf(options, console)), console);
}

// "128 MiB" of a setting is checked by the library; here it is a number of bytes with a unit.
Result<std::int64_t> ParseBytes(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  const std::int64_t scale = unit.empty()    ? 1
                             : unit == "KiB" ? 1 << 10
                             : unit == "MiB" ? 1 << 20
                             : unit == "GiB" ? 1 << 30
                                             : 0;
  if (parsed.ec != std::errc() || scale == 0 || number < 1) {
    return Error(ErrorKind::kInvalidArgument,
                 "A size is a number of bytes, or one with KiB, MiB or GiB behind it: " + text);
  }
  return number * scale;
}

int Optimize(DeltaTable& table, const DeltaOptions& options, Console& console) {
  OptimizeOptions optimize{.target_file_bytes = 0, .z_order = options.z_order};
  if (!options.target_size.empty()) {
    const auto bytes = ParseBytes(options.target_size);
    if (!bytes) return console.Fail(bytes.error());
    optimize.target_file_bytes = *bytes;
  }
  return Report(table.Optimize(optimize, ChangeOf(options, console)), console);
}

int Vacuum(DeltaTable& table, const DeltaOptions& options, Console& console) {
  VacuumOptions vacuum{.retention_ms = {},
                       .allow_short_retention = options.allow_short_retention,
                       .lite = options.lite};
  if (options.retention_hours) vacuum.retention_ms = *options.retention_hours * 3'600'000;
  ChangeOptions change = ChangeOf(options, console);
  change.dry_run = !options.apply;
  return Report(table.Vacuum(vacuum, change), console);
}

int Checkpoint(DeltaTable& table, const DeltaOptions& options, Console& console) {
  return Report(table.Checkpoint(ChangeOf(options, console)), console);
}

int CleanLog(DeltaTable& table, const DeltaOptions& options, Console& console) {
  return Report(table.CleanLog(ChangeOf(options, console)), console);
}

int Repair(DeltaTable& table, const DeltaOptions& options, Console& console) {
  return Report(table.Repair(ChangeOf(options, console)), console);
}

int Set(DeltaTable& table, const DeltaOptions& options, Console& console) {
  const auto set = Pairs(options.names, "set");
  if (!set) return console.Fail(set.error());
  return Report(table.SetProperties(*set, {}, ChangeOf(options, console)), console);
}

int Unset(DeltaTable& table, const DeltaOptions& options, Console& console) {
  return Report(table.SetProperties({}, options.names, ChangeOf(options, console)), console);
}

int AddConstraint(DeltaTable& table, const DeltaOptions& options, Console& console) {
  return Report(table.AddConstraint({options.name, options.check}, ChangeOf(options, console)),
                console);
}

int DropConstraint(DeltaTable& table, const DeltaOptions& options, Console& console) {
  return Report(table.DropConstraint(options.name, ChangeOf(options, console)), console);
}

int EnableFeature(DeltaTable& table, const DeltaOptions& options, Console& console) {
  return Report(table.EnableFeature(options.name, ChangeOf(options, console)), console);
}

int Convert(DeltaTable& table, const DeltaOptions& options, Console& console) {
  const auto properties = Pairs(options.set, "property");
  if (!properties) return console.Fail(properties.error());
  return Report(table.Convert({options.names, *properties}, ChangeOf(options, console)), console);
}

int Advise(DeltaTable& table, const DeltaOptions& /*options*/, Console& console) {
  const auto advice = table.Advise();
  if (!advice) return console.Fail(advice.error());
  std::string text;
  for (const auto& each : *advice) {
    if (console.json()) {
      text += (text.empty() ? "[" : ", ") + ToJson(each);
    } else {
      text += fmt::format("{:<11} {:<4} {}: {}\n", each.action, each.advised ? "yes" : "no",
                          each.reason, each.detail);
    }
  }
  console.Out(console.json() ? text + "]\n" : text);
  return kExitOk;
}

void DeclareVersionOptions(CLI::App& verb, DeltaOptions& options) {
  verb.add_option("--version", options.version, "That version instead of the newest");
  verb.add_option("--timestamp", options.timestamp,
                  "The newest version at a moment, 2026-11-27T10:00:00Z or milliseconds");
}

void DeclareWhere(CLI::App& verb, DeltaOptions& options) {
  verb.add_option("--where", options.where, "A condition over the table's columns");
  verb.add_flag("--all", options.all, "Every row");
}

void DeclareMerge(CLI::App& verb, DeltaOptions& options) {
  verb.add_option("--sql", options.sql, "The query whose rows are the source");
  verb.add_option("-f,--file", options.file, "A file with the query; - is standard input");
  verb.add_option("--on", options.on, "When rows match, over target.COLUMN and source.COLUMN")
      ->required();
  verb.add_option("--when", options.when,
                  "\"matched [and COND] then update [set a = …; b = …]\", \"matched then delete\", "
                  "\"not matched then insert\", \"not matched by source then delete\"; repeatable, "
                  "the first that fits decides")
      ->take_all()
      ->allow_extra_args(false)
      ->required();
}

struct Row {
  const char* name;
  const char* doc;
  Run run;
  void (*declare)(CLI::App&, DeltaOptions&);
  bool changes;  // takes --dry-run and --expected-version
};

std::vector<Row> Rows() {
  const auto nothing = [](CLI::App&, DeltaOptions&) {};
  const auto names = [](CLI::App& verb, DeltaOptions& options) {
    verb.add_option("names", options.names, "Properties")->required();
  };
  return {
      {"inspect", "What the table is: protocol, features, properties, size", Inspect,
       DeclareVersionOptions, false},
      {"history", "What happened to the table, newest first", History,
       [](CLI::App& verb, DeltaOptions& options) {
         verb.add_option("--limit", options.limit, "So many entries; 0 is all");
       },
       false},
      {"schema", "The columns", Schema, DeclareVersionOptions, false},
      {"files", "The live files", Files, DeclareVersionOptions, false},
      {"changes", "The change data feed", Changes,
       [](CLI::App& verb, DeltaOptions& options) {
         verb.add_option("--from", options.from, "First version")->required();
         verb.add_option("--to", options.to, "Last version; the newest by default");
         verb.add_option("--format", options.format, "As of lakegate sql");
       },
       false},
      {"advise", "What care the table would be given, and why", Advise, nothing, false},
      {"convert", "Make a Delta table of the Parquet files in a folder, where they are", Convert,
       [](CLI::App& verb, DeltaOptions& options) {
         verb.add_option("--partition-by", options.names, "Partition folders, a,b:date")
             ->delimiter(',');
         verb.add_option("--property", options.set, "A table property, name=value; repeatable")
             ->take_all()
             ->allow_extra_args(false);
       },
       true},
      {"delete", "Remove rows", Delete, DeclareWhere, true},
      {"update", "Change rows", Update,
       [](CLI::App& verb, DeltaOptions& options) {
         DeclareWhere(verb, options);
         verb.add_option("--set-column", options.set, "column=expression; repeatable")
             ->take_all()
             ->allow_extra_args(false)
             ->required();
       },
       true},
      {"merge", "Change, remove and add rows by those of a query", Merge, DeclareMerge, true},
      {"restore", "Make the newest version what an earlier one was", Restore, DeclareVersionOptions,
       true},
      {"optimize", "Join small files, or bring rows together", Optimize,
       [](CLI::App& verb, DeltaOptions& options) {
         verb.add_option("--z-order", options.z_order, "Columns that rows are brought together by")
             ->delimiter(',');
         verb.add_option("--target-size", options.target_size, "Size of a file, like 128MiB");
       },
       true},
      {"vacuum", "Say which files no kept version needs, and remove them with --apply", Vacuum,
       [](CLI::App& verb, DeltaOptions& options) {
         verb.add_flag("--apply", options.apply, "Remove them; without it nothing is removed");
         verb.add_option("--retention-hours", options.retention_hours,
                         "Keep what was written or removed within; by default the table's own");
         verb.add_flag("--allow-short-retention", options.allow_short_retention,
                       "Less than the table's own: readers and writers at work may lose files");
         verb.add_flag("--lite", options.lite, "Only files that the log once removed");
       },
       true},
      {"checkpoint", "Write a checkpoint of the newest version", Checkpoint, nothing, true},
      {"clean-log", "Remove log entries that a checkpoint made needless", CleanLog, nothing, true},
      {"repair", "Take files out of the log that the disk lacks", Repair, nothing, true},
      {"set", "Set properties, name=value", Set, names, true},
      {"unset", "Unset properties", Unset, names, true},
      {"enable", "Let later writers use a feature of the protocol", EnableFeature,
       [](CLI::App& verb, DeltaOptions& options) {
         verb.add_option("feature", options.name, "Its name")->required();
       },
       true},
      {"add-constraint", "Add a condition that every row must meet", AddConstraint,
       [](CLI::App& verb, DeltaOptions& options) {
         verb.add_option("name", options.name, "Its name")->required();
         verb.add_option("check", options.check, "The condition")->required();
       },
       true},
      {"drop-constraint", "Drop a condition", DropConstraint,
       [](CLI::App& verb, DeltaOptions& options) {
         verb.add_option("name", options.name, "Its name")->required();
       },
       true},
  };
}

}  // namespace

Action DeclareDelta(CLI::App& command) {
  auto options = std::make_shared<DeltaOptions>();
  command.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Run>> verbs;
  for (const Row& row : Rows()) {
    CLI::App* verb = command.add_subcommand(row.name, row.doc);
    verb->fallthrough();
    verb->add_option("table", options->table, "A path, or a name of the profile's datasets")
        ->required();
    row.declare(*verb, *options);
    if (row.changes) {
      verb->add_flag("--dry-run", options->dry_run, "Decide and count, and change nothing");
      verb->add_option("--run-id", options->run_id, "An id of yours, kept in the log");
      verb->add_option("--expected-version", options->expected_version,
                       "Fail unless this is the table's version");
    }
    DeclareStatementOptions(*verb, options->session);
    verbs.emplace_back(verb, row.run);
  }
  return [options, verbs](Console& console) {
    for (const auto& [verb, run] : verbs) {
      if (verb->parsed()) return Open(*options, console, run);
    }
    return kExitUsage;
  };
}

}  // namespace lakegate::cli
