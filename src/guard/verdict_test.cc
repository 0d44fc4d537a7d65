#include "guard/verdict.h"

#include <gtest/gtest.h>

#include <functional>

namespace lakegate::guard {
namespace {

SqlPolicy Preset(std::string_view name) { return SqlPolicy::Preset(name).value(); }

TextFacts Statement(std::string kind, StatementClass statement_class) {
  StatementFacts statement;
  statement.kind = std::move(kind);
  statement.statement_class = statement_class;
  statement.position = {1, 1};
  TextFacts facts{.bytes = 40, .tokens = 10, .nesting = 1, .statements = {statement}};
  return facts;
}

TextFacts Query() {
  TextFacts facts = Statement("query", StatementClass::kQuery);
  facts.statements[0].relations = {{{"calls"}, RelationRole::kRead, false, "", {1, 15}}};
  facts.statements[0].functions = {{"count", {1, 8}}};
  return facts;
}

TextFacts QueryWith(const std::function<void(StatementFacts&)>& change) {
  TextFacts facts = Query();
  change(facts.statements[0]);
  return facts;
}

struct RefusalCase {
  const char* name;
  TextFacts facts;
  SqlPolicy policy;
  PolicyViolation expected;
};

void ExpectRefused(const RefusalCase& each) {
  const Status verdict = Judge(each.facts, each.policy);
  ASSERT_FALSE(verdict) << each.name;
  EXPECT_EQ(verdict.error().kind(), ErrorKind::kSqlPolicyViolation) << each.name;
  const auto* found = std::get_if<PolicyViolation>(&verdict.error().detail());
  ASSERT_NE(found, nullptr) << each.name;
  EXPECT_EQ(found->violation, each.expected.violation) << each.name;
  EXPECT_EQ(found->name, each.expected.name) << each.name;
  EXPECT_EQ(found->position, each.expected.position) << each.name;
  EXPECT_EQ(found->setting, each.expected.setting) << each.name;
  const std::string& message = verdict.error().message();
  EXPECT_NE(message.find(each.policy.name), std::string::npos) << message;
  if (found->setting.empty()) {
    EXPECT_NE(message.find("No policy setting allows it."), std::string::npos) << message;
  } else {
    EXPECT_NE(message.find(found->setting), std::string::npos) << message;
  }
}

SqlPolicy ReadOnlyWith(const std::function<void(SqlPolicy&)>& change) {
  SqlPolicy policy = Preset("read_only");
  change(policy);
  return policy;
}

TEST(GuardVerdict, AllowsQueriesUnderEveryPreset) {
  for (const char* preset : {"read_only", "service", "write", "admin"}) {
    EXPECT_TRUE(Judge(Query(), Preset(preset))) << preset;
  }
}

TEST(GuardVerdict, DeniesStatementClassesByPreset) {
  const RefusalCase cases[] = {
      {"insert",
       Statement("insert", StatementClass::kDml),
       Preset("read_only"),
       {"dml", "insert", {1, 1}, "dml"}},
      {"delete as a service",
       Statement("delete", StatementClass::kDml),
       Preset("service"),
       {"dml", "delete", {1, 1}, "dml"}},
      {"truncate",
       Statement("truncate", StatementClass::kDml),
       Preset("read_only"),
       {"dml", "truncate", {1, 1}, "dml"}},
      {"create table",
       Statement("create_table", StatementClass::kDdl),
       Preset("read_only"),
       {"ddl", "create_table", {1, 1}, "ddl"}},
      {"drop under write",
       Statement("drop", StatementClass::kDdl),
       Preset("write"),
       {"ddl", "drop", {1, 1}, "ddl"}},
      {"copy under write",
       Statement("copy_to", StatementClass::kCopy),
       Preset("write"),
       {"copy", "copy_to", {1, 1}, "copy"}},
      {"set",
       Statement("set", StatementClass::kStatement),
       Preset("read_only"),
       {"statement", "set", {1, 1}, "statements"}},
      {"show",
       Statement("show", StatementClass::kStatement),
       Preset("read_only"),
       {"statement", "show", {1, 1}, "statements"}},
      {"prepare",
       Statement("prepare", StatementClass::kStatement),
       Preset("write"),
       {"statement", "prepare", {1, 1}, "statements"}},
      {"execute",
       Statement("execute", StatementClass::kStatement),
       Preset("service"),
       {"statement", "execute", {1, 1}, "statements"}},
      {"unknown under admin",
       Statement("other:Kill", StatementClass::kStatement),
       Preset("admin"),
       {"statement", "Kill", {1, 1}, ""}},
      {"unknown that claims to be a query",
       Statement("other:Pivot", StatementClass::kQuery),
       Preset("admin"),
       {"statement", "Pivot", {1, 1}, ""}},
      {"another word in class query",
       Statement("list_files", StatementClass::kQuery),
       Preset("admin"),
       {"statement", "list_files", {1, 1}, "statements"}},
      {"delete that claims to be a query",
       Statement("delete", StatementClass::kQuery),
       Preset("read_only"),
       {"statement", "delete", {1, 1}, "statements"}},
      {"delete in the wrong class",
       Statement("delete", StatementClass::kStatement),
       ReadOnlyWith([](SqlPolicy& p) { p.statements.insert("delete"); }),
       {"dml", "delete", {1, 1}, "dml"}},
      {"extension under admin",
       Statement("create_extension", StatementClass::kDdl),
       Preset("admin"),
       {"extension", "create_extension", {1, 1}, ""}},
      {"load under admin",
       Statement("load", StatementClass::kStatement),
       Preset("admin"),
       {"extension", "load", {1, 1}, ""}},
  };
  for (const RefusalCase& each : cases) ExpectRefused(each);
}

TEST(GuardVerdict, AllowsWhatAPresetSays) {
  EXPECT_TRUE(Judge(Statement("insert", StatementClass::kDml), Preset("write")));
  EXPECT_TRUE(Judge(Statement("create_table", StatementClass::kDdl), Preset("admin")));
  EXPECT_TRUE(Judge(Statement("copy_to", StatementClass::kCopy), Preset("admin")));
  EXPECT_TRUE(Judge(Statement("show", StatementClass::kStatement), Preset("write")));
  EXPECT_TRUE(Judge(Statement("describe", StatementClass::kStatement), Preset("read_only")));
}

TEST(GuardVerdict, UnwrapsExplain) {
  const auto explained = [](TextFacts facts, bool analyze) {
    facts.statements[0].explain = ExplainFact{analyze};
    return facts;
  };
  EXPECT_TRUE(Judge(explained(Query(), false), Preset("read_only")));
  EXPECT_TRUE(Judge(explained(Query(), true), Preset("write")));
  const RefusalCase cases[] = {
      {"explain of DML",
       explained(Statement("delete", StatementClass::kDml), false),
       Preset("read_only"),
       {"dml", "delete", {1, 1}, "dml"}},
      {"explain analyze has its own word",
       explained(Query(), true),
       Preset("read_only"),
       {"statement", "explain_analyze", {1, 1}, "statements"}},
      {"explain as a service",
       explained(Query(), false),
       Preset("service"),
       {"statement", "explain", {1, 1}, "statements"}},
      {"explain analyze of COPY",
       explained(Statement("copy_to", StatementClass::kCopy), true),
       Preset("write"),
       {"copy", "copy_to", {1, 1}, "copy"}},
  };
  for (const RefusalCase& each : cases) ExpectRefused(each);
}

TEST(GuardVerdict, DeniesWhatAStatementHides) {
  const RefusalCase cases[] = {
      {"CTE-hidden delete",
       QueryWith([](StatementFacts& s) {
         s.nested = {{"delete", StatementClass::kDml, {1, 20}}};
       }),
       Preset("read_only"),
       {"dml", "delete", {1, 20}, "dml"}},
      {"select into",
       QueryWith([](StatementFacts& s) {
         s.nested = {{"create_table", StatementClass::kDdl, {1, 12}}};
       }),
       Preset("write"),
       {"ddl", "create_table", {1, 12}, "ddl"}},
      {"prepared insert",
       [] {
         TextFacts facts = Statement("prepare", StatementClass::kStatement);
         facts.statements[0].nested = {{"insert", StatementClass::kDml, {1, 14}}};
         return facts;
       }(),
       ReadOnlyWith([](SqlPolicy& p) { p.statements.insert("prepare"); }),
       {"dml", "insert", {1, 14}, "dml"}},
      {"second of two nested",
       QueryWith([](StatementFacts& s) {
         s.nested = {{"query", StatementClass::kQuery, {1, 5}},
                     {"merge", StatementClass::kDml, {2, 5}}};
       }),
       Preset("service"),
       {"dml", "merge", {2, 5}, "dml"}},
      {"nested unknown",
       QueryWith([](StatementFacts& s) {
         s.nested = {{"other:Vacuum", StatementClass::kStatement, {1, 5}}};
       }),
       Preset("admin"),
       {"statement", "Vacuum", {1, 5}, ""}},
      {"ignored clause under admin",
       QueryWith([](StatementFacts& s) {
         s.ignored_clauses = {{"TABLESAMPLE", {1, 30}}};
       }),
       Preset("admin"),
       {"statement", "TABLESAMPLE", {1, 30}, ""}},
      {"written relation of a query",
       QueryWith([](StatementFacts& s) { s.relations[0].role = RelationRole::kWrite; }),
       Preset("read_only"),
       {"dml", "calls", {1, 15}, "dml"}},
      {"created relation of a query",
       QueryWith([](StatementFacts& s) { s.relations[0].role = RelationRole::kCreate; }),
       Preset("write"),
       {"ddl", "calls", {1, 15}, "ddl"}},
      {"named arguments",
       QueryWith([](StatementFacts& s) { s.named_arguments = true; }),
       Preset("service"),
       {"named_args", "=>", {1, 1}, "named_arguments"}},
  };
  for (const RefusalCase& each : cases) ExpectRefused(each);
}

TEST(GuardVerdict, DeniesSecondStatements) {
  TextFacts facts = Query();
  facts.statements.push_back(facts.statements[0]);
  facts.statements[1].position = {3, 1};
  ExpectRefused({"two queries",
                 facts,
                 Preset("read_only"),
                 {"multi_statement", "query", {3, 1}, "multi_statement"}});
  EXPECT_TRUE(Judge(facts, Preset("admin")));

  // A permitted second statement is judged like the first.
  facts.statements[1].kind = "drop";
  facts.statements[1].statement_class = StatementClass::kDdl;
  SqlPolicy policy = Preset("read_only");
  policy.multi_statement = true;
  ExpectRefused({"select; drop", facts, policy, {"ddl", "drop", {3, 1}, "ddl"}});
}

TEST(GuardVerdict, ATextWithoutStatementsIsInvalidSql) {
  const Status verdict = Judge(TextFacts{}, Preset("admin"));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().kind(), ErrorKind::kInvalidSql);
}

TextFacts Reading(std::vector<std::string> name) {
  return QueryWith([&](StatementFacts& s) { s.relations[0].name = std::move(name); });
}

TEST(GuardVerdict, DeniesRelations) {
  const auto listed = ReadOnlyWith([](SqlPolicy& p) { p.relations = {{"calls", "functions"}}; });
  const auto none = ReadOnlyWith([](SqlPolicy& p) { p.relations.emplace(); });
  const auto denied = ReadOnlyWith([](SqlPolicy& p) {
    p.relations = {{"calls", "secrets"}};
    p.denied_relations = {"Secrets"};
  });
  EXPECT_TRUE(Judge(Reading({"functions"}), listed));
  EXPECT_TRUE(Judge(Reading({"calls"}), denied));
  const RefusalCase cases[] = {
      {"not listed", Reading({"secrets"}), listed, {"relation", "secrets", {1, 15}, "relations"}},
      {"another case is another name",
       Reading({"Calls"}),
       listed,
       {"relation", "Calls", {1, 15}, "relations"}},
      {"empty list", Reading({"calls"}), none, {"relation", "calls", {1, 15}, "relations"}},
      {"denied wins",
       Reading({"secrets"}),
       denied,
       {"relation", "secrets", {1, 15}, "denied_relations"}},
      {"two parts",
       Reading({"information_schema", "tables"}),
       Preset("admin"),
       {"relation", "information_schema.tables", {1, 15}, ""}},
      {"three parts",
       Reading({"datafusion", "public", "calls"}),
       Preset("admin"),
       {"relation", "datafusion.public.calls", {1, 15}, ""}},
      {"two parts that spell a listed name",
       Reading({"a", "b"}),
       ReadOnlyWith([](SqlPolicy& p) { p.relations = {{"a.b"}}; }),
       {"relation", "a.b", {1, 15}, ""}},
      {"CTE name that leads outside",
       QueryWith([](StatementFacts& s) {
         s.relations[0].name = {"s"};
         s.relations[0].alias_of_cte = true;
       }),
       listed,
       {"relation", "s", {1, 15}, "relations"}},
  };
  for (const RefusalCase& each : cases) ExpectRefused(each);
}

TEST(GuardVerdict, DeniesPaths) {
  const auto rooted = ReadOnlyWith([](SqlPolicy& p) { p.roots = {"/data"}; });
  const auto with_location = [](std::string text) {
    return QueryWith([&](StatementFacts& s) {
      s.relations = {{{text}, RelationRole::kRead, false, "", {1, 15}}};
      s.locations = {{text, {1, 15}}};
    });
  };
  EXPECT_TRUE(Judge(with_location("/data/x.csv"), rooted));
  EXPECT_TRUE(Judge(with_location("/data"), rooted));
  EXPECT_TRUE(Judge(with_location("/etc/x.csv"), Preset("admin")));
  const RefusalCase cases[] = {
      {"no roots",
       with_location("/data/x.csv"),
       Preset("read_only"),
       {"path", "/data/x.csv", {1, 15}, "roots"}},
      {"outside", with_location("/etc/passwd"), rooted, {"path", "/etc/passwd", {1, 15}, "roots"}},
      {"a sibling whose name begins alike",
       with_location("/database/x"),
       rooted,
       {"path", "/database/x", {1, 15}, "roots"}},
      {"up and out",
       with_location("/data/../etc/passwd"),
       rooted,
       {"path", "/data/../etc/passwd", {1, 15}, ""}},
      {"ends in ..", with_location("/data/.."), rooted, {"path", "/data/..", {1, 15}, ""}},
      {"a dot part", with_location("/data/./x"), rooted, {"path", "/data/./x", {1, 15}, ""}},
      {"relative", with_location("x.csv"), rooted, {"path", "x.csv", {1, 15}, ""}},
      {"relative without roots",
       with_location("x.csv"),
       Preset("service"),
       {"path", "x.csv", {1, 15}, "roots"}},
      {"URL under admin",
       with_location("http://host/x.csv"),
       Preset("admin"),
       {"path", "http://host/x.csv", {1, 15}, ""}},
      {"file URL under admin",
       with_location("file:///etc/passwd"),
       Preset("admin"),
       {"path", "file:///etc/passwd", {1, 15}, ""}},
      {"a relation that looks like a path",
       Reading({"/etc/passwd"}),
       rooted,
       {"path", "/etc/passwd", {1, 15}, "roots"}},
      {"a folder below",
       Reading({"data/x.csv"}),
       Preset("admin"),
       {"path", "data/x.csv", {1, 15}, ""}},
      {"home", Reading({"~root"}), Preset("admin"), {"path", "~root", {1, 15}, ""}},
      {"several parts with a slash",
       Reading({"/etc/x", "csv"}),
       Preset("read_only"),
       {"path", "/etc/x.csv", {1, 15}, "roots"}},
      {"copy target",
       [] {
         TextFacts facts = Statement("copy_to", StatementClass::kCopy);
         facts.statements[0].locations = {{"/out/x.csv", {1, 30}}};
         return facts;
       }(),
       ReadOnlyWith([](SqlPolicy& p) {
         p.copy = true;
         p.roots = {"/data"};
       }),
       {"path", "/out/x.csv", {1, 30}, "roots"}},
  };
  for (const RefusalCase& each : cases) ExpectRefused(each);
}

TEST(GuardVerdict, DeniesFunctionsAndSettings) {
  const auto listed = ReadOnlyWith([](SqlPolicy& p) {
    p.functions = {{"count", "sum"}};
    p.table_functions = {{"range"}};
    p.denied_functions = {"Sum"};
    p.statements.insert("set");
    p.settings = {"datafusion.execution.batch_size"};
  });
  const auto calling = [](std::string name) {
    return QueryWith([&](StatementFacts& s) { s.functions = {{std::move(name), {1, 8}}}; });
  };
  const auto from = [](std::string name) {
    return QueryWith([&](StatementFacts& s) {
      s.table_functions = {{std::move(name), {}, {1, 40}}};
    });
  };
  const auto setting = [](std::string name) {
    TextFacts facts = Statement("set", StatementClass::kStatement);
    facts.statements[0].settings = {{std::move(name), {1, 5}}};
    return facts;
  };
  EXPECT_TRUE(Judge(calling("COUNT"), listed));
  EXPECT_TRUE(Judge(from("range"), listed));
  EXPECT_TRUE(Judge(from("anything"), Preset("admin")));
  EXPECT_TRUE(Judge(setting("datafusion.execution.batch_size"), listed));
  const RefusalCase cases[] = {
      {"not listed", calling("repeat"), listed, {"function", "repeat", {1, 8}, "functions"}},
      {"denied wins", calling("SUM"), listed, {"function", "SUM", {1, 8}, "denied_functions"}},
      {"table functions are closed by default",
       from("generate_series"),
       Preset("read_only"),
       {"table_function", "generate_series", {1, 40}, "table_functions"}},
      {"not a listed table function",
       from("generate_series"),
       listed,
       {"table_function", "generate_series", {1, 40}, "table_functions"}},
      {"a dotted table function",
       from("range.other"),
       Preset("admin"),
       {"table_function", "range.other", {1, 40}, ""}},
      {"a denied function as a table function",
       from("sum"),
       listed,
       {"function", "sum", {1, 40}, "denied_functions"}},
      {"not a listed setting",
       setting("datafusion.catalog.location"),
       listed,
       {"setting", "datafusion.catalog.location", {1, 5}, "settings"}},
      {"no settings in the presets",
       setting("datafusion.execution.batch_size"),
       Preset("admin"),
       {"setting", "datafusion.execution.batch_size", {1, 5}, "settings"}},
      {"settings of the process",
       setting("DataFusion.runtime.memory_limit"),
       ReadOnlyWith([](SqlPolicy& p) {
         p.statements.insert("set");
         p.settings = {"DataFusion.runtime.memory_limit"};
       }),
       {"setting", "DataFusion.runtime.memory_limit", {1, 5}, ""}},
  };
  for (const RefusalCase& each : cases) ExpectRefused(each);
}

TEST(GuardVerdict, DeniesTextsBeyondTheirLimits) {
  const auto policy = ReadOnlyWith([](SqlPolicy& p) {
    p.sql = {.max_bytes = 40,
             .max_tokens = 10,
             .max_nesting = 1,
             .max_prefix_run = 1,
             .max_ast_depth = 1,
             .max_ast_nodes = 1,
             .max_chain = 1,
             .max_joins = 1,
             .max_in_list = 1,
             .max_subquery_depth = 1,
             .max_with_depth = 1};
  });
  const auto text = [](std::int64_t TextFacts::*member, std::int64_t value) {
    TextFacts facts = Query();
    facts.*member = value;
    return facts;
  };
  const auto tree = [](std::int64_t AstSize::*member) {
    return QueryWith([&](StatementFacts& s) { s.ast.*member = 2; });
  };
  EXPECT_TRUE(Judge(Query(), policy));
  const RefusalCase cases[] = {
      {"bytes", text(&TextFacts::bytes, 41), policy, {"limit", "max_bytes", {}, "sql.max_bytes"}},
      {"tokens",
       text(&TextFacts::tokens, 11),
       policy,
       {"limit", "max_tokens", {}, "sql.max_tokens"}},
      {"nesting",
       text(&TextFacts::nesting, 2),
       policy,
       {"limit", "max_nesting", {}, "sql.max_nesting"}},
      {"depth",
       tree(&AstSize::depth),
       policy,
       {"limit", "max_ast_depth", {1, 1}, "sql.max_ast_depth"}},
      {"nodes",
       tree(&AstSize::nodes),
       policy,
       {"limit", "max_ast_nodes", {1, 1}, "sql.max_ast_nodes"}},
      {"chain",
       tree(&AstSize::longest_chain),
       policy,
       {"limit", "max_chain", {1, 1}, "sql.max_chain"}},
      {"joins", tree(&AstSize::joins), policy, {"limit", "max_joins", {1, 1}, "sql.max_joins"}},
      {"items of IN",
       tree(&AstSize::longest_in_list),
       policy,
       {"limit", "max_in_list", {1, 1}, "sql.max_in_list"}},
      {"subqueries",
       tree(&AstSize::subquery_depth),
       policy,
       {"limit", "max_subquery_depth", {1, 1}, "sql.max_subquery_depth"}},
      {"with",
       tree(&AstSize::with_depth),
       policy,
       {"limit", "max_with_depth", {1, 1}, "sql.max_with_depth"}},
  };
  for (const RefusalCase& each : cases) ExpectRefused(each);
}

TEST(GuardVerdict, TextNamesEverythingAndEndsInTheVerdict) {
  TextFacts facts = QueryWith([](StatementFacts& s) {
    s.explain = ExplainFact{false};
    s.relations.push_back({{"functions"}, RelationRole::kRead, false, "", {1, 30}});
    s.placeholders = {{"$1", {1, 50}}};
  });
  EXPECT_EQ(VerdictText(facts, Preset("read_only")),
            "line 1, column 1: explain query (query)\n"
            "  reads calls, functions\n"
            "  calls count\n"
            "  takes parameters $1\n"
            "Allowed by policy 'read_only'.\n");
  facts.statements[0].nested = {{"delete", StatementClass::kDml, {1, 20}}};
  EXPECT_EQ(VerdictText(facts, Preset("read_only")),
            "line 1, column 1: explain query (query)\n"
            "  holds delete (dml)\n"
            "  reads calls, functions\n"
            "  calls count\n"
            "  takes parameters $1\n"
            "Refused: The SQL policy allows no DML: 'delete' (line 1, column 20; policy "
            "'read_only'). The policy setting that allows it: dml.\n");
}

}  // namespace
}  // namespace lakegate::guard
