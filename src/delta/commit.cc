#include "delta/commit.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "base/try.h"
#include "delta/action.h"
#include "delta/back_off.h"
#include "delta/commit_entry.h"

namespace lakegate::delta {

namespace {

using nlohmann::json;

// How far back the table version of an applied transaction is looked for.
constexpr std::int64_t kEntriesSearched = 256;

std::int64_t VersionOf(const std::optional<Snapshot>& snapshot) {
  return snapshot ? snapshot->version : -1;
}

json ClausesJson(const std::vector<MergeClauseText>& clauses) {
  json list = json::array();
  for (const auto& clause : clauses) {
    json one = {{"actionType", clause.action}};
    if (!clause.condition.empty()) one["predicate"] = clause.condition;
    list.push_back(std::move(one));
  }
  return list;
}

json OperationJson(const OperationText& text) {
  json operation = {{"name", text.name}};
  if (!text.mode.empty()) operation["mode"] = text.mode;
  if (!text.partition_by.empty()) operation["partition_by"] = text.partition_by;
  if (!text.predicate.empty()) operation["predicate"] = text.predicate;
  if (!text.properties.empty()) operation["properties"] = text.properties;
  for (const auto& check : text.constraints) {
    operation["constraints"].push_back({check.name, check.expression});
  }
  if (text.restored_version) operation["version"] = *text.restored_version;
  if (text.name == "MERGE") {
    operation["clauses"] = {{"matched", ClausesJson(text.matched)},
                            {"not_matched", ClausesJson(text.not_matched)},
                            {"not_matched_by_source", ClausesJson(text.not_matched_by_source)}};
  }
  return operation;
}

std::string RequestText(const Log& log, const CommitRequest& request, std::int64_t now_ms) {
  json info = {{std::string(kWriteIdKey), request.write_id}};
  if (!request.run_id.empty()) info["lakegateRunId"] = request.run_id;
  if (!request.text.metrics.empty()) info["operationMetrics"] = request.text.metrics;
  if (request.operation == Operation::kAppend) info["isBlindAppend"] = true;
  if (!request.parts.empty()) info["lakegateTransaction"] = request.parts;
  for (const auto& decision : request.decisions) {
    info["lakegateDecisions"][decision.name] = {{"value", decision.value},
                                                {"decidedBy", decision.decided_by}};
  }
  const json operation = OperationJson(request.text);
  const auto dump = [](const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
  };
  std::string text = fmt::format("{{\"path\":{},\"operation\":{},\"commit_info\":{},\"actions\":[",
                                 dump(log.path()), dump(operation), dump(info));
  bool first = true;
  const auto append = [&](const std::string& action) {
    if (!first) text += ',';
    text += action;
    first = false;
  };
  for (const auto& action : request.actions) append(action);
  if (request.app_transaction) append(TransactionAction(*request.app_transaction, now_ms));
  return text + "]}";
}

// The entries after `base`, oldest first.
Result<std::vector<CommitEntry>> EntriesAfter(Log& log, std::int64_t base) {
  std::vector<CommitEntry> entries;
  for (std::int64_t version = base + 1;; ++version) {
    auto text = log.ReadCommit(version);
    if (!text) {
      if (text.error().kind() == ErrorKind::kNotFound) return entries;
      return std::move(text).error();
    }
    LG_ASSIGN_OR_RETURN(auto entry, ParseCommitEntry(version, *text));
    entries.push_back(std::move(entry));
  }
}

// The version that carries this write, among entries after `base`.
Result<std::optional<std::int64_t>> FindWrite(Log& log, std::int64_t base,
                                              const std::string& write_id) {
  LG_ASSIGN_OR_RETURN(const auto entries, EntriesAfter(log, base));
  for (const auto& entry : entries) {
    if (entry.write_id == write_id) return std::optional(entry.version);
  }
  return std::optional<std::int64_t>();
}

class CommitLoop {
 public:
  CommitLoop(Log& log, std::optional<Snapshot> base, const CommitRequest& request,
             const CommitContext& context)
      : log_(log), base_(std::move(base)), request_(request), context_(context) {}

