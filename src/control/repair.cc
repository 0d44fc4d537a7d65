#include "control/repair.h"

#include <utility>

#include "base/try.h"
#include "control/missing_files.h"
#include "delta/action.h"

namespace lakegate::control {

namespace {

Status Repair(const Attempt& attempt) {
  LG_RETURN_IF_ERROR(write::CheckChangeable(attempt.head, attempt.call.path));
  LG_ASSIGN_OR_RETURN(const std::string text, attempt.log.Files(attempt.head));
  LG_ASSIGN_OR_RETURN(const auto files, delta::ParseAdds(text));
  LG_ASSIGN_OR_RETURN(const auto missing, MissingFiles(attempt.call.path, files));
  write::TableChange change(attempt.log, attempt.head, attempt.call.context);
  for (const auto& file : missing) {
    ListFile(delta::DecodePath(file.path), &attempt.receipt);
    LG_RETURN_IF_ERROR(change.Remove(file));
  }
  delta::CommitRequest request;
  // Whatever else happens to the table, these files are not there.
  request.operation = delta::Operation::kAlter;
  return Land(attempt, change, std::move(request));
}

}  // namespace

Result<ChangeReceipt> RepairTable(const Call& call) { return RunChange("FSCK", call, Repair); }

}  // namespace lakegate::control
