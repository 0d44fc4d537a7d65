#include "write/delta_write.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "base/try.h"
#include "base/uuid.h"
#include "columnar/schema.h"
#include "delta/action.h"
#include "delta/commit.h"
#include "engine/delta_log.h"
#include "observe/event.h"
#include "write/commit_events.h"
#include "write/maintain.h"
#include "write/new_folders.h"
#include "write/peek.h"
#include "write/phase_clock.h"
#include "write/plan.h"
#include "write/stage_delta.h"
#include "write/validate.h"

namespace lakegate::write {

namespace {

constexpr std::int64_t kPeekRows = 10'000;
constexpr std::int64_t kPeekBytes = 32 << 20;

// A folder without a log may hold what a killed first write left, and nothing else.
Status CheckFreeFolder(const std::string& path) {
  LG_ASSIGN_OR_RETURN(const auto kind, base::KindOf(path));
  if (kind == base::PathKind::kMissing) return {};
  if (kind != base::PathKind::kDirectory) {
    return Error(ErrorKind::kIo, "A file is where the Delta table should be: " + path,
                 FilePosition{path, 0});
  }
  LG_ASSIGN_OR_RETURN(const auto names, base::ListDirectory(path));
  for (const auto& name : names) {
    const bool ours = name == "_delta_log" || name.ends_with(".parquet") || name.starts_with('.') ||
                      name.find('=') != std::string::npos;
    if (ours) continue;
    return Error(ErrorKind::kAlreadyExists,
                 fmt::format("The destination is a folder of other things and no Delta table: {}: "
                             "{}; choose an empty folder.",
                             path, name),
                 FilePosition{path, 0});
  }
  return {};
}

// Every column may be null unless the request says otherwise: what an expression happens to
// promise about nulls is no promise of the table.
OwnedSchema TableSchema(const ArrowSchema& rows, const std::vector<std::string>& not_null) {
  OwnedSchema schema = CopySchema(rows);
  for (std::int64_t i = 0; i < schema->n_children; ++i) {
    ArrowSchema* field = schema.get()->children[i];
    const bool required =
        std::find(not_null.begin(), not_null.end(), columnar::NameOf(*field)) != not_null.end();
    field->flags = required ? field->flags & ~std::int64_t{ARROW_FLAG_NULLABLE}
                            : field->flags | ARROW_FLAG_NULLABLE;
  }
  return schema;
}

bool SameJson(const std::string& a, const std::string& b) {
  const auto left = nlohmann::json::parse(a, nullptr, false);
  return !left.is_discarded() && left == nlohmann::json::parse(b, nullptr, false);
}

class DeltaWrite {
 public:
  DeltaWrite(delta::Log& log, const WriteOptions& options, WriteContext& context)
      : log_(log), options_(options), context_(context), phases_(context.clock) {}

  Result<WriteReceipt> Run(const SourceFactory& source) {
    LG_RETURN_IF_ERROR(ReadTable());
    if (decided_) return Finish();
    LG_RETURN_IF_ERROR(OpenSource(source));
    LG_RETURN_IF_ERROR(PlanTable());
    phases_.End("plan", &receipt_.duration_ms);
    LG_RETURN_IF_ERROR(Stage());
    phases_.End("stage", &receipt_.duration_ms);
    LG_RETURN_IF_ERROR(Commit());
    phases_.End("commit", &receipt_.duration_ms);
    return Finish();
  }

 private:
  bool replaces_schema() const {
    const auto found = options_.options.find("schema_mode");
    return found != options_.options.end() && found->second == "overwrite";
  }

  // Everything that can be decided before the source is opened.
  Status ReadTable() {
    LG_ASSIGN_OR_RETURN(base_, log_.Read());
    if (!base_) LG_RETURN_IF_ERROR(CheckFreeFolder(log_.path()));
    if (base_ && options_.app_transaction) {
      LG_ASSIGN_OR_RETURN(const auto applied,
                          delta::FindApplied(log_, *base_, *options_.app_transaction));
      if (applied) {
        decided_ = AlreadyApplied{*applied};
        return {};
      }
    }
    if (base_ && options_.mode == WriteMode::kError) {
      return Error(ErrorKind::kAlreadyExists,
                   fmt::format("The destination exists: {} is a Delta table at version {}; write "
                               "with mode append or overwrite.",
                               log_.path(), base_->version),
                   FilePosition{log_.path(), 0});
    }
    const std::int64_t version = base_ ? base_->version : -1;
    if (options_.expected_version && *options_.expected_version != version) {
      return *delta::ErrorOf(delta::Conflicted{delta::ConflictKind::kExpectedVersion,
                                               *options_.expected_version, version, false},
                             log_.path());
    }
    return CheckAppendOnly();
  }

  Status CheckAppendOnly() const {
    if (!base_ || options_.mode != WriteMode::kOverwrite) return {};
    const auto found = base_->configuration.find("delta.appendOnly");
    if (found == base_->configuration.end() || found->second != "true") return {};
    return Error(ErrorKind::kUnsupported,
                 "The Delta table is append-only, its rows cannot be replaced: " + log_.path() +
                     "; the table property is delta.appendOnly.");
  }

