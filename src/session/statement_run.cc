#include "session/statement_run.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/try.h"
#include "guard/verdict.h"
#include "session/judged_text.h"
#include "session/limited_stream.h"
#include "session/relations.h"
#include "session/text_line.h"

namespace lakegate::session {
namespace {

void ReportVerdict(SessionState& state, std::string_view sql, const SqlPolicy& policy,
                   const Status& verdict) {
  observe::StatementGuarded event{.statement = std::string(sql),
                                  .policy = policy.name,
                                  .allowed = verdict.has_value(),
                                  .violation = {},
                                  .name = {}};
  if (!verdict) {
    if (const auto* detail = std::get_if<PolicyViolation>(&verdict.error().detail())) {
      event.violation = detail->violation;
      event.name = detail->name;
    }
  }
  state.events->Emit(std::move(event));
}

}  // namespace

std::int64_t RunTimeLimitMs(const SqlPolicy& policy, const Profile& profile) {
  const std::int64_t own = policy.query.run_time_ms.value_or(0);
  const std::int64_t general = profile.TimeLimitMs();
  if (own == 0 || general == 0) return std::max(own, general);
  return std::min(own, general);
}

Result<JudgedStatement> JudgeForRun(SessionState& state, std::string_view sql,
                                    const QueryOptions& options) {
  LG_ASSIGN_OR_RETURN(SqlPolicy policy, PolicyInForce(state.profile, options));
  auto facts = JudgeStatement(sql, policy);
  ReportVerdict(state, sql, policy, facts ? Status() : Status(facts.error()));
  if (!facts) return facts.error();
  LG_RETURN_IF_ERROR(CheckParameters(*facts, options.parameters));
  return JudgedStatement{.policy = std::move(policy), .facts = *std::move(facts)};
}

Result<ArrowStream> RunStatement(const std::shared_ptr<SessionState>& state, std::string_view sql,
                                 const guard::StatementFacts& facts, const SqlPolicy& policy,
                                 const QueryOptions& options) {
  const StatementNeeds needs{.ordered = options.ordered || state->profile.Deterministic(),
                             .cancel = options.cancel};
  LG_ASSIGN_OR_RETURN(ResolvedRelations resolved, ResolveRelations(state, facts, policy, needs));
  auto plan = resolved.session.PlanStatement(sql, options.parameters,
                                             policy.query.plan_time_ms.value_or(0), options.cancel);
  if (!plan) return NameLine(plan.error(), resolved.text_sources);
  LG_ASSIGN_OR_RETURN(const std::string json, plan->Facts());
  LG_ASSIGN_OR_RETURN(const guard::PlanFacts plan_facts, guard::PlanFactsFromJson(json));
  LG_RETURN_IF_ERROR(guard::JudgePlan(plan_facts, policy, resolved.names));
  if (policy.query.scan_rows) {
    const auto estimate = plan->ScanRows(policy.query.plan_time_ms.value_or(0), options.cancel);
    if (!estimate) return NameLine(estimate.error(), resolved.text_sources);
    LG_RETURN_IF_ERROR(guard::JudgeRows(*estimate, policy));
  }
  auto rows = plan->Execute(RunTimeLimitMs(policy, state->profile), options.cancel);
  if (!rows) return NameLine(rows.error(), resolved.text_sources);
  return LimitResult(NameLines(*std::move(rows), std::move(resolved.text_sources)), policy.query);
}

Result<ArrowStream> JudgeAndRun(const std::shared_ptr<SessionState>& state, std::string_view sql,
                                const QueryOptions& options) {
  LG_ASSIGN_OR_RETURN(const JudgedStatement judged, JudgeForRun(*state, sql, options));
  return RunStatement(state, sql, judged.facts, judged.policy, options);
}

Result<ArrowStream> RunText(const std::shared_ptr<SessionState>& state, std::string_view sql,
                            const QueryOptions& options) {
  if (state->workers != nullptr) return state->workers->Run(state, sql, options);
  return JudgeAndRun(state, sql, options);
}

}  // namespace lakegate::session
