#include "control/change.h"

#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "base/try.h"
#include "delta/back_off.h"
#include "delta/commit.h"
#include "observe/event.h"

namespace lakegate::control {

namespace {

constexpr std::int64_t kFirstWaitMs = 5;
constexpr std::size_t kFilesListed = 1000;

// A race that was lost because rows or the table are others now: the work may be done anew.
bool MayRunAgain(const Error& error, const ChangeOptions& options) {
  if (error.kind() != ErrorKind::kCommitConflict || options.expected_version) return false;
  const auto* conflict = std::get_if<CommitConflict>(&error.detail());
  if (conflict == nullptr) return false;
  for (const auto kind :
       {delta::ConflictKind::kRowsChanged, delta::ConflictKind::kRowsAppended,
        delta::ConflictKind::kMetadataChanged, delta::ConflictKind::kProtocolChanged}) {
    if (conflict->reason == delta::ConflictKindName(kind)) return true;
  }
  return false;
}

Result<ChangeReceipt> RunOnce(std::string_view operation, const Call& call, const Work& work) {
  ChangeReceipt receipt;
  receipt.path = call.path;
  receipt.operation = operation;
  const auto log = delta::OpenLog(call.context.engine, call.path);
  LG_ASSIGN_OR_RETURN(const delta::Snapshot head,
                      delta::ReadSnapshot(*call.context.engine, call.path, {}, {}));
  receipt.read_version = head.version;
  if (call.options.expected_version && *call.options.expected_version != head.version) {
    return *delta::ErrorOf(delta::Conflicted{delta::ConflictKind::kExpectedVersion,
                                             *call.options.expected_version, head.version, false},
                           call.path);
  }
  LG_RETURN_IF_ERROR(work({*log, head, call, receipt}));
  return receipt;
}

}  // namespace

Result<ChangeReceipt> RunChange(std::string_view operation, const Call& call, const Work& work) {
  const std::int64_t begun_ns = call.context.clock.MonotonicNs();
  for (std::int64_t again = 0;; ++again) {
    auto receipt = RunOnce(operation, call, work);
    if (receipt) {
      receipt->retries += again;
      receipt->duration_ms = (call.context.clock.MonotonicNs() - begun_ns) / 1'000'000;
      return receipt;
    }
    const bool give_up =
        again >= call.context.policy.commit_retries || !MayRunAgain(receipt.error(), call.options);
    if (give_up) return receipt;
    std::this_thread::sleep_for(
        std::chrono::milliseconds(delta::BackOffMs(kFirstWaitMs, again, call.context.random)));
  }
}

Status Nothing(const Attempt& attempt, std::string_view reason) {
  attempt.receipt.reason = reason;
  return {};
}

Status Land(const Attempt& attempt, write::TableChange& change, delta::CommitRequest request) {
  ChangeReceipt& receipt = attempt.receipt;
  receipt.metrics["numAddedFiles"] = change.files_added();
  receipt.metrics["numRemovedFiles"] = change.files_removed();
  if (change.files_marked() > 0) {
    receipt.metrics["numDeletionVectorsAdded"] = change.files_marked();
  }
  if (change.empty()) return Nothing(attempt, "nothing_to_do");
  if (attempt.call.options.dry_run) return Nothing(attempt, "dry_run");
  request.expected_version = attempt.call.options.expected_version;
  request.run_id = attempt.call.options.run_id;
  request.text.name = receipt.operation;
  request.text.metrics = receipt.metrics;
  LG_ASSIGN_OR_RETURN(const write::Landed landed, change.Commit(std::move(request)));
  receipt.version = landed.version;
  receipt.retries += landed.retries;
  attempt.call.context.events.Emit(
      observe::CommitLanded{attempt.log.path(), landed.version, "committed"});
  return {};
}

void ListFile(const std::string& path, ChangeReceipt* receipt) {
  if (receipt->files.size() < kFilesListed) receipt->files.push_back(path);
}

}  // namespace lakegate::control
