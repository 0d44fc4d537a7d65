#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::HasSubstr;

TEST(SessionSql, SelectsAConstant) {
  TestFolder folder;
  EXPECT_EQ(RowsOf(OpenIn(folder)->Sql("SELECT 1 AS one, 'a' AS text, NULL AS nothing")), "1|a|\n");
}

TEST(SessionSql, ExplainsWithoutRunning) {
  TestFolder folder;
  EXPECT_THAT(RowsOf(OpenIn(folder)->Sql("EXPLAIN SELECT 1")), HasSubstr("logical_plan"));
}

TEST(SessionSql, ReadsEveryTextFormat) {
  TestFolder folder;
  auto session = OpenIn(folder);
  ASSERT_OK(session->Register(Dataset("c", folder.Write("c.csv", "a,b\n1,x\n2,y\n"))));
  ASSERT_OK(session->Register(Dataset("t", folder.Write("t.tsv", "a\tb\n3\tz\n"))));
  ASSERT_OK(session->Register(
      Dataset("j", folder.Write("j.ndjson", "{\"a\":4,\"b\":\"v\"}\n{\"a\":5,\"b\":null}\n"))));
  EXPECT_EQ(RowsOf(session->Sql("SELECT * FROM c UNION ALL SELECT * FROM t UNION ALL "
                                "SELECT * FROM j ORDER BY a")),
            "1|x\n2|y\n3|z\n4|v\n5|\n");
}

TEST(SessionSql, ReadsAFolderOfFiles) {
  TestFolder folder;
  folder.Write("many/1.csv", "a\n1\n");
  folder.Write("many/2.csv", "a\n2\n");
  folder.Write("many/_ignored.csv", "a\n9\n");
  auto session = OpenIn(folder);
  ASSERT_OK(session->Register(Dataset("many", folder.File("many"))));
  EXPECT_EQ(RowsOf(session->Scan("many")), "1\n2\n");
}

TEST(SessionSql, BindsParametersAsValues) {
  TestFolder folder;
  auto session = OpenIn(folder);
  QueryOptions options;
  options.parameters = {{"name", std::string("x' OR '1'='1")}, {"n", std::int64_t{7}}};
  EXPECT_EQ(RowsOf(session->Sql("SELECT $name AS a, $n + 1 AS b", options)), "x' OR '1'='1|8\n");
}

TEST(SessionSql, RefusesParametersThatDoNotMatch) {
  TestFolder folder;
  auto session = OpenIn(folder);
  QueryOptions options;
  options.parameters = {{"spare", true}};
  const auto rows = session->Sql("SELECT $missing", options);
  EXPECT_KIND(rows, kInvalidArgument);
  EXPECT_THAT(rows.error().message(), HasSubstr("$missing"));
  EXPECT_THAT(rows.error().message(), HasSubstr("spare"));
}

struct Refusal {
  const char* sql;
  ErrorKind kind;
};

TEST(SessionSql, RefusesWithTheKindThatSaysTheNextMove) {
  TestFolder folder;
  auto session = OpenIn(folder);
  const Refusal refusals[] = {
      {"SELEC 1", ErrorKind::kInvalidSql},
      {"-- nothing", ErrorKind::kInvalidSql},
      {"SELECT 1; SELECT 2", ErrorKind::kSqlPolicyViolation},
      {"INSERT INTO t VALUES (1)", ErrorKind::kSqlPolicyViolation},
      {"CREATE TABLE t (a INT)", ErrorKind::kSqlPolicyViolation},
      {"COPY (SELECT 1) TO 'x.csv'", ErrorKind::kSqlPolicyViolation},
      {"SET datafusion.execution.batch_size = 1", ErrorKind::kSqlPolicyViolation},
      {"EXPLAIN ANALYZE SELECT 1", ErrorKind::kSqlPolicyViolation},
      {"SELECT * FROM '/etc/passwd'", ErrorKind::kSqlPolicyViolation},
      {"SELECT * FROM generate_series(1, 3)", ErrorKind::kSqlPolicyViolation},
      {"SELECT sum(1) OVER (ORDER BY arrow_cast('a', 'Binary'))", ErrorKind::kUnsupported},
      {"SELECT * FROM nobody", ErrorKind::kNotFound},
      {"SELECT nothing FROM (SELECT 1 AS something)", ErrorKind::kNotFound},
  };
  for (const Refusal& refusal : refusals) {
    const auto rows = session->Sql(refusal.sql);
    ASSERT_FALSE(rows.has_value()) << refusal.sql;
    EXPECT_EQ(rows.error().kind(), refusal.kind) << refusal.sql << "\n" << rows.error().ToString();
  }
}

