#include "guard/protection.h"

#include <gtest/gtest.h>

namespace lakegate::guard {
namespace {

Result<SqlPolicy> Policy(std::string_view toml) { return SqlPolicy::FromToml(toml, "p.toml"); }

TEST(GuardProtection, IsReadFromAPolicyFile) {
  const auto policy = Policy(R"(
    [protect.customers]
    filter = "region = 'EU'"
    mask = { email = "hash", age = "null" }
    [protect."Other Name".mask]
    x = "x % 10"
  )");
  ASSERT_TRUE(policy) << policy.error().ToString();
  EXPECT_EQ(policy->protect.size(), 2U);
  EXPECT_EQ(policy->protect.at("customers").filter, "region = 'EU'");
  EXPECT_EQ(policy->protect.at("customers").masks.at("age"), "null");
  EXPECT_EQ(policy->protect.at("Other Name").masks.at("x"), "x % 10");
}

struct Refused {
  const char* name;
  const char* toml;
  const char* part;
};

TEST(GuardProtection, RefusesWhatWouldProtectNothing) {
  const Refused refusals[] = {
      {"no table", "protect = 'customers'", "'protect'"},
      {"no table for a relation", "[protect]\ncustomers = true", "protect.customers"},
      {"an unknown setting", "[protect.customers]\nmasks = {}", "filter, mask, columns"},
      {"columns that are no list", "[protect.customers]\ncolumns = 'id'", "customers.columns"},
      {"a column that is no text", "[protect.customers]\ndenied_columns = [1]", "denied_columns"},
      {"no column left", "[protect.customers]\ncolumns = []", "no column"},
      {"a column without a name", "[protect.customers]\ncolumns = ['']", "empty name"},
      {"a filter that is no text", "[protect.customers]\nfilter = 1", "protect.customers.filter"},
      {"masks that are no table", "[protect.customers]\nmask = 'null'", "protect.customers.mask"},
      {"a mask that is no text", "[protect.customers.mask]\nage = 1", "mask.age"},
      {"nothing said", "[protect.customers]", "none of them empty"},
      {"an empty filter", "[protect.customers]\nfilter = ''", "none of them empty"},
      {"an empty mask", "[protect.customers.mask]\nage = ''", "none of them empty"},
      {"an empty relation", "[protect.\"\".mask]\nage = 'null'", "none of them empty"},
      {"one relation in two spellings",
       "[protect.t]\nfilter = 'false'\n[protect.T]\nfilter = 'true'", "another case"},
      {"one column in two spellings", "[protect.t.mask]\na = 'null'\nA = 'a'", "case alone"},
      {"paths that go around it", "preset = 'admin'\n[protect.customers]\nfilter = 'id > 1'",
       "roots = []"},
  };
  for (const Refused& refused : refusals) {
    SCOPED_TRACE(refused.name);
    const auto policy = Policy(refused.toml);
    ASSERT_FALSE(policy);
    EXPECT_EQ(policy.error().kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(policy.error().message().find(refused.part), std::string::npos)
        << policy.error().message();
  }
}

TEST(GuardProtection, FindsTheRelationWhateverTheCaseOfItsLetters) {
  SqlPolicy policy;
  policy.protect["Customers"].filter = "true";
  EXPECT_NE(ProtectionOf(policy, "customers"), nullptr);
  EXPECT_NE(ProtectionOf(policy, "CUSTOMERS"), nullptr);
  EXPECT_EQ(ProtectionOf(policy, "customer"), nullptr);
}

TEST(GuardProtection, MakesTheQueryThatIsReadInstead) {
  const std::vector<std::string> columns = {"id", "E\"mail", "age", "name"};
  const RelationProtection protection{
      .filter = "id > 1 -- all",
      .masks = {{"e\"MAIL", "hash"}, {"age", "null"}, {"name", "left(name, 1)"}}};
  EXPECT_EQ(
      ProtectingQuery("t", columns, protection).value(),
      "SELECT \"id\", encode(sha256(CAST(\"E\"\"mail\" AS VARCHAR)), 'hex') AS \"E\"\"mail\", "
      "CASE WHEN false THEN \"age\" END AS \"age\", (left(name, 1)\n) AS \"name\" "
      "FROM \"t\" WHERE (id > 1 -- all\n)");
}

TEST(GuardProtection, LeavesOutColumns) {
  const std::vector<std::string> columns = {"id", "SSN", "name"};
  const auto shown = [&](std::string_view toml) {
    return ProtectingQuery("t", columns, Policy(toml).value().protect.at("t")).value();
  };
  EXPECT_EQ(shown("protect.t.denied_columns = ['ssn']"), "SELECT \"id\", \"name\" FROM \"t\"");
  EXPECT_EQ(shown("protect.t.columns = ['ID', 'ssn']\nprotect.t.denied_columns = ['ssn']"),
            "SELECT \"id\" FROM \"t\"");
  // What is hidden may decide which rows are shown.
  EXPECT_EQ(shown("[protect.t]\ncolumns = ['name']\nfilter = 'id > 1'\nmask = { name = 'ssn' }"),
            "SELECT (ssn\n) AS \"name\" FROM \"t\" WHERE (id > 1\n)");
}

TEST(GuardProtection, RefusesColumnsThatAreNotThere) {
  const std::vector<std::string> columns = {"id"};
  for (const auto& [toml, setting] :
       {std::pair("protect.t.mask.emial = 'null'", "protect.t.mask"),
        std::pair("protect.t.columns = ['id', 'i']", "protect.t.columns"),
        std::pair("protect.t.denied_columns = ['ids']", "protect.t.denied_columns"),
        std::pair("protect.t.denied_columns = ['id']", "protect.t.denied_columns")}) {
    SCOPED_TRACE(toml);
    const auto query = ProtectingQuery("t", columns, Policy(toml).value().protect.at("t"));
    ASSERT_FALSE(query);
    EXPECT_EQ(query.error().kind(), ErrorKind::kNotFound);
    EXPECT_NE(query.error().message().find(setting), std::string::npos);
  }
}

TEST(GuardProtection, OpensNothingButTheRelationItself) {
  SqlPolicy policy = SqlPolicy::Preset("read_only").value();
  policy.relations = {{"t"}};
  policy.denied_relations = {"secrets"};
  policy.protect["T"].filter = "true";
  policy.protect["u"].filter = "true";
  policy.query.result_rows = 1;
  policy.query.scan_bytes = 2;
  policy.query.scan_files = 3;
  policy.query.scan_rows = 4;
  const SqlPolicy beneath = PolicyBeneath(policy, "t");
  EXPECT_EQ(ProtectionOf(beneath, "t"), nullptr);
  EXPECT_NE(ProtectionOf(beneath, "u"), nullptr);
  EXPECT_EQ(beneath.denied_relations, policy.denied_relations);
  EXPECT_FALSE(beneath.query.result_rows);
  EXPECT_EQ(beneath.query.scan_bytes, 2);
  EXPECT_EQ(beneath.query.scan_files, 3);
  EXPECT_EQ(beneath.query.scan_rows, 4);
  EXPECT_FALSE(beneath.dml || beneath.ddl || beneath.copy || beneath.multi_statement);
  EXPECT_TRUE(beneath.roots.empty());
}

}  // namespace
}  // namespace lakegate::guard
