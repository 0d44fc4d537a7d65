#include "control/restore.h"

#include <fmt/core.h>

#include <set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "control/missing_files.h"
#include "delta/action.h"

namespace lakegate::control {

namespace {

Result<std::vector<delta::AddFile>> FilesOf(delta::Log& log, const delta::Snapshot& snapshot) {
  LG_ASSIGN_OR_RETURN(const std::string text, log.Files(snapshot));
  return delta::ParseAdds(text);
}

// A file with other rows marked as deleted is another file.
std::set<std::string> IdentitiesOf(const std::vector<delta::AddFile>& files) {
  std::set<std::string> identities;
  for (const auto& file : files) identities.insert(delta::IdentityOf(file));
  return identities;
}

Status CheckThere(const std::string& path, const std::vector<delta::AddFile>& files) {
  LG_ASSIGN_OR_RETURN(const auto missing, MissingFiles(path, files));
  if (missing.empty()) return {};
  std::vector<std::string> names;
  names.reserve(missing.size());
  for (const auto& file : missing) names.push_back(delta::DecodePath(file.path));
  return Error(ErrorKind::kNotFound,
               fmt::format("The version cannot be restored, {} of its files are gone (a vacuum "
                           "removes them): {}.",
                           names.size(), base::ListNames(names, 5)));
}

Status Restore(const Attempt& attempt, const DeltaVersion& to) {
  const std::string& path = attempt.call.path;
  LG_RETURN_IF_ERROR(write::CheckChangeable(attempt.head, path));
  LG_ASSIGN_OR_RETURN(
      const delta::Snapshot wanted,
      delta::ReadSnapshot(*attempt.call.context.engine, path, to.version, to.timestamp_ms));
  if (wanted.version == attempt.head.version) return Nothing(attempt, "nothing_to_do");
  LG_ASSIGN_OR_RETURN(const auto then, FilesOf(attempt.log, wanted));
  LG_ASSIGN_OR_RETURN(const auto now, FilesOf(attempt.log, attempt.head));
  const auto there = IdentitiesOf(now);
  const auto kept = IdentitiesOf(then);
  write::TableChange change(attempt.log, attempt.head, attempt.call.context);
  std::vector<delta::AddFile> back;
  for (const auto& file : then) {
    if (!there.contains(delta::IdentityOf(file))) back.push_back(file);
  }
  LG_RETURN_IF_ERROR(CheckThere(path, back));
  if (wanted.metadata_json != attempt.head.metadata_json) {
    change.AddAction(delta::WrapAction("metaData", wanted.metadata_json));
  }
  for (const auto& file : now) {
    if (!kept.contains(delta::IdentityOf(file))) LG_RETURN_IF_ERROR(change.Remove(file));
  }
  for (const auto& file : back) LG_RETURN_IF_ERROR(change.AddAgain(file));
  attempt.receipt.metrics["restoredVersion"] = wanted.version;
  delta::CommitRequest request;
  request.operation = delta::Operation::kRestore;
  request.text.restored_version = wanted.version;
  return Land(attempt, change, std::move(request));
}

}  // namespace

Result<ChangeReceipt> RestoreTable(const Call& call, const DeltaVersion& to) {
  if (to.version.has_value() == to.timestamp_ms.has_value()) {
    return Error(ErrorKind::kInvalidArgument,
                 "A restore needs a version or a moment, and one of them alone.");
  }
  return RunChange("RESTORE", call, [&](const Attempt& attempt) { return Restore(attempt, to); });
}

}  // namespace lakegate::control
