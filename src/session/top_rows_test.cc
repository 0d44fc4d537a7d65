// The first row of each group by the dedupe kernel against the engine's own window functions.
#include "session/top_rows.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "session/random_statements.h"
#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kKeys[] = {
    "a",
    "CAST(a AS VARCHAR)",
    "arrow_cast(CAST(a AS VARCHAR), 'Dictionary(Int32, Utf8)')",
    "a > 1",
    "CAST(a AS DECIMAL(9, 2))",
    "arrow_cast(a, 'Timestamp(Second, None)')",
    "arrow_cast(a, 'Duration(Second)')",
    "arrow_cast(arrow_cast(a, 'Int32'), 'Time32(Second)')",
    "arrow_cast(a, 'Decimal256(40, 3)')",
    "arrow_cast(CAST(a AS VARCHAR), 'Utf8View')",
    "arrow_cast(arrow_cast(CAST(a AS VARCHAR), 'Binary'), 'FixedSizeBinary(1)')",
    "CAST(a AS DOUBLE)",  // left to the engine
};
constexpr const char* kOrders[] = {
    "b",
    "CAST(b AS VARCHAR)",
    "CASE WHEN b = 2 THEN -0.0 WHEN b = 3 THEN 0.0 WHEN b = 4 THEN 'NaN'::DOUBLE ELSE b / -2.0 END",
    "arrow_cast(CAST(b AS DOUBLE), 'Float32')",
    "arrow_cast(b, 'UInt64')",
    "arrow_cast(b, 'Decimal256(40, 3)')",
    "arrow_cast(CAST(b AS VARCHAR), 'LargeUtf8')",
    "arrow_cast(CAST(b AS VARCHAR), 'Utf8View')",
    "CAST(b AS DECIMAL(9, 1))",
    "b % 2 = 0",
    "arrow_cast(arrow_cast(b, 'Int32'), 'Date32')",
    "arrow_cast(CAST(b AS VARCHAR), 'Dictionary(Int32, Utf8)')",
};
// %w: the window.
constexpr const char* kStatements[] = {
    "SELECT * FROM (SELECT *, row_number() OVER (%w) AS rn FROM t) WHERE rn = 1",
    "SELECT id, c, rn FROM (SELECT *, row_number() OVER (%w) AS rn FROM t) WHERE rn <= 1",
    "SELECT rn, k FROM (SELECT k, row_number() OVER (%w) AS rn, c FROM t) WHERE 2 > rn",
    "SELECT id FROM (SELECT *, row_number() OVER (%w) AS rn FROM t) WHERE rn = 1 AND c > 2",
    "SELECT id, k FROM t QUALIFY row_number() OVER (%w) = 1",
    "SELECT count(*), sum(id) FROM (SELECT *, row_number() OVER (%w) AS rn FROM t) WHERE 1 = rn",
    "SELECT x.id, y.id FROM (SELECT *, row_number() OVER (%w) AS rn FROM t) x JOIN t y "
    "ON x.k = y.k WHERE x.rn = 1",
    // Not the first ones.
    "SELECT id, rn FROM (SELECT *, row_number() OVER (%w) AS rn FROM t) WHERE rn = 2",
    "SELECT id, rn FROM (SELECT *, row_number() OVER (%w) AS rn FROM t) WHERE rn <= 2",
    "SELECT id, r FROM (SELECT *, rank() OVER (%w) AS r FROM t) WHERE r = 1",
};