TEST(SessionSql, NamesTheLineOfAParseError) {
  TestFolder folder;
  const auto rows = OpenIn(folder)->Sql("SELECT 1,\n  2 3 4");
  EXPECT_KIND(rows, kInvalidSql);
  const auto* position = std::get_if<SqlPosition>(&rows.error().detail());
  ASSERT_NE(position, nullptr);
  EXPECT_EQ(position->line, 2);
}

TEST(SessionSql, NamesTheNearestRelation) {
  TestFolder folder;
  auto session = OpenIn(folder);
  ASSERT_OK(session->Register(Dataset("calls", folder.Write("c.csv", "a\n1\n"))));
  const auto rows = session->Sql("SELECT * FROM cals");
  EXPECT_KIND(rows, kNotFound);
  EXPECT_THAT(rows.error().message(), HasSubstr("calls"));
}

TEST(SessionSql, JudgesViewsUnderThePolicyInForce) {
  TestFolder folder;
  auto session = OpenIn(folder);
  ASSERT_OK(session->RegisterView("v", "SELECT upper('a') AS a"));
  ASSERT_OK(session->RegisterView("w", "SELECT a FROM v"));
  EXPECT_EQ(RowsOf(session->Sql("SELECT a FROM w")), "A\n");
  QueryOptions options;
  options.policy = *SqlPolicy::Preset("read_only");
  options.policy->denied_functions = {"upper"};
  EXPECT_KIND(session->Sql("SELECT a FROM w", options), kSqlPolicyViolation);
}

TEST(SessionSql, RefusesViewsThatAreNoQuery) {
  TestFolder folder;
  auto session = OpenIn(folder);
  EXPECT_KIND(session->RegisterView("v", "SELECT $1"), kInvalidArgument);
  EXPECT_KIND(session->RegisterView("v", "EXPLAIN SELECT 1"), kInvalidArgument);
  EXPECT_KIND(session->RegisterView("v", "SELECT 1; SELECT 2"), kSqlPolicyViolation);
  EXPECT_KIND(session->RegisterView("v", "DROP TABLE t"), kSqlPolicyViolation);
  EXPECT_KIND(session->RegisterView("v", "SELECT * FROM v"), kInvalidArgument);
  ASSERT_OK(session->RegisterView("v", "SELECT 1"));
  EXPECT_KIND(session->RegisterView("v", "SELECT 2"), kAlreadyExists);
}

TEST(SessionSql, RefusesAWiderPolicy) {
  TestFolder folder;
  QueryOptions options;
  options.policy = *SqlPolicy::Preset("admin");
  EXPECT_KIND(OpenIn(folder)->Sql("SELECT 1", options), kInvalidArgument);
}

TEST(SessionSql, StopsAtTheResultLimit) {
  TestFolder folder;
  auto session = OpenIn(folder, {{"sql_max_result_rows", "10"}});
  ASSERT_OK(session->RegisterStream("numbers", Numbers(4, 5)));
  EXPECT_EQ(RowsOf(session->Sql("SELECT n FROM numbers LIMIT 2")), "0\n1\n");
  EXPECT_EQ(RowsOf(session->Sql("SELECT n FROM numbers")), "kResourceLimit");
}