  Result<CommitResult> Run() {
    LG_ASSIGN_OR_RETURN(auto settled, Precheck());
    while (!settled) {
      if (context_.cancel.cancelled()) {
        return Error(ErrorKind::kCancelled, "The work was cancelled before it was committed.");
      }
      LG_ASSIGN_OR_RETURN(settled, Attempt());
    }
    return CommitResult{*std::move(settled), retries_};
  }

 private:
  using Settled = std::optional<CommitOutcome>;

  // What must hold of the head we are about to build on.
  Result<Settled> Precheck() {
    if (base_ && request_.app_transaction) {
      LG_ASSIGN_OR_RETURN(auto applied, FindApplied(log_, *base_, *request_.app_transaction));
      if (applied) return Settled(AlreadyApplied{*applied});
    }
    if (request_.expected_version && *request_.expected_version != VersionOf(base_)) {
      return Settled(Lost(ConflictKind::kExpectedVersion, VersionOf(base_), false));
    }
    return Settled();
  }

  Result<Settled> Attempt() {
    context_.observer.Attempted(VersionOf(base_), retries_ + 1);
    const std::string text = RequestText(log_, request_, context_.clock.WallTimeMs());
    auto landed = log_.Commit(base_ ? &*base_ : nullptr, text);
    if (landed) return Settled(Committed{*landed});
    switch (landed.error().kind()) {
      case ErrorKind::kCommitConflict:
        return OnConflict();
      // The last three say nothing of the put that may have been under way.
      case ErrorKind::kCommitUnknown:
      case ErrorKind::kInternal:
      case ErrorKind::kTimeout:
      case ErrorKind::kUnavailable:
        return OnUnknown(landed.error());
      default:
        return std::move(landed).error();
    }
  }

  Result<Settled> OnConflict() {
    const std::int64_t read_version = VersionOf(base_);
    LG_ASSIGN_OR_RETURN(const auto winners, EntriesAfter(log_, read_version));
    // A lost answer can come back as a conflict with ourselves.
    for (const auto& winner : winners) {
      if (winner.write_id == request_.write_id) return Settled(Committed{winner.version});
    }
    const std::int64_t found = winners.empty() ? read_version : winners.back().version;
    LG_ASSIGN_OR_RETURN(auto head, log_.Read());
    if (head && request_.app_transaction) {
      LG_ASSIGN_OR_RETURN(auto applied, FindApplied(log_, *head, *request_.app_transaction));
      if (applied) return Settled(AlreadyApplied{*applied});
    }
    if (request_.expected_version) {
      return Settled(Lost(ConflictKind::kExpectedVersion, found, false));
    }
    auto kind = Judge(winners);
    // Nothing to judge by: whoever won has left no entry that can be read.
    if (!kind && winners.empty()) {
      kind = request_.operation == Operation::kCreate ? ConflictKind::kTableCreated
                                                      : ConflictKind::kRowsChanged;
    }
    if (!kind && retries_ >= context_.retries) kind = ConflictKind::kRetriesExhausted;
    if (kind) return Settled(Lost(*kind, found, true));
    return Again(std::move(head), found);
  }

  std::optional<ConflictKind> Judge(const std::vector<CommitEntry>& winners) const {
    OurCommit ours{.operation = request_.operation};
    if (request_.app_transaction) ours.app_id = request_.app_transaction->app_id;
    std::vector<std::string> removed = request_.removed;
    std::sort(removed.begin(), removed.end());
    ours.removed = removed;
    ours.write_serializable = base_ && IsWriteSerializable(*base_);
    return JudgeConflict(ours, winners);
  }