std::string RandomStatement(Rng& rng) {
  const auto value = [&](std::int64_t high) {
    return Pick(rng, 0, 7) == 0 ? std::string("NULL") : std::to_string(Pick(rng, 0, high));
  };
  std::string values = "(-1, 0, 0, 0)";
  const std::int64_t rows = Pick(rng, 0, 14);
  for (std::int64_t i = 0; i < rows; ++i) {
    values += fmt::format(", ({}, {}, {}, {})", i, value(2), value(5), value(5));
  }
  const std::string table = fmt::format(
      "WITH v AS (SELECT column1 AS id, CAST(column2 AS BIGINT) AS a, CAST(column3 AS BIGINT) AS "
      "b, "
      "CAST(column4 AS BIGINT) AS c FROM (VALUES {}) WHERE column1 >= 0), "
      "t AS (SELECT id, {} AS k, {} AS o, c, id % 2 AS p FROM v) ",
      values, OneOf(rng, kKeys), OneOf(rng, kOrders));
  const char* const directions[] = {
      "", " DESC", " NULLS FIRST", " NULLS LAST", " DESC NULLS FIRST", " DESC NULLS LAST"};
  const char* const partitions[] = {"k", "k, p", "p, k"};
  // Down to the last tie: which of equal rows comes first is nobody's promise.
  const std::string window =
      fmt::format("PARTITION BY {} ORDER BY o{}, c{}, id{}", OneOf(rng, partitions),
                  OneOf(rng, directions), OneOf(rng, directions), Pick(rng, 0, 1) ? "" : " DESC");
  return table + Filled(OneOf(rng, kStatements), "%w", window);
}

// 10,000 in `make soak`.
int Cases() { return CasesOf("LAKEGATE_TOP_ROWS_CASES", 300); }

class TopRows : public ::testing::Test {
 protected:
  static std::string Explained(const std::string& sql, Session& session) {
    return RowsOf(session.Sql("EXPLAIN " + sql));
  }

  TestFolder folder_;
};

TEST_F(TopRows, AreThoseOfTheEnginesOwnWindows) {
  const auto stock = OpenIn(folder_, {{"top_rows", "false"}});
  const std::unique_ptr<Session> sessions[] = {
      OpenIn(folder_), OpenIn(folder_, {{"batch_rows", "2"}, {"target_partitions", "3"}}),
      OpenIn(folder_, {{"deterministic", "true"}, {"batch_rows", "3"}})};
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Rng rng(seed);
  int recognised = 0;
  for (int round = 0; round < Cases(); ++round) {
    const std::string sql = RandomStatement(rng);
    Session& session = *sessions[Pick(rng, 0, 2)];
    const std::string expected = Sorted(RowsOf(stock->Sql(sql)));
    ASSERT_EQ(Sorted(RowsOf(session.Sql(sql))), expected) << sql << "\n" << Explained(sql, session);
    ASSERT_THAT(expected, Not(HasSubstr("kI"))) << sql;  // kInvalidSql, kInternal
    if (round % 10 == 0) {
      recognised += Explained(sql, session).find("TopRowsExec") == std::string::npos ? 0 : 1;
    }
  }
  EXPECT_GT(recognised, 0);
}

TEST_F(TopRows, AreRecognised) {
  const auto session = OpenIn(folder_);
  const auto off = OpenIn(folder_, {{"top_rows", "false"}});
  const std::string path = folder_.Write("t.csv", "id,k,f,o,c\n1,a,1.5,1,5\n2,b,2.5,3,4\n");
  ASSERT_OK(session->Register(Dataset("t", path)));
  ASSERT_OK(off->Register(Dataset("t", path)));
  const std::string window = "PARTITION BY k ORDER BY f DESC, o";
  for (std::size_t i = 0; i < std::size(kStatements); ++i) {
    const std::string sql = Filled(kStatements[i], "%w", window);
    const bool first = i + 3 < std::size(kStatements);
    EXPECT_EQ(Explained(sql, *session).find("TopRowsExec") != std::string::npos, first) << sql;
    EXPECT_THAT(Explained(sql, *off), Not(HasSubstr("TopRowsExec"))) << sql;
  }
  const std::string plan = Explained(
      "SELECT id FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY f DESC, o) = 1",
      *session);
  EXPECT_THAT(plan, HasSubstr("TopRowsExec: keys=[k@"));
  EXPECT_THAT(plan, Not(HasSubstr("SortExec")));
  EXPECT_THAT(plan, Not(HasSubstr("BoundedWindowAggExec")));
  for (const char* sql : {
           "SELECT id FROM t QUALIFY row_number() OVER (ORDER BY f) = 1",
           "SELECT id FROM t QUALIFY row_number() OVER (PARTITION BY f ORDER BY o) = 1",
           "SELECT id FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY o) = c",
           "SELECT id FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY o) = 1 OR c = 1",
           "SELECT id, n FROM (SELECT id, row_number() OVER (PARTITION BY k ORDER BY o) AS n, "
           "sum(o) OVER (PARTITION BY k ORDER BY o) AS s FROM t) WHERE n = 1 AND s > 0",
       }) {
    const std::string left_alone = Explained(sql, *session);
    EXPECT_THAT(left_alone, HasSubstr("physical_plan")) << sql;
    EXPECT_THAT(left_alone, Not(HasSubstr("TopRowsExec"))) << sql;
  }
}

