// What can go wrong, said so that the caller knows the next move.
//
// Every fallible call of the library returns a `Result<T>`; nothing throws across its edge.
// An `Error` is a kind (the next move), a message (a fixed sentence first, values last,
// then the setting or file that the reader can change) and a typed detail where the kind
// has one. Errors are values: copy, keep and compare them freely from any thread.
#ifndef LAKEGATE_ERROR_H_
#define LAKEGATE_ERROR_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lakegate/export.h"

namespace lakegate {

// Numbers are stable: they cross the bridge ABI and are printed by `--json`.
enum class ErrorKind : std::int32_t {
  // Fix the request.
  kInvalidArgument = 1,
  kInvalidSql = 2,
  kSqlPolicyViolation = 3,
  kNotFound = 4,
  kAlreadyExists = 5,
  kSchemaMismatch = 6,
  kConstraintViolation = 7,
  kUnsupported = 8,
  // Retry.
  kCommitConflict = 20,
  kUnavailable = 21,
  kTimeout = 22,
  // Look it up: the commit may or may not have landed.
  kCommitUnknown = 30,
  // Give it more room.
  kResourceLimit = 40,
  // Stop.
  kCancelled = 50,
  // Repair the data, or the disk it lies on.
  kCorruptData = 60,
  kIo = 61,
  // Repair the installation.
  kPlugin = 70,
  kVersionMismatch = 71,
  // Report a bug.
  kInternal = 90,
};

// The stable spelling, for example "kNotFound"; the same text in JSON, docs and tests.
LAKEGATE_EXPORT std::string_view ErrorKindName(ErrorKind kind);

// Every kind, in numeric order: the table that docs, exit codes and tests walk.
LAKEGATE_EXPORT const std::vector<ErrorKind>& AllErrorKinds();

// Where in a SQL text; both count from 1, columns in characters.
struct SqlPosition {
  std::int64_t line = 0;
  std::int64_t column = 0;
  bool operator==(const SqlPosition&) const = default;
};

// Why the guard refused. `violation` is one of the words of guard/verdict.h
// (ddl, dml, statement, ...); `setting` is the policy setting that would allow it.
struct PolicyViolation {
  std::string violation;
  std::string name;
  SqlPosition position;
  std::string setting;
  bool operator==(const PolicyViolation&) const = default;
};

// Which commit won. Versions are -1 where they are not known.
struct CommitConflict {
  std::string reason;
  std::int64_t read_version = -1;
  std::int64_t found_version = -1;
  bool operator==(const CommitConflict&) const = default;
};

// Rows that break a constraint: how many, and the first few rendered as text.
struct ConstraintViolation {
  std::string constraint;
  std::int64_t violations = 0;
  std::vector<std::string> first_rows;
  bool operator==(const ConstraintViolation&) const = default;
};

// Where in a file; `line` counts from 1, 0 where the format has no lines.
struct FilePosition {
  std::string path;
  std::int64_t line = 0;
  bool operator==(const FilePosition&) const = default;
};

using ErrorDetail = std::variant<std::monostate, SqlPosition, PolicyViolation, CommitConflict,
                                 ConstraintViolation, FilePosition>;

class [[nodiscard]] LAKEGATE_EXPORT Error {
 public:
  Error(ErrorKind kind, std::string message, ErrorDetail detail = {})
      : kind_(kind), message_(std::move(message)), detail_(std::move(detail)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const ErrorDetail& detail() const { return detail_; }

  // The same error with `context` and a colon in front of its message: the file, the
  // step or the option that was at work. Kind and detail stay.
  Error WithContext(std::string_view context) const;

  // "kNotFound: message", and where in the SQL text when that is known.
  std::string ToString() const;

  // One JSON object: kind, code, message, and the detail's fields under "detail".
  std::string ToJson() const;

  bool operator==(const Error&) const = default;

 private:
  ErrorKind kind_;
  std::string message_;
  ErrorDetail detail_;
};

}  // namespace lakegate

#endif  // LAKEGATE_ERROR_H_
