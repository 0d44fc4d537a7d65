#include "profile/setting_table.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.h"

namespace lakegate {
namespace {

using enum SettingType;

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;
constexpr std::int64_t kGiB = 1024 * kMiB;
constexpr std::int64_t kTiB = 1024 * kGiB;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kBillion = 1'000'000'000;

// THE table. Bounds are inclusive; text, choices and lists have none.
constexpr std::array kSettings = std::to_array<Setting>({
    {"threads", "execution", kInteger, "0", 0, 1024, "",
     "Worker threads of the engine and of a kernel; 0 takes as many as the machine has."},
    {"target_partitions", "execution", kInteger, "0", 0, 1024, "",
     "Partitions a plan is split into; 0 takes as many as threads."},
    {"batch_rows", "execution", kInteger, "8192", 1, 1'048'576, "", "Rows of a batch at most."},
    {"memory_limit", "execution", kBytes, "4 GiB", 16 * kMiB, 16 * kTiB, "",
     "Memory of the engine and the kernels together; beyond it they spill or stop."},
    {"spill_directory", "execution", kText, "", 0, 0, "",
     "Where temporary files go; empty is the system's temporary directory."},
    {"spill_limit", "execution", kBytes, "100 GiB", 0, 1024 * kTiB, "",
     "Bytes of temporary files at most, of the engine and again of steps and kernels; 0 never "
     "spills."},
    {"function_limit", "execution", kBytes, "256 MiB", 0, 16 * kTiB, "",
     "Bytes that one call of a function may make of a batch, looked at before it begins; 0 has no "
     "limit."},
    {"time_limit", "execution", kDuration, "0 ms", 0, 365 * kDayMs, "",
     "How long a statement may run; 0 has no limit."},
    {"deterministic", "execution", kBool, "false", 0, 0, "",
     "Every statement reads its inputs in order, at the price of one scan thread; writes and "
     "kernel steps always do."},
    {"range_joins", "execution", kBool, "true", 0, 0, "",
     "Joins by equal keys and two comparisons (spans that overlap or contain each other, points in "
     "spans) run on the index of the interval kernels."},
    {"top_rows", "execution", kBool, "true", 0, 0, "",
     "ROW_NUMBER() of a partition filtered to the first row runs on the dedupe kernel."},
    {"repartition_joins", "execution", kBool, "true", 0, 0, "",
     "Joins may redistribute their inputs over partitions."},
    {"cache", "execution", kChoice, "latest", 0, 0, "latest|isolated",
     "What statements know of files from earlier ones: metadata of those that did not change "
     "(latest) or nothing (isolated); folders are always listed anew."},
    {"isolation", "execution", kChoice, "none", 0, 0, "none|process",
     "Where statements run: in this process, or each in a narrowed worker process that is ended "
     "from outside when it is cancelled, too late or too large."},
    {"worker_program", "execution", kText, "", 0, 0, "",
     "The program of worker processes; empty is the lakegate command beside the library."},
    {"worker_sandbox", "execution", kChoice, "required", 0, 0, "required|available",
     "What a worker process does where the system has no Landlock or seccomp: refuse to begin, or "
     "do with the limits that there are."},
    {"worker_limit", "execution", kInteger, "16", 1, 1024, "",
     "Worker processes of a session at most: statements that run at the same time."},
    {"worker_address_space", "execution", kBytes, "0 B", 0, 16 * kTiB, "",
     "Addresses that a worker process may use; 0 takes memory_limit and 4 GiB for code, stacks "
     "and reserves."},
    {"worker_open_files", "execution", kInteger, "256", 32, 1'048'576, "",
     "Files that a worker process may have open at once."},
    {"worker_cpu_limit", "execution", kDuration, "0 ms", 0, 365 * kDayMs, "",
     "Processor time of a statement in a worker process; 0 has no limit."},

    {"sql_policy", "sql", kChoice, "read_only", 0, 0, "service|read_only|write|admin",
     "What SQL texts may do."},
    {"sql_allowed_relations", "sql", kTextList, "*", 0, 0, "",
     "Relations SQL may name; \"*\" leaves it to the policy."},
    {"sql_allowed_functions", "sql", kTextList, "*", 0, 0, "",
     "Functions SQL may call; \"*\" leaves it to the policy."},
    {"sql_allowed_table_functions", "sql", kTextList, "*", 0, 0, "",
     "Table functions SQL may call; \"*\" leaves it to the policy."},
    {"sql_allowed_settings", "sql", kTextList, "*", 0, 0, "",
     "Settings SQL may SET; \"*\" leaves it to the policy."},
    {"sql_max_bytes", "sql", kInteger, "262144", 1, kBillion, "", "Bytes of a SQL text at most."},
    {"sql_max_tokens", "sql", kInteger, "20000", 1, kBillion, "", "Tokens of a SQL text at most."},
    {"sql_max_nesting", "sql", kInteger, "200", 1, 2000, "",
     "Brackets and CASEs inside one another at most."},
    {"sql_max_prefix_run", "sql", kInteger, "8", 1, 1000, "",
     "Equal prefix keywords in a row at most."},
    {"sql_max_ast_depth", "sql", kInteger, "300", 1, 3000, "", "Depth of the syntax tree at most."},
    {"sql_max_ast_nodes", "sql", kInteger, "100000", 1, kBillion, "",
     "Nodes of the syntax tree at most."},
    {"sql_max_chain", "sql", kInteger, "500", 1, 5000, "",
     "Terms of one chain of operators, or arms of one chain of set operations, at most."},
    {"sql_max_joins", "sql", kInteger, "64", 0, 1000, "", "Joins of a statement at most."},
    {"sql_max_in_list", "sql", kInteger, "10000", 1, kBillion, "", "Items of one IN list at most."},
    {"sql_max_subquery_depth", "sql", kInteger, "8", 0, 100, "",
     "Subqueries inside one another at most."},
    {"sql_max_with_depth", "sql", kInteger, "4", 0, 100, "",
     "WITH clauses inside one another at most."},
    {"sql_max_plan_nodes", "sql", kInteger, "0", 0, kBillion, "",
     "Nodes of the expanded plan at most; 0 has no limit."},
    {"sql_max_scan_bytes", "sql", kBytes, "0 B", 0, 1024 * kTiB, "",
     "Bytes of the files behind a statement's relations at most, known before it reads; 0 has no "
     "limit."},
    {"sql_max_scan_files", "sql", kInteger, "0", 0, kBillion, "",
     "Files behind a statement's relations at most; 0 has no limit."},
    {"sql_max_scan_rows", "sql", kInteger, "0", 0, 1000 * kBillion * 1000, "",
     "Rows that a statement would read at most, as the statistics of its files tell before it "
     "runs; 0 has no limit."},
    {"sql_max_result_rows", "sql", kInteger, "0", 0, 1000 * kBillion * 1000, "",
     "Rows of a result at most; 0 has no limit."},
    {"sql_max_result_bytes", "sql", kBytes, "0 B", 0, 1024 * kTiB, "",
     "Bytes of a result at most; 0 has no limit."},
    {"sql_plan_time_limit", "sql", kDuration, "1 min", 0, kDayMs, "",
     "How long planning a statement may take; 0 has no limit."},

    {"allowed_roots", "data", kTextList, "*", 0, 0, "",
     "Directories that locations may lie in; \"*\" is any, an empty list none."},
    {"allowed_schemes", "data", kTextList, "file", 0, 0, "", "URI schemes of locations."},

    {"target_file_size", "write", kBytes, "96 MiB", 64 * kKiB, 16 * kGiB, "",
     "Size of a data file that a write aims at."},
    {"small_table_file_size", "write", kBytes, "32 MiB", 64 * kKiB, 16 * kGiB, "",
     "The same at most, for a write of fewer than 10,000 rows."},
    {"large_table_file_size", "write", kBytes, "128 MiB", 64 * kKiB, 16 * kGiB, "",
     "The same at least, for a write of more than 1,000,000 rows."},
    {"compression", "write", kChoice, "zstd", 0, 0, "zstd|snappy|lz4|none",
     "Compression of Parquet files."},
    {"statistics", "write", kChoice, "auto", 0, 0, "auto|off",
     "Column statistics in a Delta log: of columns chosen by rule, or of none."},
    {"statistics_columns_max", "write", kInteger, "32", 0, 10'000, "",
     "Columns with statistics at most."},
    {"durable_writes", "write", kBool, "true", 0, 0, "",
     "Data, log entries and directories reach the disk before a write returns."},
    {"commit_retries", "write", kInteger, "5", 0, 1000, "",
     "How often a commit is tried again when another one took its version and it still holds."},
    {"abandoned_after", "write", kDuration, "1 d", 0, 365 * kDayMs, "",
     "A killed write's temporary file that nobody wrote to for this long is removed by the next "
     "write to its file; 0 removes none."},

    {"optimize", "maintain", kChoice, "off", 0, 0, "off|when_small_files",
     "Whether a Delta table is compacted after a write."},
    {"small_file_size", "maintain", kBytes, "16 MiB", 0, 16 * kGiB, "",
     "A data file below this size counts as small."},
    {"small_file_count", "maintain", kInteger, "16", 2, 1'000'000, "",
     "Compacting begins at this many small files."},
    {"checkpoint_every", "maintain", kInteger, "10", 0, 1'000'000, "",
     "Versions between checkpoints of a Delta table; 0 writes none."},

    {"run_directory", "observe", kText, ".lakegate/runs", 0, 0, "",
     "Where run records are kept; empty keeps none."},
    {"events", "observe", kChoice, "none", 0, 0, "none|ndjson",
     "Whether events are also written beside the run record, as they happen."},
    {"record_statement_text", "observe", kBool, "false", 0, 0, "",
     "Run records and events keep SQL verbatim instead of with its literals replaced."},

    {"step_memory_limit", "job", kBytes, "512 MiB", 0, 16 * kTiB, "",
     "Memory for one step's rows, at most half of memory_limit; beyond it they go to disk."},
});

constexpr std::array kPresets = std::to_array<profile::PresetEntry>({
    {"dev", "durable_writes", "false"},
    {"dev", "events", "ndjson"},
    {"dev", "record_statement_text", "true"},
    {"prod", "commit_retries", "10"},
    {"prod", "events", "ndjson"},
    {"prod", "optimize", "when_small_files"},
    {"untrusted", "allowed_roots", ""},
    {"untrusted", "cache", "isolated"},
    {"untrusted", "function_limit", "16 MiB"},
    {"untrusted", "isolation", "process"},
    {"untrusted", "memory_limit", "512 MiB"},
    {"untrusted", "spill_limit", "1 GiB"},
    {"untrusted", "sql_max_ast_depth", "100"},
    {"untrusted", "sql_max_ast_nodes", "20000"},
    {"untrusted", "sql_max_bytes", "65536"},
    {"untrusted", "sql_max_in_list", "1000"},
    {"untrusted", "sql_max_joins", "16"},
    {"untrusted", "sql_max_nesting", "50"},
    {"untrusted", "sql_max_plan_nodes", "10000"},
    {"untrusted", "sql_max_result_bytes", "256 MiB"},
    {"untrusted", "sql_max_result_rows", "1000000"},
    {"untrusted", "sql_max_tokens", "5000"},
    {"untrusted", "sql_plan_time_limit", "5 s"},
    {"untrusted", "sql_policy", "service"},
    {"untrusted", "threads", "2"},
    {"untrusted", "time_limit", "30 s"},
});

constexpr std::array<std::string_view, 4> kPresetNames = {"default", "dev", "prod", "untrusted"};

bool Matches(const Setting& setting, std::string_view name) {
  if (name == setting.name) return true;
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || name.substr(0, dot) != setting.group) return false;
  const std::string_view rest = name.substr(dot + 1);
  if (rest == setting.name) return true;
  return setting.name.size() == setting.group.size() + 1 + rest.size() &&
         setting.name.starts_with(setting.group) && setting.name.ends_with(rest) &&
         setting.name[setting.group.size()] == '_';
}

}  // namespace