  Status OpenSource(const SourceFactory& source) {
    LG_ASSIGN_OR_RETURN(rows_, source());
    if (base_ && !replaces_schema()) {
      LG_RETURN_IF_ERROR(delta::CheckAppendable(**base_->schema, rows_->schema()));
    }
    LG_ASSIGN_OR_RETURN(constraints_, ConstraintsFor(options_, base_ ? &*base_ : nullptr));
    // Once for what can be refused before a row is read, again when the first rows are known.
    LG_RETURN_IF_ERROR(MakePlan(context_.expected_rows));
    LG_ASSIGN_OR_RETURN(rows_, HoldTo(std::move(rows_), constraints_, log_.path(), context_));
    LG_ASSIGN_OR_RETURN(auto peeked, Peek(std::move(rows_), kPeekRows, kPeekBytes));
    rows_ = std::move(peeked.stream);
    return peeked.rows ? MakePlan(peeked.rows) : Status();
  }

  Status MakePlan(std::optional<std::int64_t> rows) {
    std::optional<ExistingTable> existing;
    if (base_) {
      existing = ExistingTable{base_->version, base_->partition_columns, base_->configuration};
    }
    LG_ASSIGN_OR_RETURN(plan_, PlanWrite(options_, DataFormat::kDelta, rows_->schema(),
                                         context_.policy, existing, rows));
    return {};
  }

  // Protocol and Metadata: of a new table, or where the write changes them.
  Status PlanTable() {
    table_schema_ = TableSchema(rows_->schema(), constraints_.not_null);
    configuration_ =
        base_ && !replaces_schema() ? base_->configuration : std::map<std::string, std::string>();
    for (const auto& [name, value] : options_.properties) configuration_[name] = value;
    for (const auto& check : constraints_.checks) {
      configuration_["delta.constraints." + check.name] = check.expression;
    }
    const engine::DeltaTableOptions table{plan_.partition_columns, configuration_};
    const engine::DeltaSnapshot* handle = base_ ? base_->handle.get() : nullptr;
    const ArrowSchema* schema = &*table_schema_;
    OwnedSchema kept;
    if (base_ && !replaces_schema()) {
      kept = TableSchema(**base_->schema, constraints_.not_null);
      const bool same = delta::NotNullColumnsOf(*base_).size() == constraints_.not_null.size();
      schema = same ? nullptr : &*kept;
      if (same && configuration_ == base_->configuration) return {};
    }
    LG_ASSIGN_OR_RETURN(const std::string text,
                        engine::DeltaTableActions(*context_.engine, handle, schema, table));
    return AddTableActions(text);
  }

  Status AddTableActions(const std::string& text) {
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("protocol") || !parsed.contains("metadata")) {
      return Error(ErrorKind::kInternal, "The actions of a Delta table are not what was promised.");
    }
    const std::string protocol = parsed["protocol"].dump();
    const std::string metadata = parsed["metadata"].dump();
    if (!base_ || !SameJson(protocol, base_->protocol_json)) {
      actions_.push_back(delta::WrapAction("protocol", protocol));
    }
    if (!base_ || !SameJson(metadata, base_->metadata_json)) {
      actions_.push_back(delta::WrapAction("metaData", metadata));
    }
    changes_table_ = !actions_.empty();
    return {};
  }

  Status Stage() {
    if (!base_) {
      const auto durability =
          context_.policy.durable ? base::Durability::kSync : base::Durability::kCached;
      LG_RETURN_IF_ERROR(folders_.Make(log_.path(), durability));
      folders_.AlsoRemove(log_.path() + "/_delta_log");
    }
    engine::DeltaStageOptions stage;
    stage.path = log_.path();
    stage.partition_columns = plan_.partition_columns;
    stage.target_file_bytes = plan_.target_file_bytes;
    stage.compression = plan_.compression;
    stage.statistics_columns = plan_.statistics_columns;
    stage.configuration = configuration_;
    stage.max_row_group_rows = plan_.max_row_group_rows;
    if (base_ && !replaces_schema()) stage.schema_string = delta::SchemaStringOf(*base_);
    LG_ASSIGN_OR_RETURN(staged_, StageDelta(std::move(rows_), *table_schema_, stage, context_));
    context_.events.Emit(observe::WriteStaged{context_.output,
                                              static_cast<std::int64_t>(staged_.files.size()),
                                              staged_.rows, staged_.bytes});
    return DropEmptyFiles();
  }

  Status DropEmptyFiles() {
    std::vector<std::string> empty;
    std::erase_if(staged_.files, [&](const delta::AddFile& file) {
      if (file.rows != 0) return false;
      empty.push_back(file.path);
      staged_.bytes -= file.bytes;
      return true;
    });
    return log_.Discard(empty);
  }

