#include "session/judged_text.h"

#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "base/try.h"
#include "engine/sql_text.h"
#include "guard/limits.h"
#include "guard/verdict.h"
#include "session/kernel_functions.h"

namespace lakegate::session {
namespace {

std::vector<std::string> Names(const std::vector<guard::NamedFact>& facts) {
  std::set<std::string> names;
  for (const guard::NamedFact& fact : facts) names.insert(fact.name);
  return {names.begin(), names.end()};
}

// "$name" and "$1" as callers name them.
std::string WithoutDollar(const std::string& placeholder) {
  return placeholder.starts_with('$') ? placeholder.substr(1) : placeholder;
}

Status JudgeCheck(const Check& check, const SqlPolicy& policy) {
  const auto problem = [&check](std::string_view why) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("The check '{}' is no condition on a row: {} Expression: {}",
                             check.name, why, check.expression));
  };
  const auto judge = [&](const std::string& sql) -> Result<guard::StatementFacts> {
    auto judged = JudgeStatement(sql, policy);
    if (judged) return judged;
    if (judged.error().kind() == ErrorKind::kInvalidArgument) {
      return problem("it holds several statements.");
    }
    return judged.error().WithContext(fmt::format("Check '{}'", check.name));
  };
  // The line break keeps a comment at the end from swallowing the bracket.
  LG_ASSIGN_OR_RETURN(const guard::StatementFacts facts,
                      judge(fmt::format("SELECT ({}\n)", check.expression)));
  if (facts.kind != "query" || facts.explain || !facts.nested.empty()) {
    return problem("it is more than an expression.");
  }
  if (!facts.relations.empty() || !facts.locations.empty() || !facts.table_functions.empty() ||
      facts.ast.subquery_depth > 0) {
    return problem("it reads other rows; a check sees the columns of one row.");
  }
  if (!facts.placeholders.empty()) return problem("it has a placeholder.");
  // Without the brackets too: "a) OR (b" would be an expression of its surroundings' making.
  if (auto alone = judge("SELECT " + check.expression); !alone) return std::move(alone).error();
  return {};
}

// A cap that a statement's policy leaves open is the session's.
QueryLimits CapsOf(QueryLimits requested, const QueryLimits& session) {
  for (const auto member :
       {&QueryLimits::result_rows, &QueryLimits::result_bytes, &QueryLimits::plan_time_ms,
        &QueryLimits::run_time_ms, &QueryLimits::plan_nodes, &QueryLimits::scan_bytes,
        &QueryLimits::scan_files, &QueryLimits::scan_rows}) {
    if (!(requested.*member)) requested.*member = session.*member;
  }
  return requested;
}

}  // namespace

Result<SqlPolicy> PolicyInForce(const Profile& profile, const QueryOptions& options) {
  LG_ASSIGN_OR_RETURN(const SqlOptions sql_options, profile.EffectiveSqlOptions());
  LG_ASSIGN_OR_RETURN(SqlPolicy policy, guard::PolicyFor(sql_options));
  if (!options.policy) return policy;
  LG_RETURN_IF_ERROR(options.policy->Validate());
  SqlPolicy requested = *options.policy;
  requested.query = CapsOf(requested.query, policy.query);
  LG_RETURN_IF_ERROR(guard::CheckNarrower(policy, requested));
  return requested;
}

Result<guard::TextFacts> FactsOfText(std::string_view sql, const SqlPolicy& policy) {
  auto read = engine::SqlFacts(sql, policy.sql);
  if (!read) {
    // The bridge knows a limit's name; whose it is and what sets it, the guard.
    const auto* passed = std::get_if<PolicyViolation>(&read.error().detail());
    if (passed == nullptr) return read.error();
    // "...: LIMIT is FOUND and may be MOST"
    const std::string& said = read.error().message();
    const auto colon = said.find(": ");
    const std::string found = colon == std::string::npos ? said : said.substr(colon + 2);
    return guard::LimitError(passed->name, fmt::format("Its {}.", found), policy, passed->position);
  }
  const std::string json = *std::move(read);
  LG_ASSIGN_OR_RETURN(guard::TextFacts facts, guard::FactsFromJson(json));
  for (guard::StatementFacts& statement : facts.statements) {
    LG_RETURN_IF_ERROR(AddKernelRelations(&statement));
  }
  return facts;
}

