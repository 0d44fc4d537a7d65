#include "write/optimize.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/try.h"
#include "base/uuid.h"
#include "engine/delta_log.h"

namespace lakegate::write {

Result<Compacted> Compact(delta::Log& log, const delta::Snapshot& head, const Compaction& options,
                          WriteContext& context) {
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
