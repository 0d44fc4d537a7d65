#include "engine/statement.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

#include "engine/test_rows.h"

namespace lakegate::engine {
namespace {

class Statement : public ::testing::Test {
 protected:
  EngineSession Open() {
    auto session = EngineSession::Open(engine_);
    EXPECT_TRUE(session) << session.error().ToString();
    return *std::move(session);
  }
  void ExpectRefused(EngineSession& session, std::string_view sql, ErrorKind kind) {
    const auto rows = IntegersOf(session, sql);
    ASSERT_FALSE(rows) << sql;
    EXPECT_EQ(rows.error().kind(), kind) << sql << ": " << rows.error().ToString();
  }

  std::shared_ptr<Engine> engine_ = OpenTestEngine();
};

TEST_F(Statement, ReadsAHostStream) {
  auto session = Open();
  ASSERT_TRUE(session.AddStream("t", *IdNameSchema(), [] { return IdNameStream(4, 100); }));
  const auto rows = IntegersOf(session, "SELECT id FROM t WHERE id >= 10 AND name IS NOT NULL");
  ASSERT_TRUE(rows) << rows.error().ToString();
  EXPECT_EQ(rows->size(), 312u);
  EXPECT_EQ(rows->front(), 10);
}

TEST_F(Statement, ASelfJoinOpensAHostStreamTwice) {
  auto session = Open();
  const auto opened = std::make_shared<std::atomic<int>>(0);
  ASSERT_TRUE(session.AddStream("t", *IdNameSchema(), [opened] {
    ++*opened;
    return IdNameStream(2, 10);
  }));
  const auto rows = IntegersOf(session, "SELECT count(*) FROM t a JOIN t b ON a.id = b.id");
  ASSERT_TRUE(rows) << rows.error().ToString();
  EXPECT_EQ(rows->front(), 20);
  EXPECT_EQ(opened->load(), 2);
}

TEST_F(Statement, KeepsTheOrderOfOrderedInputs) {
  auto session = Open();
  ASSERT_TRUE(session.AddStream("t", *IdNameSchema(), [] { return IdNameStream(50, 1000); }));
  std::vector<std::int64_t> expected(50'000);
  std::iota(expected.begin(), expected.end(), 0);
  const auto rows = IntegersOf(session, "SELECT id FROM t");
  ASSERT_TRUE(rows);
  EXPECT_EQ(*rows, expected);
}

TEST_F(Statement, BindsParametersAsValues) {
  auto session = Open();
  auto plan = session.PlanStatement("SELECT $n + 1, $s",
                                    {{"n", std::int64_t{41}}, {"s", std::string("'; DROP")}});
  ASSERT_TRUE(plan) << plan.error().ToString();
  auto stream = plan->Execute();
  ASSERT_TRUE(stream);
  auto batch = (*stream)->Next();
  ASSERT_TRUE(batch && *batch);
  auto view = columnar::BatchView::Open((*stream)->schema(), ***batch);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->column(0).Int64(0), 42);
  EXPECT_EQ(view->column(1).Bytes(0), "'; DROP");
}

TEST_F(Statement, RefusesAMissingParameter) {
  auto session = Open();
  const auto plan = session.PlanStatement("SELECT $n + 1");
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind(), ErrorKind::kInvalidArgument) << plan.error().ToString();
}

TEST_F(Statement, RefusesWhatIsNotThere) {
  auto session = Open();
  ASSERT_TRUE(session.AddStream("t", *IdNameSchema(), [] { return IdNameStream(1, 1); }));
  ExpectRefused(session, "SELECT * FROM nowhere", ErrorKind::kNotFound);
  ExpectRefused(session, "SELECT missing FROM t", ErrorKind::kNotFound);
  ExpectRefused(session, "SELEC 1", ErrorKind::kInvalidSql);
  ExpectRefused(session, "SELECT (id FROM t", ErrorKind::kInvalidSql);
  ExpectRefused(session, "SELECT 1; SELECT 2", ErrorKind::kInvalidSql);
}

TEST_F(Statement, ParseErrorSaysWhere) {
  auto session = Open();
  const auto plan = session.PlanStatement("SELECT (1\n  2");
  ASSERT_FALSE(plan);
  ASSERT_EQ(plan.error().kind(), ErrorKind::kInvalidSql);
  const auto* position = std::get_if<SqlPosition>(&plan.error().detail());
  ASSERT_NE(position, nullptr) << plan.error().ToString();
  EXPECT_EQ(position->line, 2);
}

TEST_F(Statement, RefusesANameInUse) {
  auto session = Open();
  ASSERT_TRUE(session.AddStream("t", *IdNameSchema(), [] { return IdNameStream(1, 1); }));
  const Status again = session.AddView("t", "SELECT 1");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), ErrorKind::kAlreadyExists);
}

TEST_F(Statement, NamesAreTakenAsTheyAre) {
  auto session = Open();
  ASSERT_TRUE(
      session.AddStream("Mixed Case.x", *IdNameSchema(), [] { return IdNameStream(1, 3); }));
  const auto rows = IntegersOf(session, "SELECT count(*) FROM \"Mixed Case.x\"");
  ASSERT_TRUE(rows) << rows.error().ToString();
  EXPECT_EQ(rows->front(), 3);
}

