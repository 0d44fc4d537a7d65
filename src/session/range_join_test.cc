// Range joins on the index against the engine's own joins, statement by statement.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "kernels/shrink.h"
#include "session/random_statements.h"
#include "session/test_session.h"

namespace lakegate::session {
namespace {

using kernels::Shrink;
using ::testing::HasSubstr;
using ::testing::Not;

struct Row {
  std::optional<std::int64_t> key;
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> end;
};

// How a bound of small whole numbers is stored; `{}` is the number.
constexpr const char* kTypes[] = {
    "CAST({} AS INT)",
    "CAST({} AS BIGINT)",
    "arrow_cast({}, 'Int8')",
    "arrow_cast({} + 5, 'UInt32')",
    "arrow_cast({} + 5, 'UInt64')",
    "arrow_cast(arrow_cast({}, 'Int32'), 'Date32')",
    "arrow_cast({}, 'Date64')",
    "arrow_cast({}, 'Timestamp(Microsecond, None)')",
    "arrow_cast({}, 'Duration(Second)')",
    "CAST({} AS DOUBLE) / -2",
    "arrow_cast({}, 'Float32')",
};
// Two that may be compared with one another.
constexpr std::pair<const char*, const char*> kMixedTypes[] = {
    {"CAST({} AS INT)", "CAST({} AS BIGINT)"},
    {"arrow_cast({} + 5, 'UInt16')", "CAST({} AS BIGINT)"},
    {"CAST({} AS BIGINT)", "CAST({} AS DOUBLE)"},
    {"arrow_cast({} + 5, 'UInt64')", "CAST({} AS BIGINT)"},
    {"CAST({} AS BIGINT)", "CAST({} AS DECIMAL(10, 1))"},
};
constexpr const char* kKeyTypes[] = {"CAST({} AS VARCHAR)",
                                     "CAST({} AS BIGINT)",
                                     "arrow_cast(CAST({} AS VARCHAR), 'Dictionary(Int32, Utf8)')",
                                     "CAST({} AS DOUBLE)",
                                     "CAST({} AS DECIMAL(10, 2))",
                                     "arrow_cast({}, 'Timestamp(Second, None)')",
                                     "{} > 1",
                                     "arrow_cast({}, 'Duration(Second)')",
                                     "arrow_cast(arrow_cast({}, 'Int32'), 'Time32(Second)')",
                                     "arrow_cast({}, 'UInt64')",
                                     "arrow_cast({}, 'Decimal256(40, 3)')",
                                     "arrow_cast(CAST({} AS VARCHAR), 'LargeUtf8')",
                                     "arrow_cast(CAST({} AS VARCHAR), 'Utf8View')",
                                     "arrow_cast(CAST({} AS VARCHAR), 'Binary')",
                                     "arrow_cast(arrow_cast(CAST({} AS VARCHAR), 'Binary'), "
                                     "'FixedSizeBinary(1)')"};
constexpr const char* kConditions[] = {
    "l.s < r.e AND r.s < l.e",
    "l.s <= r.e AND r.s <= l.e",
    "r.s < l.e AND r.e >= l.s",
    "l.e > r.s AND r.e > l.s",
    "l.s <= r.s AND r.e <= l.e",
    "r.s < l.s AND l.e < r.e",
    "l.s BETWEEN r.s AND r.e",
    "r.e BETWEEN l.s AND l.e",
    "l.s < r.e AND r.s < l.e AND l.s < r.s",
    // Where nothing is a range.
    "l.s < r.e AND l.e < r.e",
    "l.s < r.e OR r.s < l.e",
};
constexpr const char* kArithmetic[] = {
    "l.s - 1 < r.e AND r.s < l.e + 1",
    "l.s < r.e + r.s AND r.s - 2 <= l.e",
};
constexpr const char* kResiduals[] = {"", "", " AND l.id <> r.id", " AND (l.id + r.id) % 3 <> 0",
                                      " AND (l.s <> r.s OR r.id > 1)"};
// %c: the condition.
constexpr const char* kJoins[] = {
    "SELECT l.id, r.id, l.k, r.s FROM l JOIN r ON %c",
    "SELECT l.id, r.id, r.k, l.s FROM l LEFT JOIN r ON %c",
    "SELECT l.id, r.id, l.k, r.e FROM l RIGHT JOIN r ON %c",
    "SELECT l.id, r.id, l.k, r.k FROM l FULL JOIN r ON %c",
    "SELECT l.id, l.k FROM l LEFT SEMI JOIN r ON %c",
    "SELECT l.id, l.e FROM l LEFT ANTI JOIN r ON %c",
    "SELECT r.id FROM l RIGHT SEMI JOIN r ON %c",
    "SELECT r.id FROM l RIGHT ANTI JOIN r ON %c",
    "SELECT l.id FROM l WHERE l.id = 1 OR EXISTS (SELECT 1 FROM r WHERE %c)",
    "SELECT l.id FROM l WHERE NOT EXISTS (SELECT 1 FROM r WHERE %c)",
};
constexpr std::size_t kKinds = std::size(kJoins);

struct Case {
  std::vector<Row> left;
  std::vector<Row> right;
  std::string left_type;
  std::string right_type;
  std::string key_type;
  std::string condition;
  std::string join;
};

std::string TableText(const std::string& name, const std::vector<Row>& rows,
                      const std::string& type, const std::string& key_type) {
  const auto text = [](const std::optional<std::int64_t>& value) {
    return value ? fmt::format("{}", *value) : std::string("NULL");
  };
  // One row more than there are, which a condition takes away: a table without a row stays one.
  std::string values = "(-1, 0, 0, 0)";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    values += fmt::format(", ({}, {}, {}, {})", i, text(rows[i].key), text(rows[i].start),
                          text(rows[i].end));
  }
  const auto column = [](const std::string& pattern, int number) {
    return Filled(pattern, "{}", fmt::format("column{}", number));
  };
  return fmt::format(
      "{} AS (SELECT column1 AS id, {} AS k, {} AS s, {} AS e FROM (VALUES {}) WHERE column1 >= 0)",
      name, column(key_type, 2), column(type, 3), column(type, 4), values);
}

std::string TextOf(const Case& c) {
  return fmt::format("WITH {}, {} {}", TableText("l", c.left, c.left_type, c.key_type),
                     TableText("r", c.right, c.right_type, c.key_type),
                     Filled(c.join, "%c", c.condition));
}

std::vector<Row> RandomRows(Rng& rng) {
  const auto value = [&](std::int64_t low, std::int64_t high) -> std::optional<std::int64_t> {
    if (Pick(rng, 0, 11) == 0) return std::nullopt;
    return Pick(rng, low, high);
  };
  std::vector<Row> rows(static_cast<std::size_t>(Pick(rng, 0, 9)));
  for (Row& row : rows) {
    row.key = value(0, 2);
    row.start = value(-2, 8);
    row.end = row.start && Pick(rng, 0, 3) != 0
                  ? std::optional<std::int64_t>(*row.start + Pick(rng, 0, 4))
                  : value(-2, 8);
  }
  return rows;
}

Case RandomCase(Rng& rng, const char* join) {
  Case c;
  c.left = RandomRows(rng);
  c.right = RandomRows(rng);
  c.left_type = c.right_type = OneOf(rng, kTypes);
  const bool mixed = Pick(rng, 0, 4) == 0;
  if (mixed) std::tie(c.left_type, c.right_type) = OneOf(rng, kMixedTypes);
  c.key_type = OneOf(rng, kKeyTypes);
  c.condition = OneOf(rng, kConditions);
  if (!mixed && Pick(rng, 0, 4) == 0) {
    c.left_type = c.right_type = kTypes[Pick(rng, 0, 1)];
    c.condition = OneOf(rng, kArithmetic);
  }
  if (c.condition.find(" OR ") != std::string::npos) c.condition = "(" + c.condition + ")";
  c.condition += OneOf(rng, kResiduals);
  const char* const keys[] = {"", " AND l.k = r.k", " AND l.k = r.k AND l.id % 2 = r.id % 2"};
  c.condition += OneOf(rng, keys);
  c.join = join;
  return c;
}

// 10,000 a kind of join in `make soak`.
int CasesOfAKind() { return CasesOf("LAKEGATE_RANGE_JOIN_CASES", 60); }

class RangeJoins : public ::testing::Test {
 protected:
  std::string Explained(const std::string& sql, Session& session) {
    return RowsOf(session.Sql("EXPLAIN " + sql));
  }

