#include "guard/facts.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>

namespace lakegate::guard {
namespace {

using nlohmann::json;

constexpr const char* kText = R"({
  "bytes": 120, "tokens": 31, "nesting": 2,
  "statements": [{
    "kind": "query", "class": "query", "line": 1, "column": 1,
    "explain": {"analyze": true},
    "relations": [{"name": ["calls"], "role": "read", "alias_of_cte": false, "at": "", "line": 1, "column": 15},
                  {"name": ["out"], "role": "create", "alias_of_cte": true, "at": "VERSION AS OF 3", "line": 2, "column": 3}],
    "functions": [{"name": "count", "line": 1, "column": 8}],
    "table_functions": [{"name": "generate_series", "arguments": ["a", null], "line": 1, "column": 40}],
    "placeholders": [{"name": "$1", "line": 1, "column": 60}],
    "settings": [{"name": "datafusion.execution.batch_size", "line": 1, "column": 5}],
    "locations": [{"text": "/tmp/x.csv", "line": 1, "column": 9}],
    "named_arguments": true,
    "nested": [{"kind": "delete", "class": "dml", "line": 1, "column": 20}],
    "ignored_clauses": [{"name": "TABLESAMPLE", "line": 1, "column": 30}],
    "ast": {"depth": 7, "nodes": 30, "joins": 1, "subquery_depth": 2, "with_depth": 3, "longest_chain": 4, "longest_in_list": 5, "expanded_nodes": 50}
  }]
})";

constexpr const char* kPlan = R"({
  "nodes": [{"kind": "Projection"}, {"kind": "TableScan", "table": "calls", "provider": "listing"}],
  "functions": [{"name": "now", "kind": "scalar", "volatility": "stable"}],
  "node_count": 2
})";

TEST(GuardFacts, ReadsEveryField) {
  const auto facts = FactsFromJson(kText);
  ASSERT_TRUE(facts) << facts.error().ToString();
  EXPECT_EQ(facts->bytes, 120);
  EXPECT_EQ(facts->tokens, 31);
  EXPECT_EQ(facts->nesting, 2);
  ASSERT_EQ(facts->statements.size(), 1u);
  const StatementFacts& statement = facts->statements[0];
  EXPECT_EQ(statement.kind, "query");
  EXPECT_EQ(statement.statement_class, StatementClass::kQuery);
  EXPECT_EQ(statement.position, (SqlPosition{1, 1}));
  EXPECT_EQ(statement.explain, ExplainFact{true});
  ASSERT_EQ(statement.relations.size(), 2u);
  EXPECT_EQ(
      statement.relations[1],
      (RelationFact{{"out"}, RelationRole::kCreate, true, "VERSION AS OF 3", SqlPosition{2, 3}}));
  EXPECT_EQ(statement.functions[0], (NamedFact{"count", {1, 8}}));
  EXPECT_EQ(statement.table_functions[0],
            (TableFunctionFact{"generate_series", {"a", std::nullopt}, {1, 40}}));
  EXPECT_EQ(statement.placeholders[0], (NamedFact{"$1", {1, 60}}));
  EXPECT_EQ(statement.settings[0], (NamedFact{"datafusion.execution.batch_size", {1, 5}}));
  EXPECT_EQ(statement.locations[0], (NamedFact{"/tmp/x.csv", {1, 9}}));
  EXPECT_TRUE(statement.named_arguments);
  EXPECT_EQ(statement.nested[0], (NestedFact{"delete", StatementClass::kDml, {1, 20}}));
  EXPECT_EQ(statement.ignored_clauses[0], (NamedFact{"TABLESAMPLE", {1, 30}}));
  EXPECT_EQ(statement.ast, (AstSize{7, 30, 1, 2, 3, 4, 5, 50}));
  EXPECT_EQ(statement.RelationNames(RelationRole::kRead), std::set<std::string>{"calls"});
}

TEST(GuardFacts, AStatementWithoutExplainHasNone) {
  json text = json::parse(kText);
  text["statements"][0].erase("explain");
  const auto facts = FactsFromJson(text.dump());
  ASSERT_TRUE(facts) << facts.error().ToString();
  EXPECT_FALSE(facts->statements[0].explain.has_value());
}

struct Damage {
  const char* name;
  std::function<void(json&)> apply;
  const char* message_part;
};

