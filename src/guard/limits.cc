#include "guard/limits.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "base/try.h"
#include "guard/policy_fields.h"
#include "guard/refusal.h"

namespace lakegate::guard {
namespace {

constexpr std::string_view kSqlPrefix = "sql.";

template <typename Names>
bool IsSubset(const Names& part, const Names& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

// Whether one field of `requested` allows something that `session` refuses.
struct IsWider {
  const SqlPolicy& session;
  const SqlPolicy& requested;
  FieldRole role;

  bool operator()(std::string SqlPolicy::*) const { return false; }
  bool operator()(bool SqlPolicy::*member) const { return requested.*member && !(session.*member); }
  bool operator()(std::set<std::string> SqlPolicy::*member) const {
    return role == FieldRole::kDenies ? !IsSubset(session.*member, requested.*member)
                                      : !IsSubset(requested.*member, session.*member);
  }
  bool operator()(std::optional<std::set<std::string>> SqlPolicy::*member) const {
    const auto& bound = session.*member;
    const auto& wanted = requested.*member;
    return bound && (!wanted || !IsSubset(*wanted, *bound));
  }
  bool operator()(std::vector<std::string> SqlPolicy::*member) const {
    const std::vector<std::string>& bounds = session.*member;
    const std::vector<std::string>& wanted = requested.*member;
    return !std::all_of(wanted.begin(), wanted.end(), [&](const std::string& path) {
      return std::any_of(bounds.begin(), bounds.end(),
                         [&](const std::string& root) { return base::IsWithin(path, root); });
    });
  }
  // What the session protects is protected in the same way.
  bool operator()(std::map<std::string, RelationProtection> SqlPolicy::*member) const {
    const auto& wanted = requested.*member;
    return !std::all_of((session.*member).begin(), (session.*member).end(), [&](const auto& bound) {
      const auto found = wanted.find(bound.first);
      return found != wanted.end() && found->second == bound.second;
    });
  }
  bool operator()(std::int64_t SqlLimits::*member) const {
    return requested.sql.*member > session.sql.*member;
  }
  bool operator()(std::optional<std::int64_t> QueryLimits::*member) const {
    const auto& bound = session.query.*member;
    const auto& wanted = requested.query.*member;
    return bound && (!wanted || *wanted > *bound);
  }
};

std::optional<std::set<std::string>> SetOf(const std::optional<std::vector<std::string>>& names) {
  if (!names) return std::nullopt;
  return std::set<std::string>(names->begin(), names->end());
}

// What both allow; absent allows any.
std::optional<std::set<std::string>> Narrowed(std::optional<std::set<std::string>> preset,
                                              std::optional<std::set<std::string>> listed) {
  if (!preset) return listed;
  if (!listed) return preset;
  std::set<std::string> both;
  std::set_intersection(preset->begin(), preset->end(), listed->begin(), listed->end(),
                        std::inserter(both, both.end()));
  return both;
}

std::optional<std::int64_t> Smaller(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  if (!a) return b;
  return b ? std::min(*a, *b) : a;
}

struct NarrowLimit {
  SqlPolicy& policy;
  const SqlOptions& options;

  void operator()(std::int64_t SqlLimits::*member) const {
    policy.sql.*member = std::min(policy.sql.*member, options.sql.*member);
  }
  void operator()(std::optional<std::int64_t> QueryLimits::*member) const {
    policy.query.*member = Smaller(policy.query.*member, options.query.*member);
  }
  template <typename Member>
  void operator()(Member) const {}
};

}  // namespace

Error LimitError(std::string_view subject, std::string_view message, const SqlPolicy& policy,
                 SqlPosition position) {
  const std::string setting = fmt::format("{}{}", kSqlPrefix, subject);
  for (const PolicyField& field : AllPolicyFields()) {
    if (field.name != setting) continue;
    const std::string name = fmt::format("{} = {}", subject, FieldText(policy, field));
    Error error = Refuse({.violation = Violation::kLimit,
                          .sentence = "The SQL text passes a limit",
                          .name = name,
                          .position = position,
                          .setting = setting},
                         policy.name);
    return Error(error.kind(), fmt::format("{} {}", error.message(), message),
                 PolicyViolation{"limit", std::string(subject), position, setting});
  }
  return Refuse({.violation = Violation::kLimit,
                 .sentence = "The SQL text passes a limit of the engine",
                 .name = message,
                 .position = position},
                policy.name);
}

Status CheckNarrower(const SqlPolicy& session, const SqlPolicy& requested) {
  for (const PolicyField& field : AllPolicyFields()) {
    if (!std::visit(IsWider{session, requested, field.role}, field.member)) continue;
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("A statement's policy may only narrow the session's: {} = {}, where "
                             "the session's policy '{}' has {}. Change {} of one of the two.",
                             field.name, FieldText(requested, field), session.name,
                             FieldText(session, field), field.name));
  }
  return {};
}

Result<SqlPolicy> PolicyFor(const SqlOptions& options) {
  LG_ASSIGN_OR_RETURN(SqlPolicy policy, SqlPolicy::Preset(options.policy));
  policy.relations = Narrowed(policy.relations, SetOf(options.allowed_relations));
  policy.functions = Narrowed(policy.functions, SetOf(options.allowed_functions));
  // These two lists open what a preset closes by default: the profile's author may.
  if (options.allowed_table_functions) {
    policy.table_functions = SetOf(options.allowed_table_functions);
  }
  if (options.allowed_settings) {
    policy.settings = {options.allowed_settings->begin(), options.allowed_settings->end()};
  }
  for (const PolicyField& field : AllPolicyFields()) {
    std::visit(NarrowLimit{policy, options}, field.member);
  }
  LG_RETURN_IF_ERROR(policy.Validate());
  return policy;
}

}  // namespace lakegate::guard
