// Row filters and column masks, from the side of somebody who wants to see beneath them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "columnar/test_arrays.h"
#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kPolicy = R"toml(
  [protect.customers]
  filter = "region = 'EU'"
  mask = { email = "hash", age = "null", name = "left(name, 1)" }
)toml";

class Protected : public ::testing::Test {
 protected:
  void SetUp() override {
    session_ = OpenIn(folder_);
    Add("customers",
        "id,name,region,email,age\n1,Annabel,EU,ann@secret.eu,30\n"
        "2,Bobby,US,bob@secret.us,40\n3,Cidney,EU,cid@secret.eu,50\n");
    Add("orders", "customer,total\n1,5\n2,6\n3,7\n");
    options_.policy = SqlPolicy::FromToml(kPolicy, "p.toml").value();
  }

  void Add(const std::string& name, std::string_view text) {
    ASSERT_OK(session_->Register(Dataset(name, folder_.Write(name + ".csv", text))));
  }

  // Rows, or the error's whole text.
  std::string Seen(std::string_view sql) { return SeenIn(session_->Sql(sql, options_)); }
  static std::string SeenIn(Result<ArrowStream> rows) {
    if (!rows) return rows.error().ToString();
    std::string text;
    while (true) {
      auto batch = (*rows)->Next();
      if (!batch) return text + batch.error().ToString();
      if (!batch->has_value()) return text;
      for (const std::string& row : columnar::RowTexts((*rows)->schema(), ***batch)) {
        text += row + "\n";
      }
    }
  }

  TestFolder folder_;
  std::unique_ptr<Session> session_;
  QueryOptions options_;
};

TEST_F(Protected, ShowsTheRowsOfTheFilterWithTheirMasks) {
  EXPECT_EQ(
      RowsOf(session_->Sql("SELECT id, name, region, age FROM customers ORDER BY id", options_)),
      "1|A|EU|\n3|C|EU|\n");
  EXPECT_EQ(RowsOf(session_->Sql("SELECT count(*), count(age), count(DISTINCT email), "
                                 "min(length(email)) FROM customers",
                                 options_)),
            "2|0|2|64\n");
  // Without the policy everything is there.
  EXPECT_EQ(RowsOf(session_->Sql("SELECT count(*), sum(age) FROM customers")), "3|120\n");
}

// Whatever is asked, these never come out.
constexpr std::string_view kHidden[] = {"nnabel", "Bobby", "obby", "idney", "secret",
                                        "US",     "|30",   "|40",  "|50",   "120"};

TEST_F(Protected, NothingThatAStatementSaysReachesBeneath) {
  ASSERT_OK(session_->RegisterView("seen", "SELECT * FROM customers"));
  const char* const statements[] = {
      "SELECT * FROM customers",
      "SELECT * FROM \"customers\" AS c WHERE c.region <> 'EU'",
      "SELECT * FROM customers WHERE email LIKE '%@%'",
      "SELECT * FROM customers WHERE age > 0 OR true",
      "SELECT * FROM customers WHERE 1 / (age - 30) > 0",
      "SELECT * FROM customers WHERE CAST(name AS INT) = 1",
      "SELECT CAST(email AS INT) FROM customers",
      "SELECT CAST(region AS INT) FROM customers WHERE region <> 'EU'",
      "SELECT sum(age), max(name), min(email) FROM customers",
      "SELECT string_agg(name, ',') FROM customers",
      "SELECT array_agg(email) FROM customers",
      "SELECT first_value(name) OVER (ORDER BY id DESC) FROM customers",
      "SELECT c.name, o.total FROM orders o LEFT JOIN customers c ON c.id = o.customer",
      "SELECT a.name, b.name FROM customers a, customers b",
      "WITH customers AS (SELECT * FROM customers) SELECT * FROM customers",
      "SELECT * FROM (SELECT * FROM customers UNION ALL SELECT * FROM customers)",
      "SELECT * FROM orders WHERE customer IN (SELECT id FROM customers WHERE region = 'US')",
      "SELECT (SELECT max(email) FROM customers) FROM orders",
      "SELECT * FROM seen",
      "SELECT * FROM dedupe('customers', keys => 'id')",
      "SELECT * FROM canonical_sort('seen', keys => 'email')",
      "SELECT * FROM winner_select('customers', score => 'age')",
      "EXPLAIN SELECT * FROM customers WHERE email = 'x'",
      "EXPLAIN VERBOSE SELECT * FROM seen WHERE age = 30 + 0",
      "EXPLAIN FORMAT TREE SELECT name FROM customers",
      "DESCRIBE customers",
      "SELECT name FROM customers ORDER BY age LIMIT 1",
      "SELECT * FROM customers TABLESAMPLE (100 PERCENT)",
      "SELECT * FROM information_schema.columns",
      "SELECT * FROM 'customers.csv'",
  };
  for (const char* sql : statements) {
    const std::string seen = Seen(sql);
    for (const std::string_view hidden : kHidden) {
      EXPECT_THAT(seen, Not(HasSubstr(std::string(hidden)))) << sql;
    }
  }
}

