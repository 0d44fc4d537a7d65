#include "write/stage_delta.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/try.h"
#include "hashing/stream_digest.h"

namespace lakegate::write {

namespace {

Status DropEmptyFiles(const engine::DeltaStageOptions& options, const WriteContext& context,
                      std::vector<delta::AddFile>* files) {
  std::vector<std::string> empty;
  std::erase_if(*files, [&](const delta::AddFile& file) {
    if (file.rows != 0) return false;
    empty.push_back(options.folder.empty() ? file.path : options.folder + "/" + file.path);
    return true;
  });
  if (empty.empty()) return {};
  return engine::DiscardStaged(*context.engine, options.path, empty);
}

}  // namespace

engine::DeltaStageOptions StageOptionsFor(const std::string& path, const WritePlan& plan,
                                          const std::map<std::string, std::string>& configuration) {
  engine::DeltaStageOptions stage;
  stage.path = path;
  stage.partition_columns = plan.partition_columns;
  stage.target_file_bytes = plan.target_file_bytes;
  stage.compression = plan.compression;
  stage.statistics_columns = plan.statistics_columns;
  stage.configuration = configuration;
  stage.max_row_group_rows = plan.max_row_group_rows;
  stage.columns = plan.columns;
  return stage;
}

Result<StagedFiles> StageDelta(ArrowStream rows, const ArrowSchema& schema,
                               const engine::DeltaStageOptions& options,
                               const WriteContext& context) {
  LG_ASSIGN_OR_RETURN(auto digest, hashing::StreamDigest::Open(rows->schema()));
  LG_ASSIGN_OR_RETURN(auto stage, engine::DeltaStage::Open(*context.engine, options, schema));
  while (true) {
    if (context.cancel.cancelled()) {
      return Error(ErrorKind::kCancelled, "The write was cancelled while its rows were staged.");
    }
    LG_ASSIGN_OR_RETURN(auto batch, rows->Next());
    if (!batch) break;
    if ((*batch)->length == 0) continue;
    LG_RETURN_IF_ERROR(digest.Update(rows->schema(), **batch));
    LG_RETURN_IF_ERROR(stage.Write(*std::move(batch)));
  }
  LG_ASSIGN_OR_RETURN(const std::string adds, std::move(stage).Finish());
  StagedFiles staged;
  LG_ASSIGN_OR_RETURN(staged.files, delta::ParseAdds(adds));
  LG_RETURN_IF_ERROR(DropEmptyFiles(options, context, &staged.files));
  std::set<std::map<std::string, std::optional<std::string>>> partitions;
  for (const auto& file : staged.files) {
    staged.rows += file.rows;
    staged.bytes += file.bytes;
    partitions.insert(file.partition_values);
    if (file.rows < 0) {
      return Error(ErrorKind::kInternal,
                   "A staged file does not say how many rows it has: " + file.path);
    }
  }
  if (staged.rows != digest.rows()) {
    return Error(ErrorKind::kInternal, "The staged files do not hold as many rows as were read: " +
                                           std::to_string(staged.rows) + " of " +
                                           std::to_string(digest.rows()));
  }
  staged.partitions =
      options.partition_columns.empty() ? 0 : static_cast<std::int64_t>(partitions.size());
  staged.digest = digest.Finish().ToHex();
  return staged;
}

}  // namespace lakegate::write