TEST_F(Statement, AViewIsExpandedInThePlanFacts) {
  auto session = Open();
  ASSERT_TRUE(session.AddStream("t", *IdNameSchema(), [] { return IdNameStream(1, 3); }));
  ASSERT_TRUE(session.AddView("v", "SELECT id FROM t WHERE id > 0"));
  auto plan = session.PlanStatement("SELECT sum(id) FROM v");
  ASSERT_TRUE(plan) << plan.error().ToString();
  const auto facts = plan->Facts();
  ASSERT_TRUE(facts);
  EXPECT_NE(facts->find("table_scan"), std::string::npos) << *facts;
  EXPECT_NE(facts->find("\"t\""), std::string::npos) << *facts;
}

TEST_F(Statement, AHostStreamsErrorArrivesUnchanged) {
  const Error expected(ErrorKind::kConstraintViolation, "A row breaks a check.",
                       ConstraintViolation{"span", 3, {"a", "b"}});
  auto session = Open();
  ASSERT_TRUE(session.AddStream("t", *IdNameSchema(), [expected]() -> Result<ArrowStream> {
    return ArrowStream(std::make_unique<FailingStream>(2, expected));
  }));
  const auto rows = IntegersOf(session, "SELECT id FROM t ORDER BY id");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error(), expected) << rows.error().ToString();
}

TEST_F(Statement, AFactorysErrorArrivesUnchanged) {
  const Error expected(ErrorKind::kCorruptData, "The spilled rows are gone.",
                       FilePosition{"/tmp/x", 7});
  auto session = Open();
  ASSERT_TRUE(session.AddStream("t", *IdNameSchema(),
                                [expected]() -> Result<ArrowStream> { return expected; }));
  const auto rows = IntegersOf(session, "SELECT id FROM t");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error(), expected) << rows.error().ToString();
}

TEST_F(Statement, AFailedStreamStaysFailed) {
  auto session = Open();
  auto plan = session.PlanStatement(
      "SELECT CAST('x' || CAST(value AS VARCHAR) AS INT) "
      "FROM generate_series(1, 3)");
  ASSERT_TRUE(plan) << plan.error().ToString();
  auto stream = plan->Execute();
  ASSERT_TRUE(stream);
  const auto first = Integers(*stream);
  ASSERT_FALSE(first);
  const auto again = (*stream)->Next();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(), first.error());
}

TEST_F(Statement, CancelEndsARunningQuery) {
  auto session = Open();
  const CancelToken cancel;
  auto plan = session.PlanStatement(
      "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b "
      "WHERE a.value + b.value = -1");
  ASSERT_TRUE(plan) << plan.error().ToString();
  auto stream = plan->Execute(0, cancel);
  ASSERT_TRUE(stream);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel.Cancel();
  });
  const auto rows = Integers(*stream);
  later.join();
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind(), ErrorKind::kCancelled) << rows.error().ToString();
}

TEST_F(Statement, ASetTokenStopsPlanning) {
  auto session = Open();
  const CancelToken cancel;
  cancel.Cancel();
  const auto plan = session.PlanStatement("SELECT 1", {}, 0, cancel);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind(), ErrorKind::kCancelled);
}

TEST_F(Statement, ATimeLimitIsATimeout) {
  auto session = Open();
  auto plan = session.PlanStatement(
      "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b "
      "WHERE a.value + b.value = -1");
  ASSERT_TRUE(plan);
  auto stream = plan->Execute(30);
  ASSERT_TRUE(stream);
  const auto rows = Integers(*stream);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind(), ErrorKind::kTimeout) << rows.error().ToString();
  EXPECT_NE(rows.error().message().find("time_limit"), std::string::npos);
}

TEST_F(Statement, AMemoryLimitIsAResourceLimit) {
  EngineOptions options;
  options.worker_threads = 1;
  options.memory_limit_bytes = 4 << 20;
  auto engine = Engine::Open(options);
  ASSERT_TRUE(engine);
  auto session = EngineSession::Open(*engine);
  ASSERT_TRUE(session);
  const auto rows = IntegersOf(
      *session, "SELECT value FROM generate_series(1, 5000000) ORDER BY value % 1000, value");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind(), ErrorKind::kResourceLimit) << rows.error().ToString();
  EXPECT_NE(rows.error().message().find("memory_limit"), std::string::npos);
}

// Run under the thread sanitizer too.
TEST_F(Statement, ThirtyTwoThreadsQueryOneEngine) {
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 32; ++i) {
    threads.emplace_back([&, i] {
      auto session = EngineSession::Open(engine_);
      if (!session) return;
      if (!session->AddStream("t", *IdNameSchema(), [] { return IdNameStream(8, 50); })) return;
      for (int round = 0; round < 4; ++round) {
        const auto rows =
            IntegersOf(*session, "SELECT id FROM t WHERE id % 32 = " + std::to_string(i));
        if (rows && rows->size() >= 12 && rows->front() == i) ++right;
        if (!session->PlanStatement("SELECT nothing FROM t")) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right.load(), 32 * 4 * 2);
}

TEST(ParametersJson, SpellsEveryType) {
  EXPECT_EQ(ParametersJson({{"a", std::monostate()},
                            {"b", true},
                            {"c", std::int64_t{-5}},
                            {"d", 0.1},
                            {"e", std::string("x\"y")}}),
            R"({"a":{"type":"null","value":""},"b":{"type":"boolean","value":"true"},)"
            R"("c":{"type":"int64","value":"-5"},"d":{"type":"float64","value":"0.1"},)"
            R"("e":{"type":"utf8","value":"x\"y"}})");
}

}  // namespace
}  // namespace lakegate::engine