TEST_F(Protected, HiddenColumnsAreNotThere) {
  options_.policy = SqlPolicy::FromToml(R"toml(
    [protect.customers]
    filter = "age < 45"
    denied_columns = ["EMAIL", "age"]
  )toml",
                                        "p.toml")
                        .value();
  EXPECT_EQ(Seen("SELECT * FROM customers ORDER BY id"), "1|'Annabel'|'EU'\n2|'Bobby'|'US'\n");
  EXPECT_EQ(Seen("SELECT count(*) FROM customers"), "2\n");
  for (const char* sql :
       {"SELECT email FROM customers", "SELECT id FROM customers WHERE age > 30",
        "SELECT id FROM customers ORDER BY age", "SELECT c.email FROM customers c",
        "SELECT id FROM customers GROUP BY id HAVING max(age) > 1",
        "SELECT o.total FROM orders o JOIN customers c ON o.customer = c.age",
        "SELECT * EXCEPT (email) FROM customers", "SELECT (SELECT max(age) FROM customers)",
        "SELECT * FROM dedupe('customers', keys => ['email'])"}) {
    const std::string seen = Seen(sql);
    EXPECT_THAT(seen, Not(HasSubstr("secret"))) << sql;
    EXPECT_THAT(seen, Not(HasSubstr("30"))) << sql;
    EXPECT_THAT(seen, HasSubstr("k")) << sql << seen;  // kNotFound, kInvalidSql
  }
  // As of a name that never was.
  const auto hidden = session_->Sql("SELECT email FROM customers", options_);
  const auto unknown = session_->Sql("SELECT nosuch FROM customers", options_);
  ASSERT_FALSE(hidden);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(hidden.error().kind(), unknown.error().kind());
}

TEST_F(Protected, ConditionsSeeMasksOnly) {
  EXPECT_EQ(RowsOf(session_->Sql("SELECT id FROM customers WHERE name = 'Annabel'", options_)), "");
  EXPECT_EQ(RowsOf(session_->Sql("SELECT id FROM customers WHERE name = 'A'", options_)), "1\n");
  EXPECT_EQ(RowsOf(session_->Sql("SELECT id FROM customers WHERE age IS NOT NULL", options_)), "");
  EXPECT_EQ(RowsOf(session_->Sql("SELECT id FROM customers WHERE region = 'US'", options_)), "");
  EXPECT_EQ(RowsOf(session_->Scan("customers", options_)).find("Annabel"), std::string::npos);
}

// Range joins and first rows are planned onto kernels, over what the policy shows.
TEST_F(Protected, KernelsBeneathSqlSeeMasksOnly) {
  const std::string spans =
      "SELECT c.id, o.total FROM customers c JOIN orders o ON {} < o.total + 100 AND o.total < {} "
      "+ 100 ORDER BY 1, 2";
  const auto joined = [&](std::string_view column) {
    return fmt::format(fmt::runtime(spans), column, column);
  };
  EXPECT_THAT(Seen("EXPLAIN " + joined("c.id")), HasSubstr("RangeJoinExec"));
  EXPECT_EQ(Seen(joined("c.id")), "1|5\n1|6\n1|7\n3|5\n3|6\n3|7\n");
  EXPECT_EQ(Seen(joined("c.age")), "");  // nulls
  const std::string first =
      "SELECT id, name FROM customers QUALIFY row_number() OVER (PARTITION BY region ORDER BY age, "
      "id DESC) = 1";
  EXPECT_THAT(Seen("EXPLAIN " + first), HasSubstr("TopRowsExec"));
  EXPECT_EQ(Seen(first), "3|'C'\n");
}

TEST_F(Protected, AWriteStoresWhatIsSeen) {
  WriteOptions write;
  write.destination.path = folder_.File("out.csv");
  ASSERT_OK(session_->Write("SELECT name, age FROM customers", write, options_));
  EXPECT_EQ(folder_.Read("out.csv"), "name,age\nA,\nC,\n");
}

