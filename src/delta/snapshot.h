// What one version of a table says about itself, as a value.
#ifndef LAKEGATE_DELTA_SNAPSHOT_H_
#define LAKEGATE_DELTA_SNAPSHOT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/delta_log.h"
#include "lakegate/arrow.h"
#include "lakegate/dataset.h"
#include "lakegate/result.h"

namespace lakegate::delta {

struct Snapshot {
  std::int64_t version = -1;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  std::string protocol_json = {};
  std::string metadata_json = {};
  std::vector<std::string> partition_columns = {};
  std::map<std::string, std::string> configuration = {};
  // How long removed files and old log entries are kept ("delta.deletedFileRetentionDuration",
  // "delta.logRetentionDuration").
  std::int64_t removed_file_retention_ms = 0;
  std::int64_t log_retention_ms = 0;
  // Why this build cannot write the table; "" when it can.
  std::string unwritable = {};
  // Shared by copies of the value; nobody changes it.
  std::shared_ptr<const OwnedSchema> schema = {};
  // Shared by copies: the engine's own snapshot of this version. Empty in tests of pure code.
  std::shared_ptr<const engine::DeltaSnapshot> handle = {};
};

// `info_json` is engine::DeltaSnapshot::Info. kCorruptData when it lacks something.
Result<Snapshot> SnapshotFrom(std::string_view info_json, OwnedSchema schema);

// `metadata.schemaString`: what staged rows are cast to.
std::string SchemaStringOf(const Snapshot& snapshot);

// Conditions every row of the table must meet, from "delta.constraints.NAME", sorted by name.
std::vector<Check> ConstraintsOf(const Snapshot& snapshot);
// Columns the table's schema does not let be null.
std::vector<std::string> NotNullColumnsOf(const Snapshot& snapshot);

// Whether a property is "true".
bool IsEnabled(const Snapshot& snapshot, const std::string& property);
// "delta.isolationLevel", however it is spelled.
bool IsWriteSerializable(const Snapshot& snapshot);

// Whether rows of `incoming` may be appended to `table`: same columns by name (any order),
// compatible types (string and binary forms are one type, timestamps are microseconds in a
// Delta table), a nullable column may feed a non-nullable one because rows are checked.
// kSchemaMismatch names every column that is missing, unknown or of another type.
Status CheckAppendable(const ArrowSchema& table, const ArrowSchema& incoming);

// The table's columns, then those of `incoming` that it lacks; kSchemaMismatch when columns of
// one name have types of which the table's does not hold the other.
Result<OwnedSchema> MergeSchemas(const ArrowSchema& table, const ArrowSchema& incoming);

}  // namespace lakegate::delta

#endif  // LAKEGATE_DELTA_SNAPSHOT_H_
