// The guard's first gate: a SQL text, its facts, and the verdict under the policy in force.
#ifndef LAKEGATE_SESSION_JUDGED_TEXT_H_
#define LAKEGATE_SESSION_JUDGED_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "guard/facts.h"
#include "lakegate/policy.h"
#include "lakegate/profile.h"
#include "lakegate/session.h"

namespace lakegate::session {

// The profile's policy, or the statement's own when that is narrower: kInvalidArgument names
// the setting that is wider.
Result<SqlPolicy> PolicyInForce(const Profile& profile, const QueryOptions& options);

// The facts of a text, with the relations that kernel calls read: kInvalidSql, and
// kSqlPolicyViolation when a cap on the text itself was passed.
Result<guard::TextFacts> FactsOfText(std::string_view sql, const SqlPolicy& policy);

// The same for a text that may run: kInvalidSql, kSqlPolicyViolation.
Result<guard::TextFacts> JudgeText(std::string_view sql, const SqlPolicy& policy);

// The same for one statement: kInvalidArgument when there are several.
Result<guard::StatementFacts> JudgeStatement(std::string_view sql, const SqlPolicy& policy);

// A view's text must be one query without placeholders: kInvalidArgument otherwise.
Result<guard::StatementFacts> JudgeView(std::string_view name, std::string_view sql,
                                        const SqlPolicy& policy);

// Conditions of contracts and writes are SQL too: one expression over the columns of a row, no
// relation, no subquery, no parameter, no table function, and functions as the policy allows.
Status JudgeChecks(const std::vector<Check>& checks, const SqlPolicy& policy);

// Every placeholder has a value and every value a placeholder: kInvalidArgument listing both
// kinds of odd ones.
Status CheckParameters(const guard::StatementFacts& facts,
                       const std::map<std::string, ParameterValue>& parameters);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_JUDGED_TEXT_H_
