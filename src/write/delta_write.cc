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
#include "columnar/type.h"
#include "delta/action.h"
#include "delta/commit.h"
#include "engine/delta_log.h"
#include "observe/event.h"
#include "write/land.h"
#include "write/maintain.h"
#include "write/new_folders.h"
#include "write/peek.h"
#include "write/phase_clock.h"
#include "write/plan.h"
#include "write/stage_delta.h"
#include "write/table_change.h"
#include "write/table_rows.h"
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

// Partitions are told apart by the texts of their values in the log; of other types one value
// has several.
Status CheckReplaceablePartitions(const delta::Snapshot& base, const std::string& path) {
  if (base.partition_columns.empty()) {
    return Error(ErrorKind::kInvalidArgument, "The Delta table has no partitions to overwrite: " +
                                                  path + "; use mode overwrite or replace_where.");
  }
  for (const auto& name : base.partition_columns) {
    LG_ASSIGN_OR_RETURN(const auto index,
                        columnar::FindColumn(**base.schema, name, "partition_by"));
    const ArrowSchema& field = *(**base.schema).children[index];
    const auto type = columnar::ParseFormat(field.format);
    const bool one_text =
        type && (columnar::IsInteger(type->id) || columnar::IsString(type->id) ||
                 type->id == columnar::TypeId::kBool || type->id == columnar::TypeId::kDate32);
    if (one_text) continue;
    return Error(ErrorKind::kUnsupported,
                 fmt::format("Partitions by a column of this type cannot be overwritten by what "
                             "the rows hold: {} ({}); use mode replace_where.",
                             name, columnar::TypeName(field)));
  }
  return {};
}

