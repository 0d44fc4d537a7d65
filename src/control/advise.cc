#include "control/advise.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/quantity.h"
#include "base/try.h"
#include "delta/action.h"
#include "delta/log.h"
#include "write/maintain.h"

namespace lakegate::control {

namespace {

struct Tombstones {
  std::int64_t old = 0;  // removed before the retention
  std::int64_t kept = 0;
};

Result<Tombstones> CountTombstones(const delta::Snapshot& head, std::int64_t now_ms) {
  LG_ASSIGN_OR_RETURN(const std::string text, head.handle->Tombstones());
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  Tombstones counted;
  if (!parsed.is_array()) return counted;
  for (const auto& removed : parsed) {
    const auto at = removed.find("removed_at_ms");
    const bool old = at != removed.end() && at->is_number_integer() &&
                     at->get<std::int64_t>() + head.removed_file_retention_ms < now_ms;
    ++(old ? counted.old : counted.kept);
  }
  return counted;
}

DeltaAdvice OptimizeAdvice(const write::TableMetrics& metrics, const MaintenancePolicy& policy) {
  const bool due = metrics.small_files >= policy.small_file_count && metrics.small_files > 1;
  return {.action = "optimize",
          .advised = due,
          .reason = due ? "small_files" : "below_threshold",
          .detail = fmt::format(
              "{} files are smaller than {}, the measure is {}", metrics.small_files,
              base::FormatByteSizeRounded(policy.small_file_bytes), policy.small_file_count)};
}

DeltaAdvice CheckpointAdvice(const write::TableMetrics& metrics, std::int64_t interval) {
  const bool due = metrics.since_checkpoint >= interval;
  return {.action = "checkpoint",
          .advised = due,
          .reason = due ? "interval_reached" : "below_threshold",
          .detail = fmt::format("{} entries follow the newest checkpoint, the measure is {}",
                                metrics.since_checkpoint, interval)};
}

DeltaAdvice VacuumAdvice(const Tombstones& removed) {
  return {.action = "vacuum",
          .advised = removed.old > 0,
          .reason = removed.old > 0 ? "removed_files_are_old" : "nothing_to_remove",
          .detail = fmt::format("{} files were removed from the table before its retention, {} "
                                "within it",
                                removed.old, removed.kept)};
}

// "delta.checkpointInterval", or what Delta does without.
std::int64_t CheckpointInterval(const delta::Snapshot& head, const MaintenancePolicy& policy) {
  if (policy.checkpoint_every > 0) return policy.checkpoint_every;
  constexpr std::int64_t kDefault = 100;
  const auto found = head.configuration.find("delta.checkpointInterval");
  if (found == head.configuration.end()) return kDefault;
  const auto parsed = nlohmann::json::parse(found->second, nullptr, false);
  return parsed.is_number_integer() ? parsed.get<std::int64_t>() : kDefault;
}

}  // namespace

Result<std::vector<DeltaAdvice>> Advise(const std::string& path, write::WriteContext& context) {
  const auto log = delta::OpenLog(context.engine, path);
  LG_ASSIGN_OR_RETURN(const delta::Snapshot head,
                      delta::ReadSnapshot(*context.engine, path, {}, {}));
  LG_ASSIGN_OR_RETURN(const write::TableMetrics metrics,
                      write::MeasureTable(*log, head, context.maintenance));
  LG_ASSIGN_OR_RETURN(const Tombstones removed, CountTombstones(head, context.clock.WallTimeMs()));
  return std::vector<DeltaAdvice>{
      OptimizeAdvice(metrics, context.maintenance),
      CheckpointAdvice(metrics, CheckpointInterval(head, context.maintenance)),
      VacuumAdvice(removed)};
}

}  // namespace lakegate::control
