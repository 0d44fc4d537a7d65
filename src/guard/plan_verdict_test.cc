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
  return PlanOf({{"projection", "", ""}, {"table_scan", std::move(table), std::move(provider)}});
}

TEST(GuardPlanVerdict, AllowsReadingResolvedRelations) {
  for (const char* provider : {"ListingTable", "DeltaReader", "StreamingTable"}) {
    EXPECT_TRUE(JudgePlan(Scan("calls", provider), Preset("read_only"), {"calls"})) << provider;
  }
  EXPECT_TRUE(JudgePlan(PlanOf({{"recursive_query", "", ""}, {"table_scan", "s", "CteWorkTable"}}),
                        Preset("read_only"), {}));
  EXPECT_TRUE(
      JudgePlan(PlanOf({{"values", "", ""}, {"explain", "", ""}}), Preset("read_only"), {}));
}

TEST(GuardPlanVerdict, TheBridgesOwnViewOfACsvFileIsNoOtherRelation) {
  EXPECT_TRUE(JudgePlan(Scan("csv", "ListingTable"), Preset("read_only"), {"calls"}));
  const Status other = JudgePlan(Scan("csv", "DeltaReader"), Preset("admin"), {"calls"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind(), ErrorKind::kSqlPolicyViolation);
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
  PlanFacts volatile_call = PlanOf({{"projection", "", ""}});
  volatile_call.functions = {{"random", "scalar", "volatile"}};
  PlanFacts undercounted = PlanOf({{"projection", "", ""}, {"filter", "", ""}});
  undercounted.node_count = 0;
  const PlanCase cases[] = {
      {"unnamed relation", Scan("secrets", "ListingTable"), Preset("admin"), "relation", "secrets",
       ""},
      {"no table name", Scan("", "ListingTable"), Preset("admin"), "relation", "", ""},
      {"unknown provider", Scan("calls", "postgres"), Preset("admin"), "relation",
       "calls (postgres)", ""},
      {"no provider", Scan("calls", ""), Preset("admin"), "relation", "calls ()", ""},
      {"denied through a view", Scan("calls", "DeltaReader"), denying, "relation", "calls",
       "denied_relations"},
      {"table function", Scan("generate_series()", "GenerateSeriesTable"), Preset("read_only"),
       "table_function", "generate_series", "table_functions"},
      {"table function by its spelling", Scan("range()", "ListingTable"), Preset("read_only"),
       "table_function", "range", "table_functions"},
      {"extension node", PlanOf({{"extension:Custom", "", ""}}), Preset("admin"), "extension",
       "extension:Custom", ""},
      {"a node of tomorrow", PlanOf({{"projection", "", ""}, {"Pivot", "", ""}}), Preset("admin"),
       "extension", "Pivot", ""},
      {"dml", PlanOf({{"dml:Insert Into", "out", ""}}), Preset("read_only"), "dml",
       "dml:Insert Into", "dml"},
      {"ddl", PlanOf({{"ddl:CreateView", "", ""}}), Preset("write"), "ddl", "ddl:CreateView",
       "ddl"},
      {"copy", PlanOf({{"copy", "", ""}}), Preset("write"), "copy", "copy", "copy"},
      {"set", PlanOf({{"statement:SetVariable", "", ""}}), Preset("write"), "statement", "set",
       "statements"},
      {"execute", PlanOf({{"statement:Execute", "", ""}}), Preset("read_only"), "statement",
       "execute", "statements"},
      {"a statement of tomorrow", PlanOf({{"statement:Teleport", "", ""}}), Preset("admin"),
       "statement", "statement:Teleport", "statements"},
      {"a kind that only begins like an allowed one", PlanOf({{"projection:X", "", ""}}),
       Preset("admin"), "extension", "projection:X", ""},
      {"analyze", PlanOf({{"analyze", "", ""}}), Preset("read_only"), "statement",
       "explain_analyze", "statements"},
      {"explain", PlanOf({{"explain", "", ""}}), Preset("service"), "statement", "explain",
       "statements"},
      {"function implied by syntax", volatile_call, listed, "function", "random", "functions"},
      {"too many nodes", PlanOf({{"projection", "", ""}, {"filter", "", ""}}), small, "limit",
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
  EXPECT_TRUE(JudgePlan(PlanOf({{"statement:TransactionEnd", "", ""}}), Preset("admin"), {}));
  EXPECT_TRUE(JudgePlan(PlanOf({{"dml:Insert Into", "out", ""}}), Preset("write"), {}));
  EXPECT_TRUE(JudgePlan(PlanOf({{"ddl:DropTable", "", ""}, {"copy", "", ""}, {"analyze", "", ""}}),
                        Preset("admin"), {}));
}

TEST(ScanVerdict, RefusesMoreThanMayBeRead) {
  SqlPolicy policy;
  const ScanCost cost{.bytes = 1'000, .files = 3};
  EXPECT_TRUE(JudgeScan(cost, policy));
  policy.query.scan_bytes = 1'000;
  policy.query.scan_files = 3;
  EXPECT_TRUE(JudgeScan(cost, policy));
  policy.query.scan_bytes = 999;
  const Status bytes = JudgeScan(cost, policy);
  ASSERT_FALSE(bytes);
  const auto& detail = std::get<PolicyViolation>(bytes.error().detail());
  EXPECT_EQ(detail.violation, "limit");
  EXPECT_EQ(detail.name, "1000 of 999");
  EXPECT_EQ(detail.setting, "query.scan_bytes");
  policy.query.scan_files = 2;
  EXPECT_EQ(std::get<PolicyViolation>(JudgeScan(cost, policy).error().detail()).setting,
            "query.scan_files");
}

}  // namespace
}  // namespace lakegate::guard