  Result<Settled> Again(std::optional<Snapshot> head, std::int64_t found) {
    if (!head) {
      return Error(
          ErrorKind::kCorruptData,
          "The Delta table was gone when the commit was to be tried again: " + log_.path());
    }
    context_.observer.LostRace(
        Conflicted{ConflictKind::kRowsAppended, VersionOf(base_), found, true}, true);
    Wait();
    ++retries_;
    base_ = std::move(head);
    if (context_.recheck) LG_RETURN_IF_ERROR(context_.recheck(*base_));
    return Settled();
  }

  Result<Settled> OnUnknown(const Error& cause) {
    auto found = FindWrite(log_, VersionOf(base_), request_.write_id);
    if (!found) {
      context_.observer.Uncertain(cause, "");
      return Settled(Unknown{VersionOf(base_), cause});
    }
    if (*found) {
      context_.observer.Uncertain(cause, "landed");
      return Settled(Committed{**found});
    }
    // Not there now; whether a put still under way may land, nobody can tell.
    context_.observer.Uncertain(cause, "");
    return Settled(Unknown{VersionOf(base_), cause});
  }

  Conflicted Lost(ConflictKind kind, std::int64_t found, bool may_retry) {
    const Conflicted conflict{kind, VersionOf(base_), found, may_retry};
    context_.observer.LostRace(conflict, false);
    return conflict;
  }

  void Wait() {
    const std::int64_t wait_ms = BackOffMs(context_.first_wait_ms, retries_, context_.random);
    if (context_.sleep) {
      context_.sleep(wait_ms);
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
    }
  }

  Log& log_;
  std::optional<Snapshot> base_;
  const CommitRequest& request_;
  const CommitContext& context_;
  std::int64_t retries_ = 0;
};

}  // namespace

Result<std::optional<std::int64_t>> FindApplied(Log& log, const Snapshot& head,
                                                const AppTransaction& transaction) {
  LG_ASSIGN_OR_RETURN(const auto recorded, log.AppVersion(head, transaction.app_id));
  if (!recorded || *recorded < transaction.version) return std::optional<std::int64_t>();
  const std::int64_t oldest = std::max<std::int64_t>(0, head.version - kEntriesSearched + 1);
  for (std::int64_t version = head.version; version >= oldest; --version) {
    auto text = log.ReadCommit(version);
    if (!text) break;
    LG_ASSIGN_OR_RETURN(const auto entry, ParseCommitEntry(version, *text));
    for (const auto& found : entry.transactions) {
      if (found.app_id == transaction.app_id) return std::optional(version);
    }
  }
  return std::optional(head.version);
}

Result<CommitResult> Commit(Log& log, std::optional<Snapshot> base, const CommitRequest& request,
                            const CommitContext& context) {
  return CommitLoop(log, std::move(base), request, context).Run();
}

std::optional<Error> ErrorOf(const CommitOutcome& outcome, const std::string& path) {
  if (const auto* conflict = std::get_if<Conflicted>(&outcome)) {
    const std::string_view reason = ConflictKindName(conflict->kind);
    const char* advice = conflict->kind == ConflictKind::kExpectedVersion
                             ? "read the table again and choose what to expect"
                             : "run it again on the new version";
    return Error(
        ErrorKind::kCommitConflict,
        fmt::format("Another commit won: {} ({}); read version {}, found version {}; {}.", path,
                    reason, conflict->read_version, conflict->found_version, advice),
        CommitConflict{std::string(reason), conflict->read_version, conflict->found_version});
  }
  if (const auto* unknown = std::get_if<Unknown>(&outcome)) {
    return Error(ErrorKind::kCommitUnknown,
                 fmt::format("The commit may or may not have landed, and the log does not tell: "
                             "{}; read version {}; {}; run it again with the same application "
                             "transaction.",
                             path, unknown->read_version, unknown->cause.message()));
  }
  return std::nullopt;
}

}  // namespace lakegate::delta
