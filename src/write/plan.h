// From options, policy and the destination's state to one plan, with a record of what decided.
//
// Precedence: option → dataset or profile (WritePolicy::decided_by) → adaptive. Pure.
// Errors: kInvalidArgument for an option nobody reads (nearest name), a bad value, a partition
// column that is not there, statistics or key columns that are not there; kSchemaMismatch when
// an existing table is partitioned differently; kUnsupported for what a format cannot do.
#ifndef LAKEGATE_WRITE_PLAN_H_
#define LAKEGATE_WRITE_PLAN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/profile.h"
#include "lakegate/write.h"
#include "write/column_options.h"

namespace lakegate::write {

// What a plan must know of a Delta destination that exists.
struct ExistingTable {
  std::int64_t version = -1;
  std::vector<std::string> partition_columns = {};
  std::map<std::string, std::string> configuration = {};
};

struct WritePlan {
  std::vector<std::string> partition_columns = {};
  std::int64_t target_file_bytes = 0;
  std::string compression = {};
  std::vector<std::string> statistics_columns = {};
  std::int64_t max_row_group_rows = 0;  // 0: the writer's own
  ColumnOptions columns = {};           // of single columns (Delta)
  // Format options left for the file writer.
  std::map<std::string, std::string> format_options = {};
  std::vector<PolicyDecision> decisions = {};
};

// What can be checked before the source is opened: option names and values.
Status CheckWriteOptions(const WriteOptions& options, DataFormat format);

Result<WritePlan> PlanWrite(const WriteOptions& options, DataFormat format,
                            const ArrowSchema& schema, const WritePolicy& policy,
                            const std::optional<ExistingTable>& existing,
                            std::optional<std::int64_t> rows);

// The table: at most `small` under 10,000 rows, at least `large` above 1,000,000, else base;
// base when the count is not known.
std::int64_t TargetFileBytes(const WritePolicy& policy, std::optional<std::int64_t> rows);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_PLAN_H_
