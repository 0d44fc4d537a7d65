#include <gtest/gtest.h>

#include "guard/verdict.h"

namespace lakegate::guard {
namespace {

SqlPolicy Preset(std::string_view name) { return SqlPolicy::Preset(name).value(); }

PlanFacts PlanOf(std::vector<PlanNodeFact> nodes) {
  PlanFacts plan;
  plan.nodes = std::move(nodes);
  plan.node_count = static_cast<std::int64_t>(plan.nodes.size());
  return plan;
}

PlanFacts Scan(std::string table, std::string provider) {
  return PlanOf({{"Projection", "", ""}, {"TableScan", std::move(table), std::move(provider)}});
}

TEST(GuardPlanVerdict, AllowsReadingResolvedRelations) {
  for (const char* provider : {"listing", "delta", "stream"}) {
    EXPECT_TRUE(JudgePlan(Scan("calls", provider), Preset("read_only"), {"calls"})) << provider;
  }
  EXPECT_TRUE(JudgePlan(PlanOf({{"RecursiveQuery", "", ""}, {"TableScan", "s", "work_table"}}),
                        Preset("read_only"), {}));
  EXPECT_TRUE(
      JudgePlan(PlanOf({{"Values", "", ""}, {"Explain", "", ""}}), Preset("read_only"), {}));
}

struct PlanCase {
  const char* name;
  PlanFacts plan;
  SqlPolicy policy;
  const char* violation;
  const char* offender;
  const char* setting;
};

TEST(GuardPlanVerdict, DeniesNodesAndScans) {
  SqlPolicy denying = Preset("admin");
  denying.denied_relations = {"CALLS"};
  SqlPolicy small = Preset("read_only");
  small.query.plan_nodes = 1;
  SqlPolicy listed = Preset("read_only");
  listed.functions = {{"sum"}};
  PlanFacts volatile_call = PlanOf({{"Projection", "", ""}});
  volatile_call.functions = {{"random", "scalar", "volatile"}};
  PlanFacts undercounted = PlanOf({{"Projection", "", ""}, {"Filter", "", ""}});
  undercounted.node_count = 0;
  const PlanCase cases[] = {
      {"unnamed relation", Scan("secrets", "listing"), Preset("admin"), "relation", "secrets", ""},
      {"no table name", Scan("", "listing"), Preset("admin"), "relation", "", ""},
      {"unknown provider", Scan("calls", "postgres"), Preset("admin"), "relation",
       "calls (postgres)", ""},
      {"no provider", Scan("calls", ""), Preset("admin"), "relation", "calls ()", ""},
      {"denied through a view", Scan("calls", "delta"), denying, "relation", "calls",
       "denied_relations"},
      {"table function", Scan("generate_series()", "table_function"), Preset("read_only"),
       "table_function", "generate_series", "table_functions"},
      {"table function by its spelling", Scan("range()", "memory"), Preset("read_only"),
       "table_function", "range", "table_functions"},
      {"extension node", PlanOf({{"Extension", "", ""}}), Preset("admin"), "extension", "Extension",
       ""},
      {"a node of tomorrow", PlanOf({{"Projection", "", ""}, {"Pivot", "", ""}}), Preset("admin"),
       "extension", "Pivot", ""},
      {"dml", PlanOf({{"Dml", "", ""}}), Preset("read_only"), "dml", "Dml", "dml"},
      {"ddl", PlanOf({{"Ddl", "", ""}}), Preset("write"), "ddl", "Ddl", "ddl"},
      {"copy", PlanOf({{"Copy", "", ""}}), Preset("write"), "copy", "Copy", "copy"},
      {"statement", PlanOf({{"Statement", "", ""}}), Preset("write"), "statement", "Statement",
       "statements"},
      {"analyze", PlanOf({{"Analyze", "", ""}}), Preset("read_only"), "statement",
       "explain_analyze", "statements"},
      {"explain", PlanOf({{"Explain", "", ""}}), Preset("service"), "statement", "explain",
       "statements"},
      {"function implied by syntax", volatile_call, listed, "function", "random", "functions"},
      {"too many nodes", PlanOf({{"Projection", "", ""}, {"Filter", "", ""}}), small, "limit",
       "2 of 1", "query.plan_nodes"},
      {"nodes are counted here too", undercounted, small, "limit", "2 of 1", "query.plan_nodes"},
  };
  for (const PlanCase& each : cases) {
    const Status verdict = JudgePlan(each.plan, each.policy, {"calls"});
    ASSERT_FALSE(verdict) << each.name;
    EXPECT_EQ(verdict.error().kind(), ErrorKind::kSqlPolicyViolation) << each.name;
    const auto* found = std::get_if<PolicyViolation>(&verdict.error().detail());
    ASSERT_NE(found, nullptr) << each.name;
    EXPECT_EQ(found->violation, each.violation) << each.name;
    EXPECT_EQ(found->name, each.offender) << each.name;
    EXPECT_EQ(found->setting, each.setting) << each.name;
  }
}

TEST(GuardPlanVerdict, AllowsStatementsWhereTheTextMayHoldOne) {
  EXPECT_TRUE(JudgePlan(PlanOf({{"Statement", "", ""}}), Preset("admin"), {}));
  EXPECT_TRUE(JudgePlan(PlanOf({{"Dml", "", ""}}), Preset("write"), {}));
  EXPECT_TRUE(JudgePlan(PlanOf({{"Ddl", "", ""}, {"Copy", "", ""}, {"Analyze", "", ""}}),
                        Preset("admin"), {}));
}

}  // namespace
}  // namespace lakegate::guard
