#include "control/transaction.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "base/uuid.h"
#include "columnar/schema.h"
#include "control/collapse.h"
#include "control/inspect.h"
#include "delta/log.h"
#include "engine/statement.h"
#include "observe/event.h"
#include "write/land.h"
#include "write/table_change.h"

namespace lakegate::control {

namespace {

constexpr std::string_view kDeletionVectors = "deletion_vector_";

// The files that were made for the transaction, by their paths in the log.
Result<std::set<std::string>> MadeFiles(const Transaction& transaction) {
  LG_ASSIGN_OR_RETURN(const std::string text, transaction.engine->OverlayFiles(transaction.path));
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_array()) {
    return Error(ErrorKind::kInternal, "The files of a transaction are no list of paths.");
  }
  return parsed.get<std::set<std::string>>();
}

Result<std::vector<std::string>> Entries(delta::Log& log, std::int64_t base) {
  std::vector<std::string> entries;
  while (true) {
    auto entry = log.ReadCommit(base + 1 + static_cast<std::int64_t>(entries.size()));
    if (!entry) {
      if (entry.error().kind() == ErrorKind::kNotFound) return entries;
      return std::move(entry).error();
    }
    entries.push_back(*std::move(entry));
  }
}

class Ending {
 public:
  Ending(const Transaction& transaction, const ChangeOptions& options, write::WriteContext& context)
      : transaction_(transaction),
        options_(options),
        context_(context),
        base_(transaction.base ? transaction.base->version : -1),
        log_(delta::OpenLog(context.engine, transaction.path)),
        seen_(delta::OpenLog(transaction.engine, transaction.path)) {}

  Result<ChangeReceipt> Run() {
    receipt_.path = transaction_.path;
    receipt_.operation = "TRANSACTION";
    receipt_.read_version = base_;
    LG_ASSIGN_OR_RETURN(const auto entries, Entries(*seen_, base_));
    LG_ASSIGN_OR_RETURN(collapsed_, Collapse(entries));
    receipt_.metrics = {{"numOperations", static_cast<std::int64_t>(entries.size())},
                        {"numAddedFiles", static_cast<std::int64_t>(collapsed_.added.size())},
                        {"numRemovedFiles", static_cast<std::int64_t>(collapsed_.removed.size())}};
    const char* reason = entries.empty() ? "nothing_to_do" : options_.dry_run ? "dry_run" : "";
    if (*reason != '\0') {
      receipt_.reason = reason;
      return std::move(receipt_);
    }
    LG_RETURN_IF_ERROR(TellChanges());
    LG_RETURN_IF_ERROR(Land());
    return std::move(receipt_);
  }

 private:
  // A version with change files is told by them alone. Of several changes each had its own, or
  // none where readers derive them: together they are told anew.
  Status TellChanges() {
    LG_ASSIGN_OR_RETURN(auto head, seen_->Read());
    if (!head) return Error(ErrorKind::kInternal, "A transaction has no table at its end.");
    head_ = *std::move(head);
    const bool feed = delta::IsEnabled(head_, "delta.enableChangeDataFeed");
    if (!feed || collapsed_.changes_of_rows < 2) return {};
    collapsed_.change_files.clear();
    if (!transaction_.base) return {};  // every row is new, which readers derive
    if (!delta::IsEnabled(*transaction_.base, "delta.enableChangeDataFeed")) {
      return Error(ErrorKind::kUnsupported,
                   "A transaction cannot begin a change data feed and change rows several times: " +
                       transaction_.path);
    }
    LG_ASSIGN_OR_RETURN(ArrowStream changes,
                        ReadChanges(transaction_.engine, transaction_.path, base_ + 1,
                                    head_.version, context_.cancel));
    LG_ASSIGN_OR_RETURN(changes, OfTheTable(std::move(changes)));
    write::WriteContext inside = context_;
    inside.engine = transaction_.engine;
    write::TableChange change(*seen_, head_, inside);
    LG_RETURN_IF_ERROR(change.StageChanges(std::move(changes)));
    for (const auto& action : change.TakeActions()) {
      const auto parsed = nlohmann::json::parse(action, nullptr, false);
      collapsed_.change_files[parsed["cdc"].value("path", "")] = action;
    }
    return {};
  }