TEST(GuardFacts, RefusesWhatItDoesNotKnow) {
  const Damage cases[] = {
      {"unknown field of the text", [](json& f) { f["dialect"] = "x"; }, "facts.dialect"},
      {"missing statements", [](json& f) { f.erase("statements"); }, "facts.statements is missing"},
      {"statements is an object", [](json& f) { f["statements"] = json::object(); },
       "not an array"},
      {"negative bytes", [](json& f) { f["bytes"] = -1; }, "facts.bytes"},
      {"fractional bytes", [](json& f) { f["bytes"] = 1.5; }, "facts.bytes"},
      {"huge bytes", [](json& f) { f["bytes"] = UINT64_MAX; }, "facts.bytes"},
      {"unknown field of a statement", [](json& f) { f["statements"][0]["danger"] = true; },
       "facts.statements[0].danger"},
      {"unknown class", [](json& f) { f["statements"][0]["class"] = "magic"; },
       "facts.statements[0].class"},
      {"class is a number", [](json& f) { f["statements"][0]["class"] = 1; },
       "facts.statements[0].class"},
      {"no kind", [](json& f) { f["statements"][0]["kind"] = ""; }, "has no kind"},
      {"explain is null", [](json& f) { f["statements"][0]["explain"] = nullptr; }, "explain"},
      {"explain without analyze", [](json& f) { f["statements"][0]["explain"] = json::object(); },
       "analyze is missing"},
      {"unknown role", [](json& f) { f["statements"][0]["relations"][0]["role"] = "peek"; },
       "relations[0].role"},
      {"relation without a name",
       [](json& f) { f["statements"][0]["relations"][0]["name"] = json::array(); }, "has no name"},
      {"relation name as text",
       [](json& f) { f["statements"][0]["relations"][0]["name"] = "calls"; }, "not an array"},
      {"relation name of numbers",
       [](json& f) { f["statements"][0]["relations"][0]["name"] = {1}; }, "not a string"},
      {"location under another key",
       [](json& f) {
         f["statements"][0]["locations"][0] = {{"path", "/x"}, {"line", 1}, {"column", 1}};
       },
       "text is missing"},
      {"flag as a number", [](json& f) { f["statements"][0]["named_arguments"] = 0; },
       "named_arguments"},
      {"no nested list", [](json& f) { f["statements"][0].erase("nested"); }, "nested is missing"},
      {"no ignored clauses", [](json& f) { f["statements"][0].erase("ignored_clauses"); },
       "ignored_clauses is missing"},
      {"unknown size", [](json& f) { f["statements"][0]["ast"]["lambdas"] = 3; }, "ast.lambdas"},
  };
  for (const Damage& damage : cases) {
    json text = json::parse(kText);
    damage.apply(text);
    const auto facts = FactsFromJson(text.dump());
    ASSERT_FALSE(facts) << damage.name;
    EXPECT_EQ(facts.error().kind(), ErrorKind::kInternal) << damage.name;
    EXPECT_NE(facts.error().message().find(damage.message_part), std::string::npos)
        << damage.name << ": " << facts.error().message();
  }
}

TEST(GuardFacts, RefusesTextThatIsNotJson) {
  for (const char* text : {"", "{", "[]", "null", "1", "{\"bytes\":1", "\xff"}) {
    const auto facts = FactsFromJson(text);
    ASSERT_FALSE(facts) << text;
    EXPECT_EQ(facts.error().kind(), ErrorKind::kInternal);
    const auto plan = PlanFactsFromJson(text);
    ASSERT_FALSE(plan) << text;
    EXPECT_EQ(plan.error().kind(), ErrorKind::kInternal);
  }
}

TEST(GuardFacts, DeepJsonIsNoStackOverflow) {
  const auto facts = FactsFromJson(std::string(200'000, '['));
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().kind(), ErrorKind::kInternal);
}

TEST(GuardPlanFacts, ReadsNodesAndFunctions) {
  const auto plan = PlanFactsFromJson(kPlan);
  ASSERT_TRUE(plan) << plan.error().ToString();
  EXPECT_EQ(plan->node_count, 2);
  ASSERT_EQ(plan->nodes.size(), 2u);
  EXPECT_EQ(plan->nodes[0], (PlanNodeFact{"Projection", "", ""}));
  EXPECT_EQ(plan->nodes[1], (PlanNodeFact{"TableScan", "calls", "listing"}));
  ASSERT_EQ(plan->functions.size(), 1u);
  EXPECT_EQ(plan->functions[0], (PlanFunctionFact{"now", "scalar", "stable"}));
}

TEST(GuardPlanFacts, RefusesWhatItDoesNotKnow) {
  const Damage cases[] = {
      {"node without kind", [](json& f) { f["nodes"][0].erase("kind"); }, "kind is missing"},
      {"unknown field of a node", [](json& f) { f["nodes"][0]["x"] = 1; }, "nodes[0].x"},
      {"function without volatility", [](json& f) { f["functions"][0].erase("volatility"); },
       "volatility is missing"},
      {"no count", [](json& f) { f.erase("node_count"); }, "node_count is missing"},
      {"unknown field of the plan", [](json& f) { f["subplans"] = json::array(); }, "subplans"},
  };
  for (const Damage& damage : cases) {
    json text = json::parse(kPlan);
    damage.apply(text);
    const auto plan = PlanFactsFromJson(text.dump());
    ASSERT_FALSE(plan) << damage.name;
    EXPECT_EQ(plan.error().kind(), ErrorKind::kInternal) << damage.name;
    EXPECT_NE(plan.error().message().find(damage.message_part), std::string::npos)
        << damage.name << ": " << plan.error().message();
  }
}

}  // namespace
}  // namespace lakegate::guard
