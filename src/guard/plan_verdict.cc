#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/try.h"
#include "guard/limits.h"
#include "guard/names.h"
#include "guard/refusal.h"
#include "guard/verdict.h"

namespace lakegate::guard {
namespace {

enum class NodeRule { kAllowed, kScan, kDml, kDdl, kCopy, kExplain, kAnalyze, kDescribe };

struct NodeRow {
  std::string_view kind;
  NodeRule rule;
};

// The logical nodes this build knows, in the bridge's words. Anything else, extension nodes
// above all, is refused. `dml:…` and `ddl:…` say which one it is.
constexpr NodeRow kNodes[] = {
    {"aggregate", NodeRule::kAllowed},
    {"analyze", NodeRule::kAnalyze},
    {"copy", NodeRule::kCopy},
    {"ddl", NodeRule::kDdl},
    {"describe_table", NodeRule::kDescribe},
    {"distinct", NodeRule::kAllowed},
    {"dml", NodeRule::kDml},
    {"empty_relation", NodeRule::kAllowed},
    {"explain", NodeRule::kExplain},
    {"filter", NodeRule::kAllowed},
    {"join", NodeRule::kAllowed},
    {"limit", NodeRule::kAllowed},
    {"projection", NodeRule::kAllowed},
    {"recursive_query", NodeRule::kAllowed},
    {"repartition", NodeRule::kAllowed},
    {"sort", NodeRule::kAllowed},
    {"subquery", NodeRule::kAllowed},
    {"subquery_alias", NodeRule::kAllowed},
    {"table_scan", NodeRule::kScan},
    {"union", NodeRule::kAllowed},
    {"unnest", NodeRule::kAllowed},
    {"values", NodeRule::kAllowed},
    {"window", NodeRule::kAllowed},
};

// Nodes `statement:…` by the engine's name, and the policy's word for each.
constexpr std::pair<std::string_view, std::string_view> kStatements[] = {
    {"statement:Deallocate", "deallocate"},   {"statement:Execute", "execute"},
    {"statement:Prepare", "prepare"},         {"statement:ResetVariable", "reset"},
    {"statement:SetVariable", "set"},         {"statement:TransactionEnd", "commit"},
    {"statement:TransactionEnd", "rollback"}, {"statement:TransactionStart", "begin"},
};

// Who may provide the rows of a scan: the bridge's own readers.
constexpr std::string_view kProviders[] = {"DeltaReader", "ListingTable", "StreamingTable",
                                           "ViewTable"};
// What the bridge calls a CSV file under its own view, inlined into the scan of a dataset. SQL
// reaches it through that dataset alone: no session registers the name for it.
constexpr std::string_view kInlinedTable = "csv";
constexpr std::string_view kInlinedProvider = "ListingTable";
// The table a recursive query reads its own rows from.
constexpr std::string_view kWorkTable = "CteWorkTable";
// A scan of a table function is named after it.
constexpr std::string_view kTableFunctionMark = "()";

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
    const std::string_view kind = node.kind;
    if (kind.starts_with("statement:")) return CheckStatement(kind);
    const std::string_view word =
        kind.starts_with("dml:") || kind.starts_with("ddl:") ? kind.substr(0, 3) : kind;
    for (const NodeRow& row : kNodes) {
      if (row.kind == word) return CheckRule(row.rule, node);
    }
    return Deny(Violation::kExtension, "This build cannot judge a plan node of this kind", kind,
                "");
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

  // One word of the policy is enough: the plan has one name for COMMIT and ROLLBACK.
  Status CheckStatement(std::string_view kind) const {
    std::string_view word = kind;
    for (const auto& [name, each] : kStatements) {
      if (name != kind) continue;
      if (policy_.statements.contains(std::string(each))) return {};
      word = each;
    }
    return CheckWord(word);
  }

  Status CheckScan(const PlanNodeFact& node) const {
    if (node.provider == kWorkTable) return {};
    std::string_view table = node.table;
    if (table.ends_with(kTableFunctionMark)) {
      table.remove_suffix(kTableFunctionMark.size());
      return names_.TableFunction(table, {});
    }
    if (std::find(std::begin(kProviders), std::end(kProviders), node.provider) ==
        std::end(kProviders)) {
      return Deny(Violation::kRelation, "This build cannot judge a table of this provider",
                  fmt::format("{} ({})", table, node.provider), "");
    }
    LG_RETURN_IF_ERROR(names_.DeniedRelation(table, {}));
    if (resolved_.contains(node.table)) return {};
    if (node.table == kInlinedTable && node.provider == kInlinedProvider) return {};
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
