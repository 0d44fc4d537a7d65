#include "write/maintain.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "base/file.h"
#include "base/try.h"
#include "delta/action.h"
#include "engine/delta_log.h"
#include "write/optimize.h"

namespace lakegate::write {

namespace {

// The newest checkpoint's version, -1 for none: "00000000000000000010.checkpoint….parquet".
std::int64_t NewestCheckpoint(const std::string& table) {
  std::int64_t newest = -1;
  const auto names = base::ListDirectory(table + "/_delta_log");
  if (!names) return newest;
  for (const auto& name : *names) {
    if (name.find(".checkpoint") == std::string::npos) continue;
    std::int64_t version = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
    if (error == std::errc()) newest = std::max(newest, version);
  }
  return newest;
}

struct Head {
  delta::Snapshot snapshot;
  TableMetrics metrics;
};

Result<Head> Measure(delta::Log& log, const MaintenancePolicy& policy) {
  LG_ASSIGN_OR_RETURN(auto snapshot, log.Read());
  if (!snapshot) return Error(ErrorKind::kNotFound, "The Delta table is gone: " + log.path());
  Head head{*std::move(snapshot), {}};
  LG_ASSIGN_OR_RETURN(head.metrics, MeasureTable(log, head.snapshot, policy));
  return head;
}

void Fail(const Error& error, MaintenanceDecision* decision) {
  decision->done = false;
  decision->reason = "failed: " + error.ToString();
}

void RunOptimize(delta::Log& log, const delta::Snapshot& head, std::int64_t target_file_bytes,
                 WriteContext& context, MaintenanceDecision* decision) {
  const auto compacted = Compact(log, head, {.target_file_bytes = target_file_bytes}, context);
  if (!compacted) {
    Fail(compacted.error(), decision);
  } else if (!compacted->landed) {
    decision->done = false;
    decision->reason = "nothing_to_compact";
  } else {
    decision->version = compacted->landed->version;
  }
}

void RunCheckpoint(delta::Log& log, MaintenanceDecision* decision) {
  const auto head = log.Read();
  if (!head || !*head) {
    return Fail(head ? Error(ErrorKind::kNotFound, "The table is gone.") : head.error(), decision);
  }
  const auto written = engine::CheckpointDelta(*(**head).handle);
  if (!written) return Fail(written.error(), decision);
  decision->version = (**head).version;
}

}  // namespace

Result<TableMetrics> MeasureTable(delta::Log& log, const delta::Snapshot& head,
                                  const MaintenancePolicy& policy) {
  LG_ASSIGN_OR_RETURN(const std::string text, log.Files(head));
  LG_ASSIGN_OR_RETURN(const auto files, delta::ParseAdds(text));
  TableMetrics metrics;
  metrics.version = head.version;
  metrics.since_checkpoint = head.version - NewestCheckpoint(log.path());
  for (const auto& file : files) {
    metrics.small_files += file.bytes < policy.small_file_bytes ? 1 : 0;
  }
  return metrics;
}

std::vector<MaintenanceDecision> DecideMaintenance(const MaintenancePolicy& policy,
                                                   const TableMetrics& metrics) {
  MaintenanceDecision optimize{"optimize", false, "not_configured", metrics.version};
  if (policy.optimize == OptimizePolicy::kWhenSmallFiles) {
    const bool due = metrics.small_files >= policy.small_file_count;
    optimize.done = due;
    optimize.reason = due ? "small_files" : "below_threshold";
  }
  MaintenanceDecision checkpoint{"checkpoint", false, "not_configured", metrics.version};
  if (policy.checkpoint_every > 0) {
    checkpoint.done = metrics.since_checkpoint >= policy.checkpoint_every;
    checkpoint.reason = checkpoint.done ? "interval_reached" : "below_threshold";
  }
  return {optimize, checkpoint, {"vacuum", false, "not_configured", metrics.version}};
}

std::vector<MaintenanceDecision> Maintain(delta::Log& log, std::int64_t target_file_bytes,
                                          WriteContext& context) {
  const auto& policy = context.maintenance;
  const bool asked = policy.optimize != OptimizePolicy::kOff || policy.checkpoint_every > 0;
  std::vector<MaintenanceDecision> decisions;
  if (!asked) {
    decisions = DecideMaintenance(policy, {});
  } else if (auto head = Measure(log, policy); !head) {
    decisions = DecideMaintenance({}, {});
    for (auto& decision : decisions) Fail(head.error(), &decision);
  } else {
    decisions = DecideMaintenance(policy, head->metrics);
    for (auto& decision : decisions) {
      if (!decision.done) continue;
      if (decision.action == "optimize") {
        RunOptimize(log, head->snapshot, target_file_bytes, context, &decision);
      } else {
        RunCheckpoint(log, &decision);
      }
    }
  }
  for (const auto& decision : decisions) {
    context.events.Emit(
        observe::MaintenanceDecided{log.path(), decision.action, decision.done, decision.reason});
  }
  return decisions;
}

}  // namespace lakegate::write
