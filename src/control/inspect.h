// What a table is and what happened to it: reading alone.
#ifndef LAKEGATE_CONTROL_INSPECT_H_
#define LAKEGATE_CONTROL_INSPECT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "lakegate/cancel.h"
#include "lakegate/delta_table.h"

namespace lakegate::control {

Result<DeltaTableInfo> InspectTable(const engine::Engine& engine, const std::string& path,
                                    const DeltaVersion& at);
Result<std::vector<DeltaFile>> ListFiles(const engine::Engine& engine, const std::string& path,
                                         const DeltaVersion& at);
// Newest first, as far back as the log goes; `limit` 0 is all.
Result<std::vector<DeltaCommitInfo>> ReadHistory(std::shared_ptr<const engine::Engine> engine,
                                                 const std::string& path, std::int64_t limit);
// kUnsupported without a change data feed, kInvalidArgument and kNotFound for the versions.
Result<ArrowStream> ReadChanges(const std::shared_ptr<const engine::Engine>& engine,
                                const std::string& path, std::int64_t from,
                                std::optional<std::int64_t> to, const CancelToken& cancel);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_INSPECT_H_
