// Rows into Parquet files under a Delta table, not yet part of it.
#ifndef LAKEGATE_WRITE_STAGE_DELTA_H_
#define LAKEGATE_WRITE_STAGE_DELTA_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "delta/action.h"
#include "engine/delta_log.h"
#include "lakegate/arrow.h"
#include "write/context.h"
#include "write/plan.h"

namespace lakegate::write {

struct StagedFiles {
  std::vector<delta::AddFile> files = {};
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::int64_t partitions = 0;
  std::string digest = {};  // of the rows in the order written
};

// Files of the table at `path`, which has this configuration, as the plan wants them.
engine::DeltaStageOptions StageOptionsFor(const std::string& path, const WritePlan& plan,
                                          const std::map<std::string, std::string>& configuration);

// Reads the stream to its end. On failure nothing staged is left behind; a file without rows is
// none.
Result<StagedFiles> StageDelta(ArrowStream rows, const ArrowSchema& schema,
                               const engine::DeltaStageOptions& options,
                               const WriteContext& context);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_STAGE_DELTA_H_