std::span<const Setting> AllSettings() { return kSettings; }

std::vector<std::string> AllPresets() { return {kPresetNames.begin(), kPresetNames.end()}; }

namespace profile {

std::optional<std::size_t> FindSetting(std::string_view name) {
  for (std::size_t i = 0; i < kSettings.size(); ++i) {
    if (Matches(kSettings[i], name)) return i;
  }
  return std::nullopt;
}

std::size_t SettingIndex(std::string_view name) {
  const auto index = FindSetting(name);
  if (!index) {
    std::fprintf(stderr, "lakegate: no such setting: %.*s\n", static_cast<int>(name.size()),
                 name.data());
    std::abort();
  }
  return *index;
}

std::vector<std::string> SettingNames() {
  std::vector<std::string> names;
  names.reserve(std::size(kSettings));
  for (const Setting& setting : kSettings) names.emplace_back(setting.name);
  return names;
}

std::vector<std::string> GroupNames() {
  std::vector<std::string> groups;
  for (const Setting& setting : kSettings) {
    if (groups.empty() || groups.back() != setting.group) groups.emplace_back(setting.group);
  }
  return groups;
}

std::span<const PresetEntry> PresetEntries() { return kPresets; }

bool IsPreset(std::string_view name) {
  return std::find(kPresetNames.begin(), kPresetNames.end(), name) != kPresetNames.end();
}

Error UnknownKey(std::string_view what, std::string_view name, std::string_view origin,
                 std::span<const std::string> known) {
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("There is no such {}: '{}', from {}.{}", what, name, origin,
                           base::DidYouMean(name, known)));
}

}  // namespace profile
}  // namespace lakegate
