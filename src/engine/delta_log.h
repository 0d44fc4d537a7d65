// What the bridge can do with a Delta table, one function or object each; `delta/` decides.
//
// Actions travel as JSON text in the shape of the Delta protocol. Nothing here retries,
// rebases or checks constraints. Threads: a stage is used by one at a time, the rest by any.
#ifndef LAKEGATE_ENGINE_DELTA_LOG_H_
#define LAKEGATE_ENGINE_DELTA_LOG_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "lakegate/arrow.h"
#include "lakegate/cancel.h"

namespace lakegate::engine {

// One version of a table. kNotFound where there is no `_delta_log` or no such version,
// kUnsupported for a protocol this build cannot read, kCorruptData for a broken log.
class DeltaSnapshot {
 public:
  static Result<DeltaSnapshot> Open(const Engine& engine, std::string_view path,
                                    std::optional<std::int64_t> version = {},
                                    std::optional<std::int64_t> timestamp_ms = {});
  DeltaSnapshot(DeltaSnapshot&&) noexcept;
  DeltaSnapshot& operator=(DeltaSnapshot&&) noexcept;
  ~DeltaSnapshot();

  // {"version","protocol","metadata","files","bytes","partition_columns","configuration",...}: as
  // the ABI header says.
  Result<std::string> Info() const;
  Result<OwnedSchema> schema() const;
  // The live files: one JSON array of Add actions, by path.
  Result<std::string> Files() const;
  // The Remove actions that the log still has: [{"path", "removed_at_ms"}].
  Result<std::string> Tombstones() const;
  // The version an application has recorded.
  Result<std::optional<std::int64_t>> AppVersion(std::string_view app_id) const;

  struct State;
  const State& state() const { return *state_; }

 private:
  explicit DeltaSnapshot(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

// What one column is written with; what is absent is as for every column.
struct DeltaColumnOptions {
  std::optional<std::string> compression = {};
  std::optional<bool> dictionary = {};
  std::optional<std::string> statistics = {};  // "none", "chunk", "page"
  std::optional<double> bloom_filter_fpp = {};
  std::optional<std::int64_t> bloom_filter_ndv = {};
  bool operator==(const DeltaColumnOptions&) const = default;
};

struct DeltaStageOptions {
  std::string path;  // the table's root, absolute
  std::vector<std::string> partition_columns = {};
  std::int64_t target_file_bytes = 96 << 20;
  std::string compression = "zstd";
  std::vector<std::string> statistics_columns = {};
  std::map<std::string, std::string> configuration = {};
  std::int64_t max_row_group_rows = 0;  // 0: the writer's own
  // `metadata.schemaString` of the table: rows are cast to it. "": the schema given to `Open`.
  std::string schema_string = {};
  // Columns of the table that the rows lack are null; otherwise such rows are refused.
  bool missing_as_null = false;
  // A folder below the table for the files, whose paths are told relative to it.
  std::string folder = {};
  std::map<std::string, DeltaColumnOptions> columns = {};
};

// Parquet files staged under a table, uncommitted. Destroying an unfinished stage removes
// what it wrote.
class DeltaStage {
 public:
  static Result<DeltaStage> Open(const Engine& engine, const DeltaStageOptions& options,
                                 const ArrowSchema& schema);
  DeltaStage(DeltaStage&&) noexcept;
  DeltaStage& operator=(DeltaStage&&) noexcept;
  ~DeltaStage();

  Status Write(OwnedArray batch);
  // A JSON array of Add actions; the files now wait for a commit or for `DiscardStaged`.
  Result<std::string> Finish() &&;

 private:
  struct State;
  explicit DeltaStage(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Rows of data files marked as deleted, beside those that are already; one file for all of them.
class DeltaMarks {
 public:
  static Result<DeltaMarks> Open(const DeltaSnapshot& base);
  DeltaMarks(DeltaMarks&&) noexcept;
  DeltaMarks& operator=(DeltaMarks&&) noexcept;
  ~DeltaMarks();

  // `path` as the log spells it; `rows`: places among those that a reader sees, ascending.
  Status Add(std::string_view path, const std::vector<std::uint64_t>& rows);
  // {"file" (below the table, or null), "vectors": [{"path", "deletionVector": {...}}]}.
  Result<std::string> Finish() &&;

 private:
  struct State;
  explicit DeltaMarks(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Parquet files below a path, called so on the disk, as Add actions without partition values.
Result<std::string> DescribeFiles(const Engine& engine, std::string_view path,
                                  const std::vector<std::string>& files,
                                  const std::map<std::string, std::string>& configuration);

struct DeltaTableOptions {
  std::vector<std::string> partition_columns = {};
  std::map<std::string, std::string> configuration = {};  // all of it, constraints included
};

// {"protocol": {...}, "metadata": {...}} of a table that is to exist (`base` null) or to change
// (`schema` null keeps it). kInvalidArgument for a property Delta does not know.
Result<std::string> DeltaTableActions(const Engine& engine, const DeltaSnapshot* base,
                                      const ArrowSchema* schema, const DeltaTableOptions& options);

// Removes staged files that are certainly not in the log; relative paths.
Status DiscardStaged(const Engine& engine, std::string_view path,
                     const std::vector<std::string>& files);

// One compare-and-swap on `base` (null: the table must not exist); `request` as the ABI header
// says. kCommitConflict: another commit holds the version. kCommitUnknown: it may have landed.
Result<std::int64_t> CommitDelta(const Engine& engine, const DeltaSnapshot* base,
                                 std::string_view request);

// One log entry, newline-delimited actions; kNotFound past the head.
Result<std::string> ReadDeltaCommit(const Engine& engine, std::string_view path,
                                    std::int64_t version);

struct DeltaCompaction {
  std::int64_t target_file_bytes = 0;
  std::string compression = "zstd";
  // Columns by which rows are brought together, along a z-order curve; none: files are joined.
  std::vector<std::string> z_order = {};
};

// {"actions": [...], "metrics": {...}}: compaction staged but not committed.
Result<std::string> CompactDelta(const Engine& engine, const DeltaSnapshot& base,
                                 const DeltaCompaction& options, const CancelToken& cancel);

// Writes a checkpoint of the snapshot's version.
Status CheckpointDelta(const DeltaSnapshot& snapshot);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_DELTA_LOG_H_
