// The control plane of one Delta table: what it is, what happened to it, and what is done to it
// beside writing rows (write.h).
//
// A `DeltaTable` is a name of a path: every call reads the log anew, so that calls may come from
// many threads and outlive each other. Each change is ONE entry of the log, compare-and-swap on
// the version it read. A lost race is judged from the winning commits and run again within
// `write.commit_retries` where that is sound, from the start where the rows must be looked at
// again; otherwise it is kCommitConflict. An outcome that the log cannot settle is
// kCommitUnknown. Nothing is left behind by a change that failed.
//
// Conditions and expressions are SQL over the columns of one row, judged like checks: no other
// relation, no subquery, functions as the policy allows.
//
// Errors of every call: kNotFound (no table, no such version), kCorruptData (the log),
// kUnsupported (a feature this build cannot honour, named), kCancelled, kIo.
#ifndef LAKEGATE_DELTA_TABLE_H_
#define LAKEGATE_DELTA_TABLE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/cancel.h"
#include "lakegate/dataset.h"
#include "lakegate/export.h"
#include "lakegate/policy.h"
#include "lakegate/result.h"
#include "lakegate/write.h"

namespace lakegate {

namespace session {
struct SessionState;
}

// A version of a table: its number, or a moment in milliseconds since the epoch, or the head.
struct DeltaVersion {
  std::optional<std::int64_t> version = {};
  std::optional<std::int64_t> timestamp_ms = {};
};

// A feature of the protocol that the table uses.
struct DeltaFeature {
  std::string name;
  bool needed_to_read = false;
};

struct DeltaTableInfo {
  std::string path;
  std::int64_t version = -1;
  std::string id;
  std::string name;
  std::string description;
  std::int64_t created_at_ms = -1;
  std::int64_t reader_version = 0;
  std::int64_t writer_version = 0;
  // By name; those that the protocol's versions imply are among them where the table uses them.
  std::vector<DeltaFeature> features;
  // Why this build cannot write the table; "" when it can. A table it cannot read is kUnsupported.
  std::string unwritable;
  std::string schema_json;  // of the Delta protocol
  std::vector<std::string> partition_columns;
  std::map<std::string, std::string> properties;  // constraints left out
  std::vector<Check> constraints;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  std::int64_t rows = -1;  // -1: a file carries no statistics
};

struct DeltaCommitInfo {
  std::int64_t version = -1;
  std::int64_t timestamp_ms = -1;  // -1: the entry does not say
  std::string operation;
  std::string parameters_json;  // "{}" where the entry says nothing
  std::string metrics_json;
  std::string engine;
  std::string run_id;
  std::int64_t files_added = 0;
  std::int64_t files_removed = 0;
};

struct DeltaFile {
  std::string path;  // relative to the table, as on disk
  std::int64_t bytes = 0;
  std::int64_t rows = -1;    // that a reader sees; -1: no statistics
  std::int64_t deleted = 0;  // rows that a deletion vector hides
  std::map<std::string, std::optional<std::string>> partition_values;
  std::string statistics_json;  // as in the log; "" without
};

// What every change may be told.
struct ChangeOptions {
  // Another head than this is kCommitConflict; nothing is run again.
  std::optional<std::int64_t> expected_version = {};
  // Decide and count, and change nothing.
  bool dry_run = false;
  std::string run_id = {};
  // What a condition may call the table: an identifier.
  std::string table_name = "target";
  // May only narrow the session's policy, as in QueryOptions: what conditions may call, and what
  // the source of a merge may see.
  std::optional<SqlPolicy> policy = {};
  CancelToken cancel = {};
};

// How a change ended, when it did not fail.
struct ChangeReceipt {
  std::string path;
  std::string operation;  // "DELETE", "OPTIMIZE", "VACUUM", ...
  std::int64_t read_version = -1;
  // The version it made; -1 when no entry was written, and then `reason` is a code: "no_rows",
  // "nothing_to_do", "dry_run", "not_in_log" (the log has no entry for such work).
  std::int64_t version = -1;
  std::string reason;
  // Counts by name, as the log has them under operationMetrics.
  std::map<std::string, std::int64_t> metrics;
  // What a vacuum, a repair or its dry run is about, at most the first 1000.
  std::vector<std::string> files;
  std::int64_t retries = 0;
  std::int64_t duration_ms = 0;
};

enum class MergeWhen { kMatched, kNotMatched, kNotMatchedBySource };
enum class MergeThen { kUpdate, kDelete, kInsert };

// WHEN [NOT] MATCHED [BY SOURCE] [AND condition] THEN UPDATE | DELETE | INSERT. The first clause
// that fits a row decides. Rows of both sides are named `target` and `source`.
struct MergeClause {
  MergeWhen when = MergeWhen::kMatched;
  MergeThen then = MergeThen::kUpdate;
  std::string condition = {};
  // Column of the table to expression. Empty: every column is that of the source, by name. An
  // insert leaves null what it does not name.
  std::map<std::string, std::string> set = {};
};

struct MergeOptions {
  std::string on;
  std::vector<MergeClause> clauses;
  // What expressions call the two sides: identifiers, quoted where SQL wants it.
  std::string target_name = "target";
  std::string source_name = "source";
};

struct OptimizeOptions {
  // 0: as the policy for the table says.
  std::int64_t target_file_bytes = 0;
  // Rows are brought together by these columns; without any, small files are joined.
  std::vector<std::string> z_order = {};
};

// Parquet files in folders `name=value` for each partition column, "name" (text) or "name:type"
// with string, int, long, date or boolean.
struct ConvertOptions {
  std::vector<std::string> partition_by = {};
  std::map<std::string, std::string> properties = {};
};

// What would be done for a table, and why.
struct DeltaAdvice {
  std::string action;  // "optimize", "checkpoint", "vacuum"
  bool advised = false;
  std::string reason;  // a code: "small_files", "interval_reached", "below_threshold", ...
  std::string detail;  // the figures, for people
};

struct VacuumOptions {
  // Absent: the table's "delta.deletedFileRetentionDuration", a week by default.
  std::optional<std::int64_t> retention_ms = {};
  // Less than the table's retention takes files from under readers and writers at work.
  bool allow_short_retention = false;
  // Only files that the log once removed; otherwise every file that no kept version names.
  bool lite = false;
};

class LAKEGATE_EXPORT DeltaTable {
 public:
  const std::string& path() const { return path_; }

