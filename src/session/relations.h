// The names one statement may see, opened and put into an engine session of its own.
//
// Called after the guard's first gate: whatever the facts name is looked up in the catalog, with
// all that views among it read; each view's text is judged again under the policy in force, then
// and only then files are opened. Errors: kNotFound (a relation: the nearest name and the names
// there are), kSqlPolicyViolation (a view's text), and whatever opening a dataset meets.
#ifndef LAKEGATE_SESSION_RELATIONS_H_
#define LAKEGATE_SESSION_RELATIONS_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/statement.h"
#include "guard/facts.h"
#include "guard/verdict.h"
#include "lakegate/policy.h"
#include "session/session_state.h"

namespace lakegate::session {

struct StatementNeeds {
  bool ordered = true;
  CancelToken cancel;
};

struct ResolvedRelations {
  engine::EngineSession session;
  // Whether the kernels are in it as table functions.
  bool has_kernels = false;
  // Every name in it: what the expanded plan may scan.
  std::set<std::string> names;
  // The files behind them.
  guard::ScanCost cost;
  // Text files among them, for errors that want a line.
  std::vector<DatasetLocation> text_sources;
};

Result<ResolvedRelations> ResolveRelations(const std::shared_ptr<SessionState>& state,
                                           const guard::StatementFacts& facts,
                                           const SqlPolicy& policy, const StatementNeeds& needs);

// An engine session without any relation, set up as the profile says.
Result<engine::EngineSession> OpenEngineSession(const SessionState& state, bool ordered);

// Threads of a kernel: the setting, or as many as the machine has.
std::int64_t ThreadsFor(const Profile& profile);

// How many partitions a statement is planned for.
std::int64_t PartitionsFor(const Profile& profile, bool ordered);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_RELATIONS_H_
