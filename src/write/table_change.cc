#include "write/table_change.h"

#include <fmt/core.h>

#include <utility>

#include "base/try.h"
#include "base/uuid.h"
#include "columnar/schema.h"
#include "write/plan.h"
#include "write/validate.h"

namespace lakegate::write {

namespace {

constexpr std::string_view kChangeType = "_change_type";

OwnedSchema WithChangeType(const ArrowSchema& table) {
  std::vector<OwnedSchema> fields;
  for (std::int64_t i = 0; i < table.n_children; ++i) {
    fields.push_back(CopySchema(*table.children[i]));
  }
  fields.push_back(columnar::MakeField({.name = std::string(kChangeType), .format = "u"}));
  return columnar::SchemaOf(std::move(fields));
}

}  // namespace

Status CheckChangeable(const delta::Snapshot& base, const std::string& path) {
  if (!base.unwritable.empty()) {
    return Error(
        ErrorKind::kUnsupported,
        fmt::format("This build cannot write the Delta table {}: {}", path, base.unwritable));
  }
  if (delta::IsEnabled(base, "delta.appendOnly")) {
    return Error(ErrorKind::kUnsupported,
                 fmt::format("The Delta table is append-only, its rows cannot be changed: {}; the "
                             "table property is delta.appendOnly.",
                             path));
  }
  return {};
}

TableChange::TableChange(delta::Log& log, const delta::Snapshot& base, WriteContext& context)
    : log_(log), base_(base), context_(context) {}

TableChange::~TableChange() {
  // What cannot be removed is an orphan no reader sees.
  if (!staged_.empty()) (void)log_.Discard(staged_);
}

Result<StagedFiles> TableChange::StageAs(ArrowStream rows, const ArrowSchema& schema,
                                         const std::string& schema_string,
                                         const std::string& folder,
                                         std::int64_t target_file_bytes) {
  const ExistingTable existing{base_.version, base_.partition_columns, base_.configuration};
  LG_ASSIGN_OR_RETURN(const WritePlan plan,
                      PlanWrite({}, DataFormat::kDelta, schema, context_.policy, existing, {}));
  engine::DeltaStageOptions stage = StageOptionsFor(log_.path(), plan, base_.configuration);
  stage.schema_string = schema_string;
  stage.folder = folder;
  if (target_file_bytes > 0) stage.target_file_bytes = target_file_bytes;
  return StageDelta(std::move(rows), schema, stage, context_);
}

Status TableChange::Stage(ArrowStream rows) {
  LG_ASSIGN_OR_RETURN(const Constraints constraints, ConstraintsFor({}, &base_));
  LG_ASSIGN_OR_RETURN(rows, HoldTo(std::move(rows), constraints, log_.path(), context_));
  const OwnedSchema schema = CopySchema(rows->schema());
  LG_ASSIGN_OR_RETURN(const StagedFiles staged,
                      StageAs(std::move(rows), *schema, delta::SchemaStringOf(base_), ""));
  for (const auto& file : staged.files) {
    staged_.push_back(file.path);
    actions_.push_back(delta::AddAction(file));
    ++files_added_;
  }
  staged_rows_ += staged.rows;
  return {};
}

Status TableChange::StageAgain(ArrowStream rows, std::int64_t target_file_bytes) {
  const OwnedSchema schema = CopySchema(rows->schema());
  LG_ASSIGN_OR_RETURN(
      const StagedFiles staged,
      StageAs(std::move(rows), *schema, delta::SchemaStringOf(base_), "", target_file_bytes));
  for (const auto& file : staged.files) {
    staged_.push_back(file.path);
    LG_ASSIGN_OR_RETURN(auto action, delta::MovedAction(file));
    actions_.push_back(std::move(action));
    ++files_added_;
  }
  staged_rows_ += staged.rows;
  return {};
}

Status TableChange::StageChanges(ArrowStream rows) {
  const OwnedSchema schema = WithChangeType(**base_.schema);
  LG_ASSIGN_OR_RETURN(const StagedFiles staged,
                      StageAs(std::move(rows), *schema, "", std::string(delta::kChangeFolder)));
  for (const auto& file : staged.files) {
    staged_.push_back(delta::ChangeFilePath(file));
    LG_ASSIGN_OR_RETURN(auto action, delta::ChangeFileAction(file));
    actions_.push_back(std::move(action));
  }
  return {};
}

Status TableChange::Remove(const delta::AddFile& file, bool rows_go) {
  LG_ASSIGN_OR_RETURN(auto action, delta::RemoveAction(file, context_.clock.WallTimeMs(), rows_go));
  actions_.push_back(std::move(action));
  removed_.push_back(file.path);
  return {};
}

Status TableChange::Mark(const delta::AddFile& file, const std::string& vector) {
  LG_RETURN_IF_ERROR(Remove(file));
  LG_ASSIGN_OR_RETURN(auto action, delta::MarkedAction(file, vector));
  actions_.push_back(std::move(action));
  ++files_marked_;
  return {};
}

void TableChange::AddAction(std::string action) { actions_.push_back(std::move(action)); }

Status TableChange::AddAgain(const delta::AddFile& file) {
  LG_ASSIGN_OR_RETURN(auto action, delta::AddAgainAction(file));
  actions_.push_back(std::move(action));
  ++files_added_;
  return {};
}

std::vector<std::string> TableChange::TakeActions() {
  staged_.clear();
  return std::exchange(actions_, {});
}

Status TableChange::CheckHead(const delta::Snapshot& head) const {
  return delta::CheckAppendable(**head.schema, **base_.schema);
}

Result<Landed> TableChange::Commit(delta::CommitRequest request) {
  request.actions = actions_;
  request.removed = removed_;
  if (request.write_id.empty()) {
    request.write_id = base::MakeUuidV4(context_.random).ToString();
  }
  const std::vector<std::string> staged = std::exchange(staged_, {});
  return Land(log_, base_, request, staged, context_.policy.commit_retries, context_,
              [this](const delta::Snapshot& head) { return CheckHead(head); });
}

}  // namespace lakegate::write