  Result<DeltaTableInfo> Inspect(const DeltaVersion& at = {}) const;
  // Newest first; `limit` 0 is all that the log still has.
  Result<std::vector<DeltaCommitInfo>> History(std::int64_t limit = 0) const;
  // By path.
  Result<std::vector<DeltaFile>> Files(const DeltaVersion& at = {}) const;
  // The change data feed of these versions, both included: the table's columns, `_change_type`,
  // `_commit_version`, `_commit_timestamp`. `to` absent is the head.
  Result<ArrowStream> Changes(std::int64_t from, std::optional<std::int64_t> to = {},
                              const CancelToken& cancel = {}) const;

  // By the measures of the profile's maintenance, whether or not it would act by itself.
  Result<std::vector<DeltaAdvice>> Advise() const;

  // The folder of Parquet files at the path becomes a table; no file is touched. kNotFound without
  // files, kAlreadyExists for a table, kSchemaMismatch for files of several schemas.
  Result<ChangeReceipt> Convert(const ConvertOptions& convert, const ChangeOptions& options = {});

  // Rows that meet the condition go; an empty condition is every row. Files are rewritten,
  // unless all their rows go.
  Result<ChangeReceipt> Delete(std::string_view condition, const ChangeOptions& options = {});
  // `set`: column to expression. kConstraintViolation when a row would break the table's checks.
  Result<ChangeReceipt> Update(const std::map<std::string, std::string>& set,
                               std::string_view condition, const ChangeOptions& options = {});
  // The source is a query of the session, judged like any other; it is read once.
  // kConstraintViolation when two rows of the source would change one row of the table.
  Result<ChangeReceipt> Merge(std::string_view source_sql, const MergeOptions& merge,
                              const ChangeOptions& options = {});

  // The head becomes what an earlier version was. kNotFound naming a file that vacuum removed.
  Result<ChangeReceipt> Restore(const DeltaVersion& to, const ChangeOptions& options = {});
  Result<ChangeReceipt> Optimize(const OptimizeOptions& optimize,
                                 const ChangeOptions& options = {});
  // Removes files that no version younger than the retention needs. kInvalidArgument for a
  // retention below the table's own without `allow_short_retention`.
  Result<ChangeReceipt> Vacuum(const VacuumOptions& vacuum, const ChangeOptions& options = {});
  Result<ChangeReceipt> Checkpoint(const ChangeOptions& options = {});
  // Removes log entries older than "delta.logRetentionDuration" below the newest checkpoint.
  Result<ChangeReceipt> CleanLog(const ChangeOptions& options = {});
  // Files that the log names and the disk lacks leave the log.
  Result<ChangeReceipt> Repair(const ChangeOptions& options = {});

  // Properties set and, by name, unset. kInvalidArgument for a name Delta does not know.
  Result<ChangeReceipt> SetProperties(const std::map<std::string, std::string>& set,
                                      const std::vector<std::string>& unset,
                                      const ChangeOptions& options = {});
  // A feature of the protocol that later writers may use; a property begins to use it. kUnsupported
  // for one that this build cannot honour, with those it can.
  Result<ChangeReceipt> EnableFeature(std::string_view feature, const ChangeOptions& options = {});
  // Every row of the table must meet it: kConstraintViolation with the count of those that do not.
  Result<ChangeReceipt> AddConstraint(const Check& check, const ChangeOptions& options = {});
  Result<ChangeReceipt> DropConstraint(std::string_view name, const ChangeOptions& options = {});

 private:
  friend class Session;
  DeltaTable(std::shared_ptr<session::SessionState> state, std::string path);
  // Shared with the session: tables may outlive it.
  std::shared_ptr<session::SessionState> state_;
  std::string path_;
};

// One JSON object each; the shapes are documented in docs/DELTA.md.
LAKEGATE_EXPORT std::string ToJson(const DeltaTableInfo& info);
LAKEGATE_EXPORT std::string ToJson(const DeltaCommitInfo& commit);
LAKEGATE_EXPORT std::string ToJson(const DeltaFile& file);
LAKEGATE_EXPORT std::string ToJson(const ChangeReceipt& receipt);
LAKEGATE_EXPORT std::string ToJson(const DeltaAdvice& advice);

}  // namespace lakegate

#endif  // LAKEGATE_DELTA_TABLE_H_
