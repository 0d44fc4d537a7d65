#include "control/optimize.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/type.h"
#include "observe/event.h"
#include "write/optimize.h"
#include "write/plan.h"

namespace lakegate::control {

namespace {

Status CheckZOrder(const delta::Snapshot& head, const std::vector<std::string>& columns) {
  for (const auto& column : columns) {
    LG_ASSIGN_OR_RETURN(const auto index, columnar::FindColumn(**head.schema, column, "z_order"));
    const auto& partitions = head.partition_columns;
    if (std::find(partitions.begin(), partitions.end(), column) != partitions.end()) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A partition column has one value a file, nothing is to be brought "
                               "together by it: z_order {}.",
                               column));
    }
    const ArrowSchema& field = *(**head.schema).children[index];
    const auto type = columnar::ParseFormat(field.format);
    if (!type || columnar::IsNested(type->id)) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A nested column has no order: z_order {} ({}).", column,
                               columnar::TypeName(field)));
    }
  }
  return {};
}

Status Optimize(const Attempt& attempt, const OptimizeOptions& optimize) {
  if (!attempt.head.unwritable.empty()) {
    return write::CheckChangeable(attempt.head, attempt.call.path);
  }
  LG_RETURN_IF_ERROR(CheckZOrder(attempt.head, optimize.z_order));
  if (attempt.call.options.dry_run) return Nothing(attempt, "dry_run");
  const write::Compaction compaction{
      .target_file_bytes = optimize.target_file_bytes > 0
                               ? optimize.target_file_bytes
                               : write::TargetFileBytes(attempt.call.context.policy, {}),
      .z_order = optimize.z_order,
      .run_id = attempt.call.options.run_id,
      .expected_version = attempt.call.options.expected_version};
  LG_ASSIGN_OR_RETURN(const write::Compacted compacted,
                      write::Compact(attempt.log, attempt.head, compaction, attempt.call.context));
  attempt.receipt.metrics = compacted.metrics;
  if (!compacted.landed) return Nothing(attempt, "nothing_to_do");
  attempt.receipt.version = compacted.landed->version;
  attempt.receipt.retries += compacted.landed->retries;
  attempt.call.context.events.Emit(
      observe::CommitLanded{attempt.log.path(), attempt.receipt.version, "committed"});
  return {};
}

}  // namespace

Result<ChangeReceipt> OptimizeTable(const Call& call, const OptimizeOptions& optimize) {
  return RunChange("OPTIMIZE", call,
                   [&](const Attempt& attempt) { return Optimize(attempt, optimize); });
}

}  // namespace lakegate::control