TEST(SessionSql, RefusesToReadMoreThanItMayBeforeItReads) {
  const TestFolder folder;
  folder.Write("small.csv", "a\n1\n");
  folder.Write("many/1.csv", "a\n1\n");
  folder.Write("many/2.csv", "a\n2\n");
  folder.Write("large.csv", "a\n" + std::string(5'000, '7') + "\n");
  const auto session =
      OpenIn(folder, {{"sql_max_scan_bytes", "4000"}, {"sql_max_scan_files", "2"}});
  for (const char* name : {"small", "many", "large"}) {
    DatasetSpec spec;
    spec.name = name;
    spec.location.path =
        folder.File(name == std::string("many") ? "many" : name + std::string(".csv"));
    spec.location.format = DataFormat::kCsv;
    ASSERT_TRUE(session->Register(spec));
  }
  ASSERT_TRUE(session->RegisterView("through", "SELECT * FROM large"));
  const auto setting_of = [&](const std::string& sql, const QueryOptions& options = {}) {
    const auto rows = session->Sql(sql, options);
    if (rows) return std::string("allowed");
    const auto* refusal = std::get_if<PolicyViolation>(&rows.error().detail());
    return refusal == nullptr ? rows.error().ToString() : refusal->setting;
  };
  EXPECT_EQ(setting_of("SELECT * FROM small"), "allowed");
  EXPECT_EQ(setting_of("SELECT * FROM many"), "allowed");
  EXPECT_EQ(setting_of("SELECT * FROM large"), "query.scan_bytes");
  EXPECT_EQ(setting_of("SELECT 1 FROM through LIMIT 0"), "query.scan_bytes");
  EXPECT_EQ(setting_of("EXPLAIN SELECT * FROM large"), "query.scan_bytes");
  EXPECT_EQ(setting_of("SELECT * FROM small WHERE a IN (SELECT a FROM many)"), "query.scan_files");
  EXPECT_EQ(setting_of("SELECT * FROM dedupe('large', keys => ['a'])"), "query.scan_bytes");
  // A statement may ask for less, never for more.
  QueryOptions narrow;
  narrow.policy = SqlPolicy::Preset("read_only").value();
  narrow.policy->query.scan_bytes = 3;
  EXPECT_EQ(setting_of("SELECT * FROM small", narrow), "query.scan_bytes");
  EXPECT_EQ(RowsOf(session->Sql("SELECT * FROM small")), "1\n");
}

TEST(SessionSql, RefusesToReadMoreRowsThanItMayBeforeItReads) {
  TestFolder folder;
  const auto writer = OpenIn(folder);
  ASSERT_OK(writer->RegisterStream("numbers", Numbers(4, 25)));  // 0 to 99
  const auto session = OpenIn(folder, {{"sql_max_scan_rows", "150"}});
  const auto add = [&](const std::string& name, DataFormat format, const std::string& path) {
    WriteOptions write;
    write.destination.path = folder.File(path);
    write.destination.format = format;
    ASSERT_OK(writer->Write("SELECT n FROM numbers", write));
    ASSERT_OK(session->Register(Dataset(name, write.destination.path)));
  };
  add("delta", DataFormat::kDelta, "delta");
  add("parquet", DataFormat::kParquet, "n.parquet");
  add("csv", DataFormat::kCsv, "n.csv");
  const auto outcome = [&](const std::string& sql, const QueryOptions& options = {}) {
    auto rows = session->Sql(sql, options);
    if (rows) return RowsOf(std::move(rows));
    const auto* refusal = std::get_if<PolicyViolation>(&rows.error().detail());
    return refusal == nullptr ? rows.error().ToString() : refusal->setting;
  };
  for (const std::string table : {"delta", "parquet"}) {
    SCOPED_TRACE(table);
    EXPECT_EQ(outcome("SELECT sum(n) FROM " + table), "4950\n");
    EXPECT_EQ(outcome("SELECT sum(a.n) FROM " + table + " a JOIN " + table + " b USING (n)"),
              "query.scan_rows");
    QueryOptions narrow;
    narrow.policy = SqlPolicy::Preset("read_only").value();
    narrow.policy->query.scan_rows = 99;
    EXPECT_EQ(outcome("SELECT sum(n) FROM " + table, narrow), "query.scan_rows");
  }
  // A Delta log rules files out.
  QueryOptions none;
  none.policy = SqlPolicy::Preset("read_only").value();
  none.policy->query.scan_rows = 1;
  EXPECT_EQ(outcome("SELECT n FROM delta WHERE n = 101", none), "");
  // No statistics, no estimate.
  EXPECT_EQ(outcome("SELECT sum(a.n + b.n) FROM csv a JOIN csv b USING (n)"), "9900\n");
}

TEST(SessionSql, StopsWhenCancelled) {
  TestFolder folder;
  auto session = OpenIn(folder);
  ASSERT_OK(session->RegisterStream("numbers", Numbers(4, 5)));
  QueryOptions options;
  options.cancel.Cancel();
  EXPECT_EQ(RowsOf(session->Sql("SELECT n FROM numbers", options)), "kCancelled");
}

TEST(SessionSql, SplitsByTheEnginesTokeniser) {
  TestFolder folder;
  const auto statements =
      OpenIn(folder)->Split("SELECT ';' -- ; no\n; /* ; */ SELECT 2;;\n-- end\n");
  ASSERT_OK(statements);
  ASSERT_EQ(statements->size(), 2U);
  EXPECT_THAT((*statements)[1], HasSubstr("SELECT 2"));
}

TEST(SessionSql, StreamsOutliveTheSession) {
  TestFolder folder;
  auto session = OpenIn(folder);
  ASSERT_OK(session->RegisterStream("numbers", Numbers(2, 2)));
  auto rows = session->Sql("SELECT n FROM numbers");
  session.reset();
  EXPECT_EQ(RowsOf(std::move(rows)), "0\n1\n2\n3\n");
}

TEST(SessionSql, RunsOnManyThreads) {
  TestFolder folder;
  auto session = OpenIn(folder);
  ASSERT_OK(session->RegisterStream("numbers", Numbers(10, 100)));
  std::vector<std::thread> threads;
  std::vector<std::string> sums(8);
  for (std::string& sum : sums) {
    threads.emplace_back(
        [&] { sum = RowsOf(session->Sql("SELECT sum(n) AS total FROM numbers")); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& sum : sums) EXPECT_EQ(sum, "499500\n");
}

TEST(SessionJudge, TellsWithoutASession) {
  const auto judgement = Session::Judge("SELECT a FROM x JOIN y ON x.i = y.i WHERE a > $1");
  ASSERT_OK(judgement);
  EXPECT_FALSE(judgement->refusal.has_value());
  ASSERT_EQ(judgement->statements.size(), 1U);
  EXPECT_EQ(judgement->statements[0].relations, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(judgement->statements[0].placeholders, (std::vector<std::string>{"$1"}));
}

TEST(SessionJudge, KeepsTheRefusal) {
  const auto judgement = Session::Judge("DROP TABLE x");
  ASSERT_OK(judgement);
  ASSERT_TRUE(judgement->refusal.has_value());
  EXPECT_EQ(judgement->refusal->kind(), ErrorKind::kSqlPolicyViolation);
}

// Four million rows in an order of their own need more than 64 MiB.
constexpr std::string_view kLargeSort =
    "SELECT sum(r) AS s FROM (SELECT row_number() OVER (ORDER BY v % 997, v DESC) AS r, v FROM "
    "(SELECT a.v * 2000 + b.v AS v FROM (SELECT unnest(range(0, 2000)) AS v) a, "
    "(SELECT unnest(range(0, 2000)) AS v) b)) WHERE v % 1000 = 5";

// But for the lock of the spill area.
std::int64_t FilesBelow(const std::string& folder) {
  std::int64_t files = 0;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const bool counts = entry.is_regular_file() && entry.path().filename() != "owner.lock";
    files += counts ? 1 : 0;
  }
  return files;
}

TEST(SessionSql, SpillsNothingWhereTheLimitIsNone) {
  const TestFolder folder;
  const auto session = OpenIn(folder, {{"memory_limit", "64 MiB"}, {"spill_limit", "0 B"}});
  EXPECT_EQ(RowsOf(session->Sql(kLargeSort)), "kResourceLimit");
  EXPECT_EQ(FilesBelow(folder.File("spill")), 0);
  // The same statement is answered where it may spill, as with room in memory.
  const TestFolder other;
  const auto spilling = OpenIn(other, {{"memory_limit", "64 MiB"}});
  EXPECT_EQ(RowsOf(spilling->Sql(kLargeSort)), RowsOf(OpenIn(other)->Sql(kLargeSort)));
}

}  // namespace
}  // namespace lakegate::session