  Result<delta::CommitRequest> MakeRequest() {
    const bool append = base_ && options_.mode == WriteMode::kAppend;
    delta::CommitRequest request;
    request.operation = !base_                      ? delta::Operation::kCreate
                        : append && !changes_table_ ? delta::Operation::kAppend
                                                    : delta::Operation::kOverwrite;
    request.actions = actions_;
    if (base_ && !append) {
      LG_ASSIGN_OR_RETURN(const std::string live, log_.Files(*base_));
      LG_ASSIGN_OR_RETURN(const auto files, delta::ParseAdds(live));
      for (const auto& file : files) {
        LG_ASSIGN_OR_RETURN(auto remove, delta::RemoveAction(file, context_.clock.WallTimeMs()));
        request.actions.push_back(std::move(remove));
      }
    }
    for (const auto& file : staged_.files) request.actions.push_back(delta::AddAction(file));
    request.app_transaction = options_.app_transaction;
    request.expected_version = options_.expected_version;
    request.write_id = base::MakeUuidV4(context_.random).ToString();
    request.run_id = options_.run_id;
    request.mode = options_.mode == WriteMode::kError ? "error" : WriteModeName(options_.mode);
    request.partition_by = plan_.partition_columns;
    request.metrics = {{"numOutputRows", staged_.rows},
                       {"numOutputBytes", staged_.bytes},
                       {"numFiles", static_cast<std::int64_t>(staged_.files.size())}};
    return request;
  }

  Status Commit() {
    const bool nothing = base_ && options_.mode == WriteMode::kAppend && staged_.rows == 0 &&
                         !changes_table_ && !options_.app_transaction;
    if (nothing) {
      decided_ = NothingToWrite{base_->version};
      return {};
    }
    auto committed = TryCommit();
    if (!committed) {
      DiscardStaged();
      return std::move(committed).error();
    }
    receipt_.retries = committed->retries;
    const delta::CommitOutcome& outcome = committed->outcome;
    if (const auto* done = std::get_if<delta::Committed>(&outcome)) {
      decided_ = Committed{done->version};
      folders_.Keep();
      return {};
    }
    if (std::holds_alternative<delta::Unknown>(outcome)) {
      folders_.Keep();
      return *delta::ErrorOf(outcome, log_.path());
    }
    DiscardStaged();
    if (const auto* applied = std::get_if<delta::AlreadyApplied>(&outcome)) {
      decided_ = AlreadyApplied{applied->version};
      return {};
    }
    return *delta::ErrorOf(outcome, log_.path());
  }

  Result<delta::CommitResult> TryCommit() {
    LG_ASSIGN_OR_RETURN(const auto request, MakeRequest());
    CommitEvents observer(log_.path(), context_.events);
    delta::CommitContext commit{.clock = context_.clock,
                                .random = context_.random,
                                .observer = observer,
                                .cancel = context_.cancel,
                                .retries = context_.policy.commit_retries};
    commit.recheck = [this](const delta::Snapshot& head) {
      return delta::CheckAppendable(**head.schema, *table_schema_);
    };
    return delta::Commit(log_, base_, request, commit);
  }

  // Only once it is certain that no commit names these files. One that cannot be removed is
  // an orphan no reader sees.
  void DiscardStaged() {
    std::vector<std::string> paths;
    paths.reserve(staged_.files.size());
    for (const auto& file : staged_.files) paths.push_back(file.path);
    (void)log_.Discard(paths);
  }

  Result<WriteReceipt> Finish() {
    receipt_.outcome = *decided_;
    receipt_.decisions = plan_.decisions;
    if (const auto* done = std::get_if<Committed>(&*decided_)) {
      receipt_.rows = staged_.rows;
      receipt_.bytes = staged_.bytes;
      for (const auto& file : staged_.files) receipt_.files.push_back(file.path);
      receipt_.partitions = staged_.partitions;
      receipt_.statistics_columns = plan_.statistics_columns;
      context_.events.Emit(observe::CommitLanded{log_.path(), done->version, "committed"});
    } else if (const auto* applied = std::get_if<AlreadyApplied>(&*decided_)) {
      context_.events.Emit(observe::CommitLanded{log_.path(), applied->version, "already_applied"});
      return receipt_;
    } else {
      const auto& nothing = std::get<NothingToWrite>(*decided_);
      context_.events.Emit(
          observe::CommitLanded{log_.path(), nothing.version, "nothing_to_commit"});
    }
    receipt_.digest = staged_.digest;
    receipt_.maintenance = Maintain(log_, plan_.target_file_bytes, context_);
    phases_.End("maintain", &receipt_.duration_ms);
    return receipt_;
  }

  delta::Log& log_;
  const WriteOptions& options_;
  WriteContext& context_;
  PhaseClock phases_;
  WriteReceipt receipt_;
  NewFolders folders_;
  std::optional<delta::Snapshot> base_;
  std::optional<WriteOutcome> decided_;
  ArrowStream rows_;
  Constraints constraints_;
  WritePlan plan_;
  OwnedSchema table_schema_;
  std::map<std::string, std::string> configuration_;
  std::vector<std::string> actions_;
  bool changes_table_ = false;
  StagedFiles staged_;
};

}  // namespace

Result<WriteReceipt> WriteToDelta(const SourceFactory& source, delta::Log& log,
                                  const WriteOptions& options, WriteContext& context) {
  return DeltaWrite(log, options, context).Run(source);
}

}  // namespace lakegate::write