Result<guard::TextFacts> JudgeText(std::string_view sql, const SqlPolicy& policy) {
  LG_ASSIGN_OR_RETURN(guard::TextFacts facts, FactsOfText(sql, policy));
  LG_RETURN_IF_ERROR(guard::Judge(facts, policy));
  return facts;
}

Result<guard::StatementFacts> JudgeStatement(std::string_view sql, const SqlPolicy& policy) {
  LG_ASSIGN_OR_RETURN(guard::TextFacts facts, JudgeText(sql, policy));
  if (facts.statements.size() != 1) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("One statement at a time: the text holds {}. Split it first.",
                             facts.statements.size()));
  }
  return std::move(facts.statements.front());
}

Result<guard::StatementFacts> JudgeView(std::string_view name, std::string_view sql,
                                        const SqlPolicy& policy) {
  auto judged = JudgeStatement(sql, policy);
  if (!judged) return judged.error().WithContext(fmt::format("View '{}'", name));
  if (judged->statement_class != guard::StatementClass::kQuery || judged->explain) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("A view is a query: '{}' holds a statement of kind {}.", name,
                             judged->explain ? "explain" : judged->kind));
  }
  if (!judged->placeholders.empty()) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("A view has no parameters: '{}' names {}.", name,
                             base::ListNames(Names(judged->placeholders))));
  }
  return judged;
}

Status JudgeChecks(const std::vector<Check>& checks, const SqlPolicy& policy) {
  for (const Check& check : checks) LG_RETURN_IF_ERROR(JudgeCheck(check, policy));
  return {};
}

Status CheckParameters(const guard::StatementFacts& facts,
                       const std::map<std::string, ParameterValue>& parameters) {
  std::vector<std::string> without_value;
  std::set<std::string> used;
  for (const std::string& placeholder : Names(facts.placeholders)) {
    if (placeholder == "?") {
      return Error(ErrorKind::kInvalidArgument,
                   "A placeholder needs a name or a number: write $name or $1 instead of '?'.");
    }
    used.insert(WithoutDollar(placeholder));
    if (!parameters.contains(WithoutDollar(placeholder))) without_value.push_back(placeholder);
  }
  std::vector<std::string> without_placeholder;
  for (const auto& [name, value] : parameters) {
    if (!used.contains(name)) without_placeholder.push_back(name);
  }
  if (without_value.empty() && without_placeholder.empty()) return {};
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("Placeholders and parameters do not match: without a value: {}; "
                           "without a placeholder: {}.",
                           base::ListNames(without_value), base::ListNames(without_placeholder)));
}

}  // namespace lakegate::session

namespace lakegate {
namespace {

Judgement::Statement StatementOf(const guard::StatementFacts& facts) {
  Judgement::Statement statement;
  statement.kind = facts.explain ? "explain" : facts.kind;
  std::set<std::string> relations;
  for (const guard::RelationFact& relation : facts.relations) relations.insert(relation.Text());
  statement.relations.assign(relations.begin(), relations.end());
  statement.functions = session::Names(facts.functions);
  statement.placeholders = session::Names(facts.placeholders);
  return statement;
}

}  // namespace

Result<Judgement> Session::Judge(std::string_view text, const Profile& profile,
                                 const QueryOptions& options) {
  LG_ASSIGN_OR_RETURN(const SqlPolicy policy, session::PolicyInForce(profile, options));
  LG_ASSIGN_OR_RETURN(const guard::TextFacts facts, session::FactsOfText(text, policy));
  Judgement judgement;
  judgement.policy = policy.name;
  for (const guard::StatementFacts& statement : facts.statements) {
    judgement.statements.push_back(StatementOf(statement));
  }
  if (auto verdict = guard::Judge(facts, policy); !verdict) judgement.refusal = verdict.error();
  judgement.text = guard::VerdictText(facts, policy);
  return judgement;
}

}  // namespace lakegate
