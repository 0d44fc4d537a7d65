// Limits on SQL texts: names, the bridge's refusals as policy violations, and which of two
// policies is the narrower. Pure functions; any thread.
#ifndef LAKEGATE_GUARD_LIMITS_H_
#define LAKEGATE_GUARD_LIMITS_H_

#include <string>
#include <string_view>

#include "lakegate/policy.h"
#include "lakegate/profile.h"
#include "lakegate/result.h"

namespace lakegate::guard {

// A limit that the bridge found passed while tokenising or parsing: kSqlPolicyViolation with
// violation "limit" and the setting `sql.<subject>`. An unknown subject keeps its own words and
// names no setting.
Error LimitError(std::string_view subject, std::string_view message, const SqlPolicy& policy,
                 SqlPosition position);

// Whether `requested` allows nothing that `session` refuses: kInvalidArgument names the first
// setting (in the order of policy.h) that is wider, with both values.
Status CheckNarrower(const SqlPolicy& session, const SqlPolicy& requested);

// The policy that a profile's SQL options describe: the preset they name, its relations,
// functions and limits narrowed by theirs. Table functions and settings, which presets keep
// closed, are what the options list. kInvalidArgument for an unknown preset or values no policy
// may have.
Result<SqlPolicy> PolicyFor(const SqlOptions& options);

}  // namespace lakegate::guard

#endif  // LAKEGATE_GUARD_LIMITS_H_