TEST_F(TopRows, NeedMemoryForTheGroupsAlone) {
  const auto session = OpenIn(folder_, {{"sql_policy", "admin"}, {"memory_limit", "64 MiB"}});
  const auto rows_of = [&](const char* groups) {
    return RowsOf(session->Sql(fmt::format(
        "SELECT count(*), min(v), max(v) FROM (SELECT *, row_number() OVER (PARTITION BY k ORDER "
        "BY v "
        "DESC) AS n FROM (SELECT value % {} AS k, value AS v FROM range(6000000))) WHERE n = 1",
        groups)));
  };
  EXPECT_EQ(rows_of("1000"), "1000|5999000|5999999\n");
  EXPECT_EQ(rows_of("5000000"), "kResourceLimit");
  const auto sorting =
      OpenIn(folder_, {{"sql_policy", "admin"}, {"memory_limit", "64 MiB"}, {"top_rows", "false"}});
  EXPECT_EQ(
      RowsOf(sorting->Sql(
          "SELECT count(*) FROM (SELECT *, row_number() OVER (PARTITION BY k ORDER BY v) AS n "
          "FROM (SELECT value % 400000 AS k, value AS v FROM range(800000))) WHERE n = 1")),
      "400000\n");
  EXPECT_EQ(RowsOf(session->Sql("SELECT 42")), "42\n");
}

TEST_F(TopRows, FailAsTheirInputDoes) {
  const auto session = OpenIn(folder_);
  ASSERT_OK(session->Register(Dataset("t", folder_.Write("t.csv", "k,v\n1,2\n1,0\n"))));
  const auto rows = session->Sql(
      "SELECT k FROM (SELECT k, 10 / v AS q FROM t) QUALIFY row_number() OVER (PARTITION BY k "
      "ORDER "
      "BY q) = 1");
  const auto failed = rows ? (*rows)->Next() : Result<std::optional<OwnedArray>>(rows.error());
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("ivide by zero"));
  QueryOptions cancelled;
  cancelled.cancel.Cancel();
  EXPECT_EQ(
      RowsOf(session->Sql(
          "SELECT k FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY v) = 1", cancelled)),
      "kCancelled");
}

TEST_F(TopRows, AreStoppedInTheMiddle) {
  const auto session = OpenIn(folder_, {{"sql_policy", "admin"}, {"time_limit", "200 ms"}});
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(
      RowsOf(session->Sql(
          "SELECT count(*) FROM (SELECT *, row_number() OVER (PARTITION BY k ORDER BY v) AS n "
          "FROM (SELECT value % 7 AS k, value AS v FROM range(2000000000))) WHERE n = 1")),
      "kTimeout");
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(20));
  EXPECT_EQ(RowsOf(session->Sql("SELECT 42")), "42\n");
}

}  // namespace
}  // namespace lakegate::session
