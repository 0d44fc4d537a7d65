// The policy as a table: one row for every field of `SqlPolicy`. Policy files, validation,
// narrowing, dry runs and the setting that a refusal names all come from it.
#ifndef LAKEGATE_GUARD_POLICY_FIELDS_H_
#define LAKEGATE_GUARD_POLICY_FIELDS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lakegate/policy.h"

namespace lakegate::guard {

// What a field means when two policies are compared.
enum class FieldRole {
  kAllows,  // true, more names, more room: wider
  kDenies,  // more names: narrower
  kLabel    // not compared
};

using FieldMember =
    std::variant<std::string SqlPolicy::*, bool SqlPolicy::*, std::set<std::string> SqlPolicy::*,
                 std::optional<std::set<std::string>> SqlPolicy::*,
                 std::vector<std::string> SqlPolicy::*,
                 std::map<std::string, RelationProtection> SqlPolicy::*, std::int64_t SqlLimits::*,
                 std::optional<std::int64_t> QueryLimits::*>;

struct PolicyField {
  // As policy files and refusals say it: "dml", "sql.max_bytes", "query.result_rows".
  std::string_view name;
  FieldRole role;
  FieldMember member;
  std::string_view doc;
};

// In the order of policy.h.
std::span<const PolicyField> AllPolicyFields();

// The value as a policy file would write it; an absent allowlist is "any", an absent limit
// "none".
std::string FieldText(const SqlPolicy& policy, const PolicyField& field);

// A policy file that says all of it: `SqlPolicy::FromToml` gives an equal policy.
std::string PolicyToToml(const SqlPolicy& policy);

}  // namespace lakegate::guard

#endif  // LAKEGATE_GUARD_POLICY_FIELDS_H_
