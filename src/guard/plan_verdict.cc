#include <algorithm>

#include "base/text.h"
#include "base/try.h"
#include "guard/limits.h"
#include "guard/names.h"
#include "guard/refusal.h"
#include "guard/verdict.h"

#include <fmt/format.h>

namespace lakegate::guard {
namespace {

enum class NodeRule {
  kAllowed,
  kScan,
  kDml,
  kDdl,
  kCopy,
  kStatement,
  kExplain,
  kAnalyze,
  kDescribe
};

struct NodeRow {
  std::string_view kind;
  NodeRule rule;
};

// The logical nodes this build knows. Anything else, extension nodes above all, is refused.
constexpr NodeRow kNodes[] = {
    {"Aggregate", NodeRule::kAllowed},
    {"Analyze", NodeRule::kAnalyze},
    {"Copy", NodeRule::kCopy},
    {"Ddl", NodeRule::kDdl},
    {"DescribeTable", NodeRule::kDescribe},
    {"Distinct", NodeRule::kAllowed},
    {"Dml", NodeRule::kDml},
    {"EmptyRelation", NodeRule::kAllowed},
    {"Explain", NodeRule::kExplain},
    {"Filter", NodeRule::kAllowed},
    {"Join", NodeRule::kAllowed},
    {"Limit", NodeRule::kAllowed},
    {"Projection", NodeRule::kAllowed},
    {"RecursiveQuery", NodeRule::kAllowed},
    {"Repartition", NodeRule::kAllowed},
    {"Sort", NodeRule::kAllowed},
    {"Statement", NodeRule::kStatement},
    {"Subquery", NodeRule::kAllowed},
    {"SubqueryAlias", NodeRule::kAllowed},
    {"TableScan", NodeRule::kScan},
    {"Union", NodeRule::kAllowed},
    {"Unnest", NodeRule::kAllowed},
    {"Values", NodeRule::kAllowed},
    {"Window", NodeRule::kAllowed},
};

// Who may provide the rows of a scan.
constexpr std::string_view kProviders[] = {"arrow",  "csv",     "delta",  "listing", "memory",
                                           "ndjson", "parquet", "stream", "view"};
// The table a recursive query reads its own rows from.
constexpr std::string_view kWorkTable = "work_table";
constexpr std::string_view kTableFunction = "table_function";

class PlanJudge {
 public:
  PlanJudge(const PlanFacts& plan, const SqlPolicy& policy, const std::set<std::string>& resolved)
      : plan_(plan), policy_(policy), resolved_(resolved), names_(policy) {}

  Status Decide() const {
    LG_RETURN_IF_ERROR(CheckSize());
    for (const PlanNodeFact& node : plan_.nodes) LG_RETURN_IF_ERROR(CheckNode(node));
    for (const PlanFunctionFact& function : plan_.functions) {
      LG_RETURN_IF_ERROR(names_.Function(function.name, {}));
    }
    return {};
  }

 private:
  Error Deny(Violation violation, std::string_view sentence, std::string_view name,
             std::string_view setting) const {
    return Refuse({.violation = violation, .sentence = sentence, .name = name, .setting = setting},
                  policy_.name);
  }

  Status CheckSize() const {
    const std::int64_t nodes =
        std::max(plan_.node_count, static_cast<std::int64_t>(plan_.nodes.size()));
    if (!policy_.query.plan_nodes || nodes <= *policy_.query.plan_nodes) return {};
    return Deny(Violation::kLimit, "The expanded plan passes the limit of nodes",
                fmt::format("{} of {}", nodes, *policy_.query.plan_nodes), "query.plan_nodes");
  }

  Status CheckNode(const PlanNodeFact& node) const {
    for (const NodeRow& row : kNodes) {
      if (row.kind == node.kind) return CheckRule(row.rule, node);
    }
    return Deny(Violation::kExtension, "This build cannot judge a plan node of this kind",
                node.kind, "");
  }

  Status CheckRule(NodeRule rule, const PlanNodeFact& node) const {
    switch (rule) {
      case NodeRule::kAllowed:
        return {};
      case NodeRule::kScan:
        return CheckScan(node);
      case NodeRule::kDml:
        if (policy_.dml) return {};
        return Deny(Violation::kDml, "The SQL policy allows no DML", node.kind, "dml");
      case NodeRule::kDdl:
        if (policy_.ddl) return {};
        return Deny(Violation::kDdl, "The SQL policy allows no DDL", node.kind, "ddl");
      case NodeRule::kCopy:
        if (policy_.copy) return {};
        return Deny(Violation::kCopy, "The SQL policy allows no COPY", node.kind, "copy");
      case NodeRule::kStatement:
        return CheckStatement(node);
      case NodeRule::kExplain:
        return CheckWord("explain");
      case NodeRule::kAnalyze:
        return CheckWord("explain_analyze");
      case NodeRule::kDescribe:
        return CheckWord("describe");
    }
    return Deny(Violation::kExtension, "This build cannot judge a plan node of this kind",
                node.kind, "");
  }

  Status CheckWord(std::string_view word) const {
    if (policy_.statements.contains(std::string(word))) return {};
    return Deny(Violation::kStatement, "The SQL policy does not allow this statement", word,
                "statements");
  }

  // The plan does not say which statement it is; the text's verdict did. Here it only has to
  // be possible that one is.
  Status CheckStatement(const PlanNodeFact& node) const {
    for (const char* word :
         {"set", "reset", "prepare", "execute", "deallocate", "begin", "commit", "rollback"}) {
      if (policy_.statements.contains(word)) return {};
    }
    return Deny(Violation::kStatement, "The SQL policy does not allow this statement", node.kind,
                "statements");
  }

  Status CheckScan(const PlanNodeFact& node) const {
    if (node.provider == kWorkTable) return {};
    std::string_view table = node.table;
    if (node.provider == kTableFunction || table.ends_with("()")) {
      if (table.ends_with("()")) table.remove_suffix(2);
      return names_.TableFunction(table, {});
    }
    if (std::find(std::begin(kProviders), std::end(kProviders), node.provider) ==
        std::end(kProviders)) {
      return Deny(Violation::kRelation, "This build cannot judge a table of this provider",
                  fmt::format("{} ({})", table, node.provider), "");
    }
    LG_RETURN_IF_ERROR(names_.DeniedRelation(table, {}));
    if (resolved_.contains(node.table)) return {};
    return Deny(Violation::kRelation, "The plan reads a relation that the statement does not name",
                table, "");
  }

  const PlanFacts& plan_;
  const SqlPolicy& policy_;
  const std::set<std::string>& resolved_;
  const NameJudge names_;
};

}  // namespace

Status JudgePlan(const PlanFacts& plan, const SqlPolicy& policy,
                 const std::set<std::string>& resolved_relations) {
  return PlanJudge(plan, policy, resolved_relations).Decide();
}

}  // namespace lakegate::guard
