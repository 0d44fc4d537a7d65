// One commit brought to a certain end.
//
// Compare-and-swap on the version that was read. A lost race is judged from the winning
// commits (conflict.h) and tried again within policy when sound; an answer that got lost is
// settled by reading the log for the write's id, never guessed. The application transaction is
// checked before the first try and again on every new head.
#ifndef LAKEGATE_DELTA_COMMIT_H_
#define LAKEGATE_DELTA_COMMIT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/uuid.h"
#include "delta/conflict.h"
#include "delta/log.h"
#include "delta/snapshot.h"
#include "lakegate/cancel.h"
#include "lakegate/result.h"
#include "lakegate/write.h"

namespace lakegate::delta {

struct Committed {
  std::int64_t version = -1;
};
struct AlreadyApplied {
  std::int64_t version = -1;  // of the table, where the log still tells; else its head
};
struct Conflicted {
  ConflictKind kind = ConflictKind::kRowsChanged;
  std::int64_t read_version = -1;
  std::int64_t found_version = -1;
  // Whether the same request, made again from its source, could succeed.
  bool may_retry = true;
};
struct Unknown {
  std::int64_t read_version = -1;
  Error cause;
};
using CommitOutcome = std::variant<Committed, AlreadyApplied, Conflicted, Unknown>;

// One clause of a MERGE, as the log tells of it.
struct MergeClauseText {
  std::string action = {};  // "update", "delete", "insert"
  std::string condition = {};
};

// What the log says that a commit was, beside its actions; what is empty is left out.
struct OperationText {
  // "WRITE", "CREATE TABLE", "OPTIMIZE", "DELETE", ... (lakegate_bridge.h has them all).
  std::string name = "WRITE";
  std::string mode = {};
  std::vector<std::string> partition_by = {};
  std::string predicate = {};
  std::map<std::string, std::string> properties = {};
  std::vector<Check> constraints = {};
  std::optional<std::int64_t> restored_version = {};
  std::vector<MergeClauseText> matched = {};
  std::vector<MergeClauseText> not_matched = {};
  std::vector<MergeClauseText> not_matched_by_source = {};
  std::map<std::string, std::int64_t> metrics = {};
};

// What is committed. `actions` carries everything but the application transaction.
struct CommitRequest {
  Operation operation = Operation::kAppend;
  std::vector<std::string> actions = {};
  // Paths of the files that the actions take away: what a race is judged by.
  std::vector<std::string> removed = {};
  std::optional<AppTransaction> app_transaction = {};
  std::optional<std::int64_t> expected_version = {};
  std::string write_id = {};  // unique to this write
  std::string run_id = {};
  OperationText text = {};
  // What policy decided about it.
  std::vector<PolicyDecision> decisions = {};
  // Of a table transaction: how the log would call each of its parts.
  std::vector<std::string> parts = {};
};

// Called as it happens, on the caller's thread.
class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  virtual void Attempted(std::int64_t read_version, std::int64_t attempt) = 0;
  virtual void LostRace(const Conflicted& conflict, bool retried) = 0;
  // `settled_as`: "landed", "absent", "" when the log could not tell.
  virtual void Uncertain(const Error& cause, const std::string& settled_as) = 0;
};

// Everything the loop needs from outside; borrowed for the call.
struct CommitContext {
  base::Clock& clock;
  base::RandomSource& random;
  CommitObserver& observer;
  CancelToken cancel = {};
  std::int64_t retries = 15;
  std::int64_t first_wait_ms = 5;  // doubled each time, jittered, at most a second
  std::function<void(std::int64_t wait_ms)> sleep = {};  // empty: really sleep
  // Called with every new head before the commit is tried on it again: schema, constraints.
  std::function<Status(const Snapshot&)> recheck = {};
};

struct CommitResult {
  CommitOutcome outcome;
  std::int64_t retries = 0;
};

// `base` is the version the request was made from, or nothing for a table to be created.
// Errors: kCancelled before a try; errors of the log after which nothing has landed; those of
// `recheck`. None of them leaves the outcome open.
Result<CommitResult> Commit(Log& log, std::optional<Snapshot> base, const CommitRequest& request,
                            const CommitContext& context);

// Whether the application transaction is in the log already: the table version it was
// recorded at, looked for among the newest entries (the head's version when it is older).
Result<std::optional<std::int64_t>> FindApplied(Log& log, const Snapshot& head,
                                                const AppTransaction& transaction);

// The error a caller of the library sees; nothing for the outcomes that are none.
std::optional<Error> ErrorOf(const CommitOutcome& outcome, const std::string& path);

}  // namespace lakegate::delta

#endif  // LAKEGATE_DELTA_COMMIT_H_
