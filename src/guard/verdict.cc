#include "guard/verdict.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "base/try.h"
#include "guard/limits.h"
#include "guard/names.h"
#include "guard/refusal.h"

namespace lakegate::guard {
namespace {

// What a word is, whatever class the facts give it: the stricter of the two decides.
StatementClass ClassOfWord(std::string_view kind, StatementClass otherwise) {
  for (const std::string_view word : {"insert", "update", "delete", "merge", "truncate"}) {
    if (kind == word) return StatementClass::kDml;
  }
  for (const std::string_view prefix : {"create", "drop", "alter"}) {
    if (kind.starts_with(prefix)) return StatementClass::kDdl;
  }
  if (kind.starts_with("copy")) return StatementClass::kCopy;
  return otherwise;
}

class TextJudge {
 public:
  TextJudge(const TextFacts& facts, const SqlPolicy& policy) : facts_(facts), policy_(policy) {}

  Status Decide() const {
    LG_RETURN_IF_ERROR(CheckTextLimits());
    if (facts_.statements.empty()) {
      return Error(ErrorKind::kInvalidSql, "The text holds no SQL statement.");
    }
    if (facts_.statements.size() > 1 && !policy_.multi_statement) {
      return Deny({.violation = Violation::kMultiStatement,
                   .sentence = "The SQL policy allows one statement in a text",
                   .name = facts_.statements[1].kind,
                   .position = facts_.statements[1].position,
                   .setting = "multi_statement"});
    }
    for (const StatementFacts& statement : facts_.statements) {
      LG_RETURN_IF_ERROR(CheckStatement(statement));
    }
    return {};
  }

 private:
  Error Deny(const Refusal& refusal) const { return Refuse(refusal, policy_.name); }

  Status CheckLimit(std::string_view subject, std::int64_t found, std::int64_t limit,
                    SqlPosition position) const {
    if (found <= limit) return {};
    return LimitError(subject, fmt::format("The text has {}.", found), policy_, position);
  }

  Status CheckTextLimits() const {
    LG_RETURN_IF_ERROR(CheckLimit("max_bytes", facts_.bytes, policy_.sql.max_bytes, {}));
    LG_RETURN_IF_ERROR(CheckLimit("max_tokens", facts_.tokens, policy_.sql.max_tokens, {}));
    return CheckLimit("max_nesting", facts_.nesting, policy_.sql.max_nesting, {});
  }

  Status CheckTree(const StatementFacts& statement) const {
    const AstSize& ast = statement.ast;
    const SqlLimits& sql = policy_.sql;
    const SqlPosition at = statement.position;
    LG_RETURN_IF_ERROR(CheckLimit("max_ast_depth", ast.depth, sql.max_ast_depth, at));
    LG_RETURN_IF_ERROR(CheckLimit("max_ast_nodes", std::max(ast.nodes, ast.expanded_nodes),
                                  sql.max_ast_nodes, at));
    LG_RETURN_IF_ERROR(CheckLimit("max_chain", ast.longest_chain, sql.max_chain, at));
    LG_RETURN_IF_ERROR(CheckLimit("max_joins", ast.joins, sql.max_joins, at));
    LG_RETURN_IF_ERROR(CheckLimit("max_in_list", ast.longest_in_list, sql.max_in_list, at));
    LG_RETURN_IF_ERROR(
        CheckLimit("max_subquery_depth", ast.subquery_depth, sql.max_subquery_depth, at));
    return CheckLimit("max_with_depth", ast.with_depth, sql.max_with_depth, at);
  }

  Status CheckStatement(const StatementFacts& statement) const {
    LG_RETURN_IF_ERROR(CheckTree(statement));
    if (statement.explain) {
      LG_RETURN_IF_ERROR(CheckWord(statement.explain->analyze ? "explain_analyze" : "explain",
                                   statement.position));
    }
    LG_RETURN_IF_ERROR(CheckKind(statement.kind, statement.statement_class, statement.position));
    for (const NestedFact& nested : statement.nested) {
      LG_RETURN_IF_ERROR(CheckKind(nested.kind, nested.statement_class, nested.position));
    }
    for (const NamedFact& clause : statement.ignored_clauses) {
      return Deny({.violation = Violation::kStatement,
                   .sentence = "The engine would leave this clause out, so that the statement "
                               "would not mean what it says",
                   .name = clause.name,
                   .position = clause.position});
    }
    if (statement.named_arguments && !policy_.named_arguments) {
      return Deny({.violation = Violation::kNamedArgs,
                   .sentence = "The SQL policy allows no named arguments",
                   .name = "=>",
                   .position = statement.position,
                   .setting = "named_arguments"});
    }
    return CheckNames(statement);
  }

  Status CheckWord(std::string_view word, SqlPosition position) const {
    if (policy_.statements.contains(std::string(word))) return {};
    return Deny({.violation = Violation::kStatement,
                 .sentence = "The SQL policy does not allow this statement",
                 .name = word,
                 .position = position,
                 .setting = "statements"});
  }