  // The table's columns and the kind of change; readers know the version by the entry.
  Result<ArrowStream> OfTheTable(ArrowStream changes) {
    std::string columns;
    for (const auto& name : columnar::ColumnNames(**head_.schema)) {
      columns += base::QuoteIdentifier(name) + ", ";
    }
    LG_ASSIGN_OR_RETURN(auto session, engine::EngineSession::Open(transaction_.engine));
    const OwnedSchema schema = CopySchema(changes->schema());
    auto once = std::make_shared<ArrowStream>(std::move(changes));
    LG_RETURN_IF_ERROR(session.AddStream("changes", *schema, [once]() -> Result<ArrowStream> {
      if (*once == nullptr) return Error(ErrorKind::kInternal, "Changes were read twice.");
      return std::move(*once);
    }));
    LG_ASSIGN_OR_RETURN(const auto plan, session.PlanStatement(fmt::format(
                                             "SELECT {}_change_type FROM changes", columns)));
    return plan.Execute(0, context_.cancel);
  }

  delta::Operation OperationOfAll() const {
    if (!transaction_.base) return delta::Operation::kCreate;
    const bool minds_nothing = collapsed_.operation == delta::Operation::kAppend ||
                               collapsed_.operation == delta::Operation::kOptimize ||
                               collapsed_.operation == delta::Operation::kAlter;
    return transaction_.read && minds_nothing ? delta::Operation::kChange : collapsed_.operation;
  }

  Result<delta::CommitRequest> MakeRequest() {
    if (collapsed_.transactions.size() > 1) {
      return Error(ErrorKind::kUnsupported,
                   "A table transaction records one application transaction, and has several: " +
                       transaction_.path);
    }
    delta::CommitRequest request;
    request.operation = OperationOfAll();
    request.actions = collapsed_.actions;
    for (const auto& [path, action] : collapsed_.change_files) request.actions.push_back(action);
    request.removed = collapsed_.removed;
    if (!collapsed_.transactions.empty()) {
      request.app_transaction = collapsed_.transactions.front();
    }
    request.expected_version = options_.expected_version;
    request.write_id = base::MakeUuidV4(context_.random).ToString();
    request.run_id = options_.run_id;
    const bool appends = request.operation == delta::Operation::kAppend;
    request.text.mode = appends ? "append" : "overwrite";
    request.text.metrics = receipt_.metrics;
    request.parts = collapsed_.operations;
    return request;
  }

  Status Land() {
    LG_ASSIGN_OR_RETURN(const delta::CommitRequest request, MakeRequest());
    LG_ASSIGN_OR_RETURN(const auto made, MadeFiles(transaction_));
    std::vector<std::string> ours;
    std::vector<std::string> needless;
    for (const auto& path : made) {
      const bool needed = collapsed_.added.contains(path) ||
                          collapsed_.change_files.contains(path) ||
                          (collapsed_.has_deletion_vectors && path.starts_with(kDeletionVectors));
      (needed ? ours : needless).push_back(path);
    }
    LG_ASSIGN_OR_RETURN(
        const write::Landed landed,
        write::Land(*log_, transaction_.base, request, ours, context_.policy.commit_retries,
                    context_, [this](const delta::Snapshot& head) {
                      return delta::CheckAppendable(**head.schema, **transaction_.base->schema);
                    }));
    // What cannot be removed is an orphan no reader sees.
    (void)log_->Discard(needless);
    receipt_.version = landed.version;
    receipt_.retries = landed.retries;
    if (landed.already_applied) receipt_.reason = "already_applied";
    context_.events.Emit(
        observe::CommitLanded{transaction_.path, landed.version,
                              landed.already_applied ? "already_applied" : "committed"});
    return {};
  }

  const Transaction& transaction_;
  const ChangeOptions& options_;
  write::WriteContext& context_;
  std::int64_t base_;
  std::unique_ptr<delta::Log> log_;
  std::unique_ptr<delta::Log> seen_;
  CollapsedCommit collapsed_;
  delta::Snapshot head_;
  ChangeReceipt receipt_;
};

}  // namespace

Result<ChangeReceipt> CommitTransaction(const Transaction& transaction,
                                        const ChangeOptions& options,
                                        write::WriteContext& context) {
  return Ending(transaction, options, context).Run();
}

void AbandonTransaction(const Transaction& transaction, write::WriteContext& context) {
  const auto made = MadeFiles(transaction);
  if (!made) return;
  const auto log = delta::OpenLog(context.engine, transaction.path);
  (void)log->Discard({made->begin(), made->end()});
}

}  // namespace lakegate::control
