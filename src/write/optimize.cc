#include "write/optimize.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/try.h"
#include "base/uuid.h"
#include "delta/action.h"
#include "engine/delta_log.h"
#include "write/table_change.h"
#include "write/table_rows.h"

namespace lakegate::write {

namespace {

// Of its target size; a file above it is large enough.
constexpr double kSmall = 0.75;

// The files whose rows go to other files: small ones that are not alone in their partition, and
// those of which rows are marked as deleted.
std::vector<delta::AddFile> FilesToJoin(const std::vector<delta::AddFile>& files,
                                        std::int64_t target_file_bytes) {
  const double most = kSmall * static_cast<double>(target_file_bytes);
  std::map<std::map<std::string, std::optional<std::string>>, std::vector<delta::AddFile>> wanted;
  for (const auto& file : files) {
    const bool small = static_cast<double>(file.bytes) < most;
    if (small || delta::HasDeletionVector(file)) wanted[file.partition_values].push_back(file);
  }
  std::vector<delta::AddFile> joined;
  for (const auto& [partition, found] : wanted) {
    if (found.size() == 1 && !delta::HasDeletionVector(found.front())) continue;
    joined.insert(joined.end(), found.begin(), found.end());
  }
  return joined;
}

Result<Compacted> Join(delta::Log& log, const delta::Snapshot& head, const Compaction& options,
                       WriteContext& context) {
  TableRows rows(log, head, context);
  LG_ASSIGN_OR_RETURN(const auto live, rows.Files());
  const auto files = FilesToJoin(live, options.target_file_bytes);
  if (files.empty()) return Compacted{};
  LG_ASSIGN_OR_RETURN(auto stream,
                      rows.Query(fmt::format("SELECT {} {}", rows.Columns(), rows.From()), &files));
  TableChange change(log, head, context);
  LG_RETURN_IF_ERROR(change.StageAgain(std::move(stream), options.target_file_bytes));
  for (const auto& file : files) LG_RETURN_IF_ERROR(change.Remove(file, false));
  Compacted compacted;
  compacted.metrics = {{"numFilesAdded", change.files_added()},
                       {"numFilesRemoved", change.files_removed()}};
  delta::CommitRequest request;
  request.operation = delta::Operation::kOptimize;
  request.expected_version = options.expected_version;
  request.run_id = options.run_id;
  request.text.name = "OPTIMIZE";
  request.text.metrics = compacted.metrics;
  LG_ASSIGN_OR_RETURN(compacted.landed, change.Commit(std::move(request)));
  return compacted;
}

}  // namespace

Result<Compacted> Compact(delta::Log& log, const delta::Snapshot& head, const Compaction& options,
                          WriteContext& context) {
  if (options.z_order.empty()) return Join(log, head, options, context);
  const engine::DeltaCompaction compaction{options.target_file_bytes, context.policy.compression,
                                           options.z_order};
  LG_ASSIGN_OR_RETURN(const std::string text, engine::CompactDelta(*context.engine, *head.handle,
                                                                   compaction, context.cancel));
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("actions")) {
    return Error(ErrorKind::kInternal, "A compaction gave no list of actions.");
  }
  delta::CommitRequest request;
  request.operation = delta::Operation::kOptimize;
  request.expected_version = options.expected_version;
  request.write_id = base::MakeUuidV4(context.random).ToString();
  request.run_id = options.run_id;
  request.text.name = "OPTIMIZE";
  std::vector<std::string> staged;
  for (const auto& action : parsed["actions"]) {
    request.actions.push_back(action.dump());
    if (const auto add = action.find("add"); add != action.end()) {
      staged.push_back(add->value("path", ""));
    }
    if (const auto remove = action.find("remove"); remove != action.end()) {
      request.removed.push_back(remove->value("path", ""));
    }
  }
  if (request.actions.empty()) return Compacted{};
  Compacted compacted;
  compacted.metrics = {{"numFilesAdded", static_cast<std::int64_t>(staged.size())},
                       {"numFilesRemoved", static_cast<std::int64_t>(request.removed.size())}};
  request.text.metrics = compacted.metrics;
  LG_ASSIGN_OR_RETURN(compacted.landed,
                      Land(log, head, request, staged, context.policy.commit_retries, context));
  return compacted;
}

}  // namespace lakegate::write