  TestFolder folder_;
};

class RangeJoinsOfAKind : public RangeJoins, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(RangeJoinsOfAKind, GiveTheRowsOfTheEnginesOwnJoins) {
  const std::unique_ptr<Session> stock = OpenIn(folder_, {{"range_joins", "false"}});
  const std::unique_ptr<Session> sessions[] = {
      OpenIn(folder_), OpenIn(folder_, {{"batch_rows", "2"}, {"target_partitions", "3"}}),
      OpenIn(folder_, {{"deterministic", "true"}, {"batch_rows", "3"}})};
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Rng rng(seed);
  int recognised = 0;
  for (int round = 0; round < CasesOfAKind(); ++round) {
    Case c = RandomCase(rng, kJoins[GetParam()]);
    Session& session = *sessions[Pick(rng, 0, 2)];
    if (round % 10 == 0) {
      const std::string plan = Explained(TextOf(c), session);
      recognised += plan.find("RangeJoinExec") == std::string::npos ? 0 : 1;
      ASSERT_THAT(RowsOf(stock->Sql(TextOf(c))), Not(HasSubstr("k"))) << TextOf(c);
    }
    const auto fault = [&]() -> std::string {
      const std::string expected = Sorted(RowsOf(stock->Sql(TextOf(c))));
      const std::string given = Sorted(RowsOf(session.Sql(TextOf(c))));
      if (given == expected) return "";
      return fmt::format("given:\n{}\nexpected:\n{}\n", given, expected);
    };
    if (fault().empty()) continue;
    Shrink(&c.left, fault);
    Shrink(&c.right, fault);
    FAIL() << fault() << TextOf(c) << "\n" << Explained(TextOf(c), session);
  }
  EXPECT_GT(recognised, 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, RangeJoinsOfAKind, ::testing::Range(std::size_t{0}, kKinds));

// Which statements are recognised, so that the cases above compare something.
TEST_F(RangeJoins, AreRecognised) {
  const auto session = OpenIn(folder_);
  ASSERT_OK(
      session->Register(Dataset("l", folder_.Write("l.csv", "id,k,s,e\n1,a,1,5\n2,b,3,4\n"))));
  ASSERT_OK(
      session->Register(Dataset("r", folder_.Write("r.csv", "id,k,s,e\n1,a,2,9\n2,b,4,7\n"))));
  for (const char* const join : kJoins) {
    for (const char* const key : {"", " AND l.k = r.k"}) {
      const std::string sql = Filled(join, "%c", std::string("l.s < r.e AND r.s < l.e") + key);
      EXPECT_THAT(Explained(sql, *session), HasSubstr("RangeJoinExec")) << sql;
    }
  }
  for (const char* const condition : kConditions) {
    const std::string sql = Filled(kJoins[0], "%c", condition);
    const bool none = std::string_view(condition) == "l.s < r.e AND l.e < r.e" ||
                      std::string_view(condition).find(" OR ") != std::string_view::npos;
    EXPECT_EQ(Explained(sql, *session).find("RangeJoinExec") == std::string::npos, none) << sql;
  }
  const std::string plan = Explained(
      "SELECT * FROM l JOIN r ON l.k = r.k AND l.s < r.e AND r.s < l.e AND l.id <> r.id", *session);
  EXPECT_THAT(plan, HasSubstr("RangeJoinExec: join_type=Inner, on=[(k@1, k@1)], range=["));
  EXPECT_THAT(plan, HasSubstr("filter=id@0 != id@1"));
  EXPECT_THAT(plan, Not(HasSubstr("HashJoinExec")));
}

TEST_F(RangeJoins, AreLeftAloneWhereTheyAreNone) {
  const auto session = OpenIn(folder_);
  const auto off = OpenIn(folder_, {{"range_joins", "false"}});
  const std::string path = folder_.Write("t.csv", "id,k,f,s,e\n1,a,1.5,1,5\n2,b,2.5,3,4\n");
  ASSERT_OK(session->Register(Dataset("t", path)));
  ASSERT_OK(off->Register(Dataset("t", path)));
  const std::string overlap = "SELECT a.id FROM t a JOIN t b ON a.s < b.e AND b.s < a.e";
  EXPECT_THAT(Explained(overlap, *session), HasSubstr("RangeJoinExec"));
  EXPECT_THAT(Explained(overlap, *off), Not(HasSubstr("RangeJoinExec")));
  for (const char* sql : {
           "SELECT a.id FROM t a JOIN t b ON a.s < b.e",
           "SELECT a.id FROM t a JOIN t b ON a.s < b.e AND a.e < b.e",
           "SELECT a.id FROM t a JOIN t b ON a.k < b.k AND a.k > b.k",        // texts
           "SELECT a.id FROM t a JOIN t b ON a.s + b.s < b.e AND a.e > b.s",  // both sides in one
           "SELECT a.id FROM t a JOIN t b ON a.s < b.e OR b.s < a.e",
           "SELECT a.id FROM t a JOIN t b ON a.s / b.id < 3 AND a.e > b.s",
           "SELECT a.id FROM t a JOIN t b ON a.s / 2 < b.e AND a.e > b.s / 2",        // may fail
           "SELECT a.id FROM t a JOIN t b ON a.f = b.f AND a.s < b.e AND b.s < a.e",  // two zeros
           "SELECT a.id FROM t a JOIN t b ON (a.k IS NOT DISTINCT FROM b.k) AND a.s < b.e AND "
           "b.s < a.e",
           "SELECT a.id FROM t a JOIN t b ON a.k = b.k",
           "SELECT a.id FROM t a CROSS JOIN t b",
       }) {
    const std::string plan = Explained(sql, *session);
    EXPECT_THAT(plan, HasSubstr("physical_plan")) << sql;
    EXPECT_THAT(plan, Not(HasSubstr("RangeJoinExec"))) << sql;
  }
}

TEST_F(RangeJoins, SayWhatTheyDid) {
  const auto session = OpenIn(folder_, {{"sql_policy", "admin"}});
  const std::string plan =
      RowsOf(session->Sql("EXPLAIN ANALYZE SELECT count(*) FROM range(1000) a JOIN range(2000) b "
                          "ON a.value < b.value + 2 AND b.value < a.value + 2"));
  EXPECT_THAT(plan, HasSubstr("RangeJoinExec"));
  EXPECT_THAT(plan, HasSubstr("pairs=3"));  // 3,000 less the ends
  EXPECT_THAT(plan, HasSubstr("build_input_rows=1"));
  EXPECT_THAT(plan, HasSubstr("input_rows=2"));
  EXPECT_THAT(plan, HasSubstr("build_mem_used"));
}

TEST_F(RangeJoins, KeepToTheMemoryLimit) {
  const auto session = OpenIn(folder_, {{"sql_policy", "admin"}, {"memory_limit", "64 MiB"}});
  EXPECT_EQ(RowsOf(session->Sql("SELECT count(*) FROM range(20000000) a JOIN range(30000000) b "
                                "ON a.value < b.value + 1 AND b.value < a.value + 1")),
            "kResourceLimit");
  EXPECT_EQ(RowsOf(session->Sql("SELECT count(*) FROM range(20000) a JOIN range(30000) b "
                                "ON a.value < b.value + 1 AND b.value < a.value + 1")),
            "20000\n");
}

TEST_F(RangeJoins, AreStoppedWhateverTheyFind) {
  const auto session = OpenIn(folder_, {{"sql_policy", "admin"}, {"time_limit", "300 ms"}});
  // All pairs, none of which is given.
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(RowsOf(session->Sql("SELECT count(*) FROM range(100000) a JOIN range(200000) b "
                                "ON a.value < b.value + 1000000 AND b.value < a.value + 1000000 "
                                "AND (a.value + b.value) % 7 = 8")),
            "kTimeout");
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(10));
  EXPECT_EQ(RowsOf(session->Sql("SELECT 42")), "42\n");
}

// One key with all rows, a row each for very many, one span over all, all spans the same.
TEST_F(RangeJoins, AnswerSkewedTables) {
  const auto session = OpenIn(folder_, {{"sql_policy", "admin"}});
  const std::pair<const char*, const char*> answers[] = {
      {"SELECT count(*) FROM range(300000) a JOIN range(300000) b "
       "ON a.value = b.value AND a.value - 1 < b.value AND b.value < a.value + 1",
       "300000\n"},
      {"SELECT count(*) FROM (SELECT 0 AS s, 300000 AS e) a JOIN range(300000) b "
       "ON a.s <= b.value AND b.value < a.e",
       "300000\n"},
      {"SELECT count(*) FROM (SELECT 1 AS s, 2 AS e FROM range(1000)) a "
       "JOIN (SELECT 1 AS s, 2 AS e FROM range(2000)) b ON a.s < b.e AND b.s < a.e",
       "2000000\n"},
      {"SELECT count(*) FROM (SELECT 'k' AS k, value AS s, 200000 - value AS e FROM range(100000)) "
       "a "
       "JOIN (SELECT 'k' AS k, value + 99999 AS p FROM range(3)) b "
       "ON a.k = b.k AND b.p BETWEEN a.s AND a.e",
       "300000\n"},
  };
  for (const auto& [sql, expected] : answers) EXPECT_EQ(RowsOf(session->Sql(sql)), expected) << sql;
}

}  // namespace
}  // namespace lakegate::session
