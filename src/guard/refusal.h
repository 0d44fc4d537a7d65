// Words a refusal with its reason: the one place that makes kSqlPolicyViolation.
#ifndef LAKEGATE_GUARD_REFUSAL_H_
#define LAKEGATE_GUARD_REFUSAL_H_

#include <string>
#include <string_view>

#include "guard/verdict.h"
#include "lakegate/error.h"

namespace lakegate::guard {

struct Refusal {
  Violation violation = Violation::kStatement;
  // The fixed sentence, without its full stop.
  std::string_view sentence;
  std::string_view name;
  SqlPosition position = {};
  // The policy setting that would allow it; "" when none does.
  std::string_view setting = {};
};

// "The SQL policy allows no DML: 'delete' (line 1, column 20; policy 'read_only'). The policy
// setting that allows it: dml."
Error Refuse(const Refusal& refusal, std::string_view policy_name);

}  // namespace lakegate::guard

#endif  // LAKEGATE_GUARD_REFUSAL_H_
