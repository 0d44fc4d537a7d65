// Care of a Delta table after a write, decided by policy from what the log says.
//
// A failed maintenance action never fails the write that came before it: it is a decision
// with reason "failed" and is reported as such.
#ifndef LAKEGATE_WRITE_MAINTAIN_H_
#define LAKEGATE_WRITE_MAINTAIN_H_

#include <cstdint>
#include <vector>

#include "delta/log.h"
#include "lakegate/write.h"
#include "write/context.h"

namespace lakegate::write {

struct TableMetrics {
  std::int64_t version = -1;
  std::int64_t small_files = 0;       // live files under MaintenancePolicy::small_file_bytes
  std::int64_t since_checkpoint = 0;  // versions
};

// Pure: one decision for each action, in the order they would run (optimize, checkpoint,
// vacuum). Reasons: not_configured, below_threshold, small_files, interval_reached.
std::vector<MaintenanceDecision> DecideMaintenance(const MaintenancePolicy& policy,
                                                   const TableMetrics& metrics);

// What the log says of a version, by the policy's measures.
Result<TableMetrics> MeasureTable(delta::Log& log, const delta::Snapshot& head,
                                  const MaintenancePolicy& policy);

// Decides and acts; `write_bytes` is the target size for compacted files.
std::vector<MaintenanceDecision> Maintain(delta::Log& log, std::int64_t target_file_bytes,
                                          WriteContext& context);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_MAINTAIN_H_
