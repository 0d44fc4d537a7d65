#include "cli/exit_code.h"

#include <array>

namespace lakegate::cli {
namespace {

constexpr std::array kRows = std::to_array<ExitCodeRow>({
    {0, "done"},
    {1, "failed for a reason without a class of its own"},
    {2, "the request is wrong: command line, job file, setting or SQL text"},
    {10, "refused by the SQL policy"},
    {11, "not found"},
    {12, "conflict: it exists already, or another commit came first"},
    {13, "a limit was hit: memory, rows, bytes or time"},
    {14, "cancelled"},
    {15, "rows break a constraint"},
    {16, "corrupt data"},
    {17, "unavailable: a file, a disk, or a job that is running already"},
});

}  // namespace

std::span<const ExitCodeRow> ExitCodes() { return kRows; }

int ExitCodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kInvalidSql:
      return kExitUsage;
    case ErrorKind::kSqlPolicyViolation:
      return 10;
    case ErrorKind::kNotFound:
      return 11;
    case ErrorKind::kAlreadyExists:
    case ErrorKind::kCommitConflict:
    case ErrorKind::kCommitUnknown:
      return 12;
    case ErrorKind::kResourceLimit:
    case ErrorKind::kTimeout:
      return 13;
    case ErrorKind::kCancelled:
      return 14;
    case ErrorKind::kConstraintViolation:
      return 15;
    case ErrorKind::kCorruptData:
      return 16;
    case ErrorKind::kUnavailable:
    case ErrorKind::kIo:
      return 17;
    case ErrorKind::kSchemaMismatch:
    case ErrorKind::kUnsupported:
    case ErrorKind::kPlugin:
    case ErrorKind::kVersionMismatch:
    case ErrorKind::kInternal:
      return kExitFailure;
  }
  return kExitFailure;
}

}  // namespace lakegate::cli
