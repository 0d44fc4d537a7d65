// Calls that would make gigabytes of a few bytes are refused before they begin, also where the
// planner runs them over constants; the next query works.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "session/test_session.h"

namespace lakegate::session {
namespace {

class FunctionLimit : public ::testing::Test {
 protected:
  void SetUp() override {
    session_ = OpenIn(folder_, {{"function_limit", "16 MiB"}});
    admin_ = OpenIn(folder_, {{"function_limit", "16 MiB"}, {"sql_policy", "admin"}});
    const std::string path = folder_.Write("t.csv", "n,s\n20000000,a\n3,\"a,b\"\n-1,\n");
    ASSERT_OK(session_->Register(Dataset("t", path)));
    ASSERT_OK(admin_->Register(Dataset("t", path)));
  }

  TestFolder folder_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Session> admin_;  // whose statements may call table functions
};

TEST_F(FunctionLimit, RefusesWhatWouldNotFit) {
  const char* const statements[] = {
      "SELECT repeat('x', 1500000000)",
      "SELECT length(repeat('x', 1500000000))",
      "SELECT 1 WHERE repeat('x', 1500000000) = 'y'",
      "SELECT repeat(repeat('x', 10000000), 1000)",
      "SELECT repeat(s, n) FROM t",
      "SELECT lpad('x', 1500000000)",
      "SELECT rpad(s, 1500000000, 'ab') FROM t",
      "SELECT array_repeat(1, 1000000000)",
      "SELECT list_repeat(s, n) FROM t",
      "SELECT array_repeat(repeat('x', 1000000), 100)",
      "SELECT array_resize([1], 1000000000)",
      "SELECT range(1000000000)",
      "SELECT range(0, 10000000000, 7)",
      "SELECT range(10000000000, 0, -7)",
      "SELECT cardinality(generate_series(1, n, 1)) FROM t",
      "SELECT generate_series(DATE '1000-01-01', DATE '9000-01-01', INTERVAL '1 hour')",
      "SELECT replace(repeat('a', 1000000), 'a', repeat('b', 1000))",
      "SELECT regexp_replace(repeat('a', 1000000), 'a', repeat('b', 1000), 'g')",
      "SELECT concat(a, a, a) FROM (SELECT repeat('x', 6000000) AS a)",
      "SELECT concat_ws(',', a, a, a) FROM (SELECT repeat('x', 6000000) AS a)",
      "SELECT a || a || a FROM (SELECT repeat('x', 6000000) AS a)",
      "SELECT a || a || a || a FROM (SELECT repeat(s, 3000000) AS a FROM t WHERE n = 3)",
      "SELECT replace(s, 'z', repeat('b', 8000000)) FROM t",
      "SELECT s || repeat('x', 8000000) FROM t",
      "SELECT encode(encode(repeat('x', 6000000), 'hex'), 'hex')",
      "WITH a AS (SELECT repeat('x', 1000000) v), b AS (SELECT v||v||v||v AS v FROM a), "
      "c AS (SELECT v||v||v||v AS v FROM b), d AS (SELECT v||v||v||v AS v FROM c) SELECT v FROM d",
  };
  for (const char* sql : statements) {
    EXPECT_EQ(RowsOf(session_->Sql(sql)), "kResourceLimit") << sql;
    ASSERT_EQ(RowsOf(session_->Sql("SELECT 42")), "42\n") << sql;
  }
}

// Lists that are joined by the operator, which the planner makes calls of by itself.
TEST_F(FunctionLimit, HoldsForListsToo) {
  for (const char* sql : {
           "SELECT a || a || a FROM (SELECT array_repeat(1, 1000000) AS a)",
           "SELECT cardinality(a || a || a) FROM (SELECT array_repeat(n % 7, 900000) AS a "
           "FROM t WHERE n = 3)",
           "SELECT [a, a, a] FROM (SELECT repeat(s, 2500000) AS a FROM t WHERE n = 3)",
       }) {
    EXPECT_EQ(RowsOf(session_->Sql(sql)), "kResourceLimit") << sql;
    ASSERT_EQ(RowsOf(session_->Sql("SELECT 42")), "42\n") << sql;
  }
}

// One value that an operator would copy for each row of a batch.
TEST_F(FunctionLimit, RefusesConstantsThatRowsMultiply) {
  const std::string big = "repeat('x', 1000000)";
  for (const std::string& sql : {
           fmt::format("SELECT {} FROM range(5000)", big),
           fmt::format("SELECT n, {} FROM t", big),
           fmt::format("SELECT CASE WHEN n > 0 THEN {} END FROM t", big),
           fmt::format("SELECT max({}) FROM range(5000)", big),
           fmt::format("SELECT string_agg({}, '') FROM range(5000)", big),
           fmt::format("SELECT value, count(*) OVER (PARTITION BY {}) FROM range(5000)", big),
           fmt::format("SELECT coalesce(s, {}) FROM t", big),
           fmt::format("EXPLAIN ANALYZE SELECT {} FROM range(5000)", big),
       }) {
    EXPECT_EQ(RowsOf(admin_->Sql(sql)), "kResourceLimit") << sql;
    ASSERT_EQ(RowsOf(admin_->Sql("SELECT 42")), "42\n") << sql;
  }
  const std::pair<std::string, const char*> answers[] = {
      {fmt::format("SELECT length({})", big), "1000000\n"},
      {fmt::format("SELECT length(a) FROM (SELECT {} AS a)", big), "1000000\n"},
      {fmt::format("SELECT count(*) FROM t WHERE s = {}", big), "0\n"},
      {fmt::format("SELECT count(*) FROM t WHERE s IN ('a', {})", big), "1\n"},
      {fmt::format("SELECT count(*) FROM t WHERE s NOT LIKE {}", big), "2\n"},
      {"SELECT max(repeat('x', 1000)) = repeat('x', 1000) FROM range(5000)", "true\n"},
  };
  for (const auto& [sql, expected] : answers) EXPECT_EQ(RowsOf(admin_->Sql(sql)), expected) << sql;
}

TEST_F(FunctionLimit, NamesItsSetting) {
  auto rows = session_->Sql("SELECT repeat('x', 1500000000)");
  ASSERT_OK(rows);
  const auto batch = (*rows)->Next();
  ASSERT_FALSE(batch);
  EXPECT_NE(batch.error().message().find("function_limit"), std::string::npos)
      << batch.error().message();
  EXPECT_NE(batch.error().message().find("repeat"), std::string::npos);
}

TEST_F(FunctionLimit, LeavesWhatFitsAsItWas) {
  const std::pair<const char*, const char*> answers[] = {
      {"SELECT repeat('ab', 3)", "ababab\n"},
      {"SELECT length(repeat('x', 16000000))", "16000000\n"},
      {"SELECT repeat(s, 2) FROM t ORDER BY n", "\na,ba,b\naa\n"},
      {"SELECT lpad('x', 3, '-') || rpad('x', 3)", "--xx  \n"},
      {"SELECT array_repeat(1, 3)", "[1,1,1]\n"},
      {"SELECT range(3)", "[0,1,2]\n"},
      {"SELECT range(5, 0, -2)", "[5,3,1]\n"},
      {"SELECT length(replace(repeat('a', 1000000), 'b', repeat('c', 1000)))", "1000000\n"},
      {"SELECT length(regexp_replace(repeat('a', 1000000), 'a', repeat('b', 1000)))", "1000999\n"},
      {"SELECT concat('a', NULL, 1)", "a1\n"},
      {"SELECT 'a' || 'b' || 1", "ab1\n"},
      {"SELECT 'a' || NULL", "\n"},
      {"SELECT s || '!' FROM t ORDER BY n", "\na,b!\na!\n"},
      {"SELECT [1] || [2, 3]", "[1,2,3]\n"},
      {"SELECT n FROM t WHERE s || 'z' = 'az'", "20000000\n"},
      {"SELECT s || 'z' AS k, count(*) FROM t GROUP BY s || 'z' ORDER BY 2, 1",
       "a,bz|1\naz|1\n|1\n"},
      {"SELECT a.n FROM t a JOIN t b ON a.s || 'x' = b.s || 'x' ORDER BY 1", "3\n20000000\n"},
      {"SELECT (SELECT max(s || 'q') FROM t)", "aq\n"},
  };
  for (const auto& [sql, expected] : answers) {
    EXPECT_EQ(RowsOf(session_->Sql(sql)), expected) << sql;
  }
  auto named = session_->Sql("SELECT s || 'x' FROM t");
  ASSERT_OK(named);
  EXPECT_STREQ((*named)->schema().children[0]->name, "t.s || Utf8(\"x\")");
}

TEST_F(FunctionLimit, CanBeLifted) {
  auto open = OpenIn(folder_, {{"function_limit", "0 B"}});
  EXPECT_EQ(RowsOf(open->Sql("SELECT length(repeat('x', 300000000))")), "300000000\n");
}

TEST_F(FunctionLimit, PoliciesKnowTheOperatorAsNone) {
  QueryOptions options;
  options.policy = SqlPolicy::Preset("read_only").value();
  options.policy->functions = std::set<std::string>{};
  EXPECT_EQ(RowsOf(session_->Sql("SELECT 'a' || 'b'", options)), "ab\n");
}

}  // namespace
}  // namespace lakegate::session