// The live files of the partitions that `staged` has files of.
std::vector<delta::AddFile> FilesOfPartitions(const std::vector<delta::AddFile>& live,
                                              const std::vector<delta::AddFile>& staged) {
  std::set<std::map<std::string, std::optional<std::string>>> partitions;
  for (const auto& file : staged) partitions.insert(file.partition_values);
  std::vector<delta::AddFile> found;
  for (const auto& file : live) {
    if (partitions.contains(file.partition_values)) found.push_back(file);
  }
  return found;
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
  bool HasSchemaMode(std::string_view mode) const {
    for (const auto* given : {&options_.options, &options_.destination.options}) {
      const auto found = given->find("schema_mode");
      if (found != given->end()) return found->second == mode;
    }
    return false;
  }
  bool replaces_schema() const { return HasSchemaMode("overwrite"); }
  bool merges_schema() const { return HasSchemaMode("merge"); }

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
    if (base_ && options_.mode == WriteMode::kIgnore) {
      decided_ = NothingToWrite{base_->version};
      return {};
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
    return CheckReplaceable();
  }

  Status CheckReplaceable() const {
    if (!base_ || options_.mode == WriteMode::kAppend) return {};
    LG_RETURN_IF_ERROR(CheckChangeable(*base_, log_.path()));
    return options_.mode == WriteMode::kOverwritePartitions
               ? CheckReplaceablePartitions(*base_, log_.path())
               : Status();
  }

  Status OpenSource(const SourceFactory& source) {
    LG_ASSIGN_OR_RETURN(rows_, source());
    if (base_ && !replaces_schema() && !merges_schema()) {
      LG_RETURN_IF_ERROR(delta::CheckAppendable(**base_->schema, rows_->schema()));
    }
    LG_ASSIGN_OR_RETURN(constraints_, ConstraintsFor(options_, base_ ? &*base_ : nullptr));
    // Once for what can be refused before a row is read, again when the first rows are known.
    LG_RETURN_IF_ERROR(MakePlan(context_.expected_rows));
    LG_ASSIGN_OR_RETURN(rows_, HoldTo(std::move(rows_), HeldTo(), log_.path(), context_));
    LG_ASSIGN_OR_RETURN(auto peeked, Peek(std::move(rows_), kPeekRows, kPeekBytes));
    rows_ = std::move(peeked.stream);
    return peeked.rows ? MakePlan(peeked.rows) : Status();
  }

  // The constraints of the table, and that the rows belong to what they replace.
  Constraints HeldTo() const {
    Constraints held = constraints_;
    if (options_.mode == WriteMode::kReplaceWhere) {
      held.checks.push_back({"replace_where", options_.replace_where});
    }
    return held;
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
      schema_string_ = delta::SchemaStringOf(*base_);
      LG_ASSIGN_OR_RETURN(kept, KeptSchema());
      const bool same = kept->n_children == (**base_->schema).n_children &&
                        delta::NotNullColumnsOf(*base_).size() == constraints_.not_null.size();
      schema = same ? nullptr : &*kept;
      if (same && configuration_ == base_->configuration) return {};
    }
    LG_ASSIGN_OR_RETURN(const std::string text,
                        engine::DeltaTableActions(*context_.engine, handle, schema, table));
    return AddTableActions(text);
  }

  // The columns of the table that is there, and of the rows where they may add some.
  Result<OwnedSchema> KeptSchema() const {
    if (!merges_schema()) return TableSchema(**base_->schema, constraints_.not_null);
    LG_ASSIGN_OR_RETURN(const OwnedSchema merged,
                        delta::MergeSchemas(**base_->schema, rows_->schema()));
    return TableSchema(*merged, constraints_.not_null);
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
    if (base_ && !replaces_schema()) {
      schema_string_ = parsed["metadata"].value("schemaString", schema_string_);
    }
    return {};
  }

  Status Stage() {
    if (!base_) {
      const auto durability =
          context_.policy.durable ? base::Durability::kSync : base::Durability::kCached;
      LG_RETURN_IF_ERROR(folders_.Make(log_.path(), durability));
      folders_.AlsoRemove(log_.path() + "/_delta_log");
    }
    stage_ = StageOptionsFor(log_.path(), plan_, configuration_);
    stage_.schema_string = schema_string_;
    stage_.missing_as_null = merges_schema();
    LG_ASSIGN_OR_RETURN(staged_, StageDelta(std::move(rows_), *table_schema_, stage_, context_));
    context_.events.Emit(observe::WriteStaged{context_.output,
                                              static_cast<std::int64_t>(staged_.files.size()),
                                              staged_.rows, staged_.bytes});
    return {};
  }

  delta::Operation OperationOfMode() const {
    if (!base_) return delta::Operation::kCreate;
    switch (options_.mode) {
      case WriteMode::kAppend:
        return delta::Operation::kAppend;
      case WriteMode::kOverwritePartitions:
      case WriteMode::kReplaceWhere:
        return delta::Operation::kReplace;
      case WriteMode::kError:
      case WriteMode::kIgnore:
      case WriteMode::kOverwrite:
        return delta::Operation::kOverwrite;
    }
    return delta::Operation::kOverwrite;
  }

  // What the new rows take the place of; kept_files_ gets the rows of such files that stay.
  Result<std::vector<delta::AddFile>> ReplacedFiles() {
    if (!base_ || options_.mode == WriteMode::kAppend) return std::vector<delta::AddFile>();
    TableRows rows(log_, *base_, context_);
    switch (options_.mode) {
      case WriteMode::kOverwritePartitions: {
        LG_ASSIGN_OR_RETURN(const auto live, rows.Files());
        return FilesOfPartitions(live, staged_.files);
      }
      case WriteMode::kReplaceWhere:
        return ReplaceWhere(rows);
      default:
        return rows.Files();
    }
  }

  Result<std::vector<delta::AddFile>> ReplaceWhere(TableRows& rows) {
    LG_ASSIGN_OR_RETURN(const Matches matches, rows.Find(options_.replace_where));
    const auto partly = matches.PartlyMatched();
    if (!partly.empty() && delta::IsEnabled(*base_, "delta.enableChangeDataFeed")) {
      return Error(ErrorKind::kUnsupported,
                   "The table has a change data feed, and replace_where would have to rewrite "
                   "files for it: " +
                       log_.path() + "; delete the rows, then append.");
    }
    if (!partly.empty()) LG_RETURN_IF_ERROR(StageKeptRows(rows, partly));
    std::vector<delta::AddFile> replaced;
    replaced.reserve(matches.files.size());
    for (const auto& matched : matches.files) replaced.push_back(matched.file);
    return replaced;
  }

  Status StageKeptRows(TableRows& rows, const std::vector<delta::AddFile>& partly) {
    const std::string text = fmt::format("SELECT {} {} WHERE {} IS NOT TRUE", rows.Columns(),
                                         rows.From(), Enclosed(options_.replace_where));
    LG_ASSIGN_OR_RETURN(auto stream, rows.Query(text, &partly));
    engine::DeltaStageOptions stage = stage_;
    stage.missing_as_null = true;  // columns that this very write adds
    const OwnedSchema schema = CopySchema(stream->schema());
    LG_ASSIGN_OR_RETURN(auto kept, StageDelta(std::move(stream), *schema, stage, context_));
    kept_files_ = std::move(kept.files);
    return {};
  }

  Result<delta::CommitRequest> MakeRequest() {
    delta::CommitRequest request;
    request.operation = OperationOfMode();
    LG_ASSIGN_OR_RETURN(const auto replaced, ReplacedFiles());
    request.actions = actions_;
    for (const auto& file : replaced) {
      LG_ASSIGN_OR_RETURN(auto remove, delta::RemoveAction(file, context_.clock.WallTimeMs()));
      request.actions.push_back(std::move(remove));
      request.removed.push_back(file.path);
    }
    for (const auto* files : {&staged_.files, &kept_files_}) {
      for (const auto& file : *files) request.actions.push_back(delta::AddAction(file));
    }
    request.app_transaction = options_.app_transaction;
    request.expected_version = options_.expected_version;
    request.write_id = base::MakeUuidV4(context_.random).ToString();
    request.run_id = options_.run_id;
    request.text.mode = ModeInLog();
    request.text.predicate = options_.replace_where;
    request.text.partition_by = plan_.partition_columns;
    request.text.metrics = {{"numOutputRows", staged_.rows},
                            {"numOutputBytes", staged_.bytes},
                            {"numFiles", static_cast<std::int64_t>(staged_.files.size())},
                            {"numRemovedFiles", static_cast<std::int64_t>(replaced.size())}};
    request.decisions = plan_.decisions;
    return request;
  }

  // The log knows four modes.
  std::string ModeInLog() const {
    switch (options_.mode) {
      case WriteMode::kError:
        return "error";
      case WriteMode::kAppend:
        return "append";
      case WriteMode::kIgnore:
        return "ignore";
      case WriteMode::kOverwrite:
      case WriteMode::kOverwritePartitions:
      case WriteMode::kReplaceWhere:
        return "overwrite";
    }
    return "overwrite";
  }

  Status Commit() {
    const bool replaces_nothing =
        options_.mode == WriteMode::kAppend || options_.mode == WriteMode::kOverwritePartitions;
    const bool nothing = base_ && replaces_nothing && staged_.rows == 0 && !changes_table_ &&
                         !options_.app_transaction;
    if (nothing) {
      decided_ = NothingToWrite{base_->version};
      return {};
    }
    auto landed = TryCommit();
    if (!landed) {
      if (landed.error().kind() == ErrorKind::kCommitUnknown) folders_.Keep();
      return std::move(landed).error();
    }
    receipt_.retries = landed->retries;
    if (landed->already_applied) {
      decided_ = AlreadyApplied{landed->version};
    } else {
      decided_ = Committed{landed->version};
      folders_.Keep();
    }
    return {};
  }

  Result<Landed> TryCommit() {
    auto request = MakeRequest();
    std::vector<std::string> staged;
    for (const auto* files : {&staged_.files, &kept_files_}) {
      for (const auto& file : *files) staged.push_back(file.path);
    }
    if (!request) {
      // No entry names these files yet; one that cannot be removed is an orphan no reader sees.
      (void)log_.Discard(staged);
      return std::move(request).error();
    }
    return Land(log_, base_, *request, staged, context_.policy.commit_retries, context_,
                [this](const delta::Snapshot& head) { return CheckHead(head); });
  }

  Status CheckHead(const delta::Snapshot& head) const {
    return merges_schema() ? Status() : delta::CheckAppendable(**head.schema, *table_schema_);
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
  std::string schema_string_;  // of the table, as the staged files will have it; "" for a new one
  engine::DeltaStageOptions stage_;
  StagedFiles staged_;
  std::vector<delta::AddFile> kept_files_;  // rows of replaced files that stay
};

}  // namespace

Result<WriteReceipt> WriteToDelta(const SourceFactory& source, delta::Log& log,
                                  const WriteOptions& options, WriteContext& context) {
  return DeltaWrite(log, options, context).Run(source);
}

}  // namespace lakegate::write