  Status CheckKind(std::string_view kind, StatementClass given, SqlPosition position) const {
    if (kind.starts_with("other:")) {
      return Deny({.violation = Violation::kStatement,
                   .sentence = "This build cannot judge a statement of this kind",
                   .name = kind.substr(6),
                   .position = position});
    }
    for (const std::string_view word : {"create_extension", "drop_extension", "load", "install"}) {
      if (kind == word) {
        return Deny({.violation = Violation::kExtension,
                     .sentence = "SQL may not load extensions",
                     .name = kind,
                     .position = position});
      }
    }
    LG_RETURN_IF_ERROR(CheckClass(kind, given, position));
    return CheckClass(kind, ClassOfWord(kind, given), position);
  }

  Status CheckClass(std::string_view kind, StatementClass statement_class,
                    SqlPosition position) const {
    switch (statement_class) {
      case StatementClass::kQuery:
        if (kind == "query") return {};
        return CheckWord(kind, position);
      case StatementClass::kDml:
        if (policy_.dml) return {};
        return Deny({Violation::kDml, "The SQL policy allows no DML", kind, position, "dml"});
      case StatementClass::kDdl:
        if (policy_.ddl) return {};
        return Deny({Violation::kDdl, "The SQL policy allows no DDL", kind, position, "ddl"});
      case StatementClass::kCopy:
        if (policy_.copy) return {};
        return Deny({Violation::kCopy, "The SQL policy allows no COPY", kind, position, "copy"});
      case StatementClass::kStatement:
        return CheckWord(kind, position);
    }
    return CheckWord(kind, position);
  }

  Status CheckNames(const StatementFacts& statement) const {
    const NameJudge names(policy_);
    for (const RelationFact& relation : statement.relations) {
      LG_RETURN_IF_ERROR(CheckRole(relation));
      const bool is_location =
          std::any_of(statement.locations.begin(), statement.locations.end(),
                      [&](const NamedFact& location) { return location.name == relation.Text(); });
      LG_RETURN_IF_ERROR(is_location ? names.Path(relation.Text(), relation.position)
                                     : names.Relation(relation));
    }
    for (const NamedFact& location : statement.locations) {
      LG_RETURN_IF_ERROR(names.Path(location.name, location.position));
    }
    for (const NamedFact& function : statement.functions) {
      LG_RETURN_IF_ERROR(names.Function(function.name, function.position));
    }
    for (const TableFunctionFact& function : statement.table_functions) {
      LG_RETURN_IF_ERROR(names.TableFunction(function.name, function.position));
    }
    if (statement.kind == "show") return {};
    for (const NamedFact& setting : statement.settings) {
      LG_RETURN_IF_ERROR(names.Setting(setting.name, setting.position));
    }
    return {};
  }

  // A relation that is written or created needs its class, also where the statement's own
  // class would not ask for it.
  Status CheckRole(const RelationFact& relation) const {
    if (relation.role == RelationRole::kWrite && !policy_.dml && !policy_.ddl) {
      return Deny({Violation::kDml, "The SQL policy allows no DML", relation.Text(),
                   relation.position, "dml"});
    }
    if (relation.role == RelationRole::kCreate && !policy_.ddl) {
      return Deny({Violation::kDdl, "The SQL policy allows no DDL", relation.Text(),
                   relation.position, "ddl"});
    }
    return {};
  }

  const TextFacts& facts_;
  const SqlPolicy& policy_;
};

void AppendNames(std::string_view verb, std::vector<std::string> names, std::string* out) {
  if (names.empty()) return;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  *out += fmt::format("  {} {}\n", verb, base::ListNames(names));
}

template <typename Fact>
std::vector<std::string> NamesOf(const std::vector<Fact>& facts) {
  std::vector<std::string> names;
  names.reserve(facts.size());
  for (const Fact& fact : facts) names.push_back(fact.name);
  return names;
}

void AppendStatement(const StatementFacts& statement, std::string* out) {
  std::string_view explain = "";
  if (statement.explain) explain = statement.explain->analyze ? "explain analyze " : "explain ";
  *out += fmt::format("line {}, column {}: {}{} ({})\n", statement.position.line,
                      statement.position.column, explain, statement.kind,
                      StatementClassName(statement.statement_class));
  for (const NestedFact& nested : statement.nested) {
    *out +=
        fmt::format("  holds {} ({})\n", nested.kind, StatementClassName(nested.statement_class));
  }
  for (const auto& [verb, role] :
       {std::pair{"reads", RelationRole::kRead}, std::pair{"writes", RelationRole::kWrite},
        std::pair{"creates", RelationRole::kCreate}}) {
    const std::set<std::string> names = statement.RelationNames(role);
    AppendNames(verb, {names.begin(), names.end()}, out);
  }
  AppendNames("calls", NamesOf(statement.functions), out);
  AppendNames("calls table functions", NamesOf(statement.table_functions), out);
  AppendNames("names paths", NamesOf(statement.locations), out);
  AppendNames("names settings", NamesOf(statement.settings), out);
  AppendNames("takes parameters", NamesOf(statement.placeholders), out);
}

}  // namespace

Status Judge(const TextFacts& facts, const SqlPolicy& policy) {
  return TextJudge(facts, policy).Decide();
}

std::string VerdictText(const TextFacts& facts, const SqlPolicy& policy) {
  std::string text;
  for (const StatementFacts& statement : facts.statements) AppendStatement(statement, &text);
  const Status verdict = Judge(facts, policy);
  text += verdict ? fmt::format("Allowed by policy '{}'.\n", policy.name)
                  : fmt::format("Refused: {}\n", verdict.error().message());
  return text;
}

}  // namespace lakegate::guard
