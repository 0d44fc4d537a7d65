// From a judged statement to its rows: resolve, plan, second verdict, execute, limits.
#ifndef LAKEGATE_SESSION_STATEMENT_RUN_H_
#define LAKEGATE_SESSION_STATEMENT_RUN_H_

#include <memory>
#include <string_view>

#include "guard/facts.h"
#include "lakegate/policy.h"
#include "lakegate/session.h"
#include "session/session_state.h"

namespace lakegate::session {

// `facts` are those of `sql`, and the guard let them pass under `policy`.
Result<ArrowStream> RunStatement(const std::shared_ptr<SessionState>& state, std::string_view sql,
                                 const guard::StatementFacts& facts, const SqlPolicy& policy,
                                 const QueryOptions& options);

// The tighter of the policy's and the profile's, in milliseconds; 0 is no limit.
std::int64_t RunTimeLimitMs(const SqlPolicy& policy, const Profile& profile);

// Judges, tells the observers, and gives facts and policy.
struct JudgedStatement {
  SqlPolicy policy;
  guard::StatementFacts facts;
};
Result<JudgedStatement> JudgeForRun(SessionState& state, std::string_view sql,
                                    const QueryOptions& options);

// The way of a text: judged and run in a worker where execution.isolation says so, else here.
Result<ArrowStream> RunText(const std::shared_ptr<SessionState>& state, std::string_view sql,
                            const QueryOptions& options);

// Judged and run here, whatever execution.isolation says.
Result<ArrowStream> JudgeAndRun(const std::shared_ptr<SessionState>& state, std::string_view sql,
                                const QueryOptions& options);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_STATEMENT_RUN_H_
