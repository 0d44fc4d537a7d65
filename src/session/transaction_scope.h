// What a session inside a table transaction knows of it.
#ifndef LAKEGATE_SESSION_TRANSACTION_SCOPE_H_
#define LAKEGATE_SESSION_TRANSACTION_SCOPE_H_

#include <atomic>
#include <string>
#include <string_view>

#include "lakegate/result.h"

namespace lakegate::session {

struct SessionState;

struct TransactionScope {
  explicit TransactionScope(std::string the_path) : path(std::move(the_path)) {}

  const std::string path;  // of its table, absolute
  // Whether a statement looked at rows of the table. Any thread.
  std::atomic<bool> read = false;
};

// Whether the table at `path` may be changed here: any, or that of the transaction alone
// (kInvalidArgument).
Status CheckChangeHere(const SessionState& state, std::string_view path);

// For work on the log and the disk that no transaction can hold: kUnsupported inside one.
Status CheckOutsideTransaction(const SessionState& state, std::string_view operation);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_TRANSACTION_SCOPE_H_