TEST_F(Protected, ErrorsBeneathAreWithheld) {
  options_.policy->protect.at("customers").filter = "CAST(name AS INT) > 0";
  const std::string seen = Seen("SELECT id FROM customers");
  EXPECT_THAT(seen, HasSubstr("withheld"));
  EXPECT_THAT(seen, Not(HasSubstr("Annabel")));
  // A file whose text the reader would quote.
  std::string broken = "a,b\n";
  for (int i = 0; i < 2'000; ++i) broken += "1,2\n";
  Add("broken", broken + "hunter2,3\n");
  options_.policy->protect = {{"broken", {.filter = "b > 0", .masks = {{"a", "null"}}}}};
  EXPECT_THAT(SeenIn(session_->Sql("SELECT sum(a) FROM broken")), HasSubstr("hunter2"));
  EXPECT_THAT(Seen("SELECT sum(b) FROM broken"), Not(HasSubstr("hunter2")));
}

TEST_F(Protected, RefusesAProtectionThatCannotBeKept) {
  auto& protection = options_.policy->protect.at("customers");
  const RelationProtection good = protection;
  protection.masks["emial"] = "null";
  EXPECT_KIND(session_->Sql("SELECT id FROM customers", options_), kNotFound);
  protection = good;
  for (const char* filter : {"true) OR true", "id IN (SELECT customer FROM orders)", "id = $1",
                             "true; DROP TABLE x", "(SELECT true)", "1, 2"}) {
    protection.filter = filter;
    const auto rows = session_->Sql("SELECT id FROM customers", options_);
    EXPECT_FALSE(rows) << filter;
  }
  protection = good;
  protection.masks["age"] = "(SELECT max(total) FROM orders)";
  EXPECT_KIND(session_->Sql("SELECT id FROM customers", options_), kInvalidArgument);
  protection = good;
  protection.filter = "no_such_column = 1";
  EXPECT_FALSE(session_->Sql("SELECT id FROM customers", options_));
  // Another relation is not concerned.
  EXPECT_EQ(RowsOf(session_->Sql("SELECT count(*) FROM orders", options_)), "3\n");
}

TEST_F(Protected, ViewsAreProtectedByTheirOwnName) {
  ASSERT_OK(session_->RegisterView("spending",
                                   "SELECT c.id, c.name, o.total FROM customers c "
                                   "JOIN orders o ON c.id = o.customer ORDER BY c.id"));
  options_.policy->protect["spending"] = {.filter = "total > 5", .masks = {{"total", "null"}}};
  EXPECT_EQ(RowsOf(session_->Sql("SELECT * FROM spending", options_)), "3|C|\n");
  EXPECT_EQ(RowsOf(session_->Scan("spending", options_)), "3|C|\n");
  EXPECT_EQ(RowsOf(session_->Sql("SELECT * FROM dedupe('spending', keys => 'id')", options_)),
            "3|C|\n");
}

TEST_F(Protected, AViewOpensNoFunctionThatThePolicyCloses) {
  ASSERT_OK(session_->RegisterView("loud", "SELECT id, upper(name) AS name FROM customers"));
  options_.policy->protect["loud"] = {.filter = "left(name, 1) <> 'X'", .masks = {}};
  EXPECT_EQ(RowsOf(session_->Sql("SELECT id FROM loud ORDER BY id", options_)), "1\n3\n");
  options_.policy->denied_functions = {"upper"};
  EXPECT_THAT(Seen("SELECT id FROM loud"), HasSubstr("upper"));
  options_.policy->denied_functions = {};
  // The protection's own function need not be allowed; the view's must be.
  options_.policy->functions = std::set<std::string>{"upper"};
  EXPECT_EQ(RowsOf(session_->Sql("SELECT id FROM loud ORDER BY id", options_)), "1\n3\n");
  options_.policy->functions = std::set<std::string>{"left"};
  const auto refused = session_->Sql("SELECT id FROM loud", options_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kSqlPolicyViolation);
}

TEST_F(Protected, StepOutputsAreProtectedToo) {
  ASSERT_OK(session_->RegisterStream("numbers", Numbers(1, 4)));
  options_.policy->protect = {{"NUMBERS", {.filter = "n < 2", .masks = {}}}};
  EXPECT_EQ(RowsOf(session_->Sql("SELECT * FROM numbers", options_)), "0\n1\n");
  EXPECT_EQ(RowsOf(session_->Scan("numbers", options_)), "0\n1\n");
  EXPECT_EQ(RowsOf(session_->Sql("SELECT * FROM canonical_sort('numbers', keys => 'n')", options_)),
            "0\n1\n");
}

}  // namespace
}  // namespace lakegate::session
