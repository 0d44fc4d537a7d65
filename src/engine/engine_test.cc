#include "engine/engine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "engine/statement.h"
#include "engine/test_rows.h"

namespace lakegate::engine {
namespace {

std::ptrdiff_t EntriesOf(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder),
                       std::filesystem::directory_iterator());
}

TEST(EngineOptions, RefusesNegativeSettings) {
  EngineOptions options;
  options.memory_limit_bytes = -1;
  const auto engine = Engine::Open(options);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_NE(engine.error().message().find("memory_limit"), std::string::npos);
}

TEST(Engine, RefusesASpillDirectoryThatCannotBeMade) {
  EngineOptions options;
  options.spill_directory = "/proc/no/such/place";
  const auto engine = Engine::Open(options);
  ASSERT_FALSE(engine);
  EXPECT_TRUE(engine.error().kind() == ErrorKind::kIo ||
              engine.error().kind() == ErrorKind::kNotFound)
      << engine.error().ToString();
}

TEST(Engine, SaysItsVersions) {
  const auto versions = BridgeVersions();
  ASSERT_TRUE(versions) << versions.error().ToString();
  EXPECT_NE(versions->find("datafusion"), std::string::npos);
  EXPECT_NE(versions->find("deltalake"), std::string::npos);
}

TEST(BridgeFence, PanicComesBackAndTheNextQueryWorks) {
  const auto engine = OpenTestEngine();
  testing::internal::CaptureStderr();
  const Status panicked = PanicForTest();
  // The error says it all; a library writes to nobody's terminal.
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  ASSERT_FALSE(panicked);
  EXPECT_EQ(panicked.error().kind(), ErrorKind::kInternal);
  auto session = EngineSession::Open(engine);
  ASSERT_TRUE(session);
  const auto rows = IntegersOf(*session, "SELECT 1");
  ASSERT_TRUE(rows) << rows.error().ToString();
  EXPECT_EQ(*rows, std::vector<std::int64_t>{1});
}

TEST(BridgeFence, PanicInsideGetNextComesBackAndStays) {
  auto stream = PanicStreamForTest();
  ASSERT_TRUE(stream) << stream.error().ToString();
  auto first = (*stream)->Next();
  ASSERT_TRUE(first) << first.error().ToString();
  EXPECT_TRUE(first->has_value());
  for (int again = 0; again < 2; ++again) {
    auto second = (*stream)->Next();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind(), ErrorKind::kInternal);
  }
  auto session = EngineSession::Open(OpenTestEngine());
  ASSERT_TRUE(session);
  EXPECT_TRUE(IntegersOf(*session, "SELECT 1"));
}

// Memory is the leak checker's at exit; threads and descriptors are counted here.
TEST(Engine, AThousandCyclesLeakNothing) {
  const auto cycle = [] {
    EngineOptions options;
    options.worker_threads = 1;
    auto engine = Engine::Open(options);
    ASSERT_TRUE(engine) << engine.error().ToString();
    auto session = EngineSession::Open(*engine);
    ASSERT_TRUE(session);
    ASSERT_TRUE(session->PlanStatement("SELECT 1"));
    ASSERT_FALSE(session->PlanStatement("SELECT nothing FROM nowhere"));
  };
  cycle();
  const auto threads = EntriesOf("/proc/self/task");
  const auto descriptors = EntriesOf("/proc/self/fd");
  for (int i = 0; i < 1000; ++i) cycle();
  // The last planning thread may still be on its way out; a leak would be a thousand of them.
  for (int i = 0; i < 1000 && EntriesOf("/proc/self/task") > threads; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_LE(EntriesOf("/proc/self/task"), threads);
  EXPECT_LE(EntriesOf("/proc/self/fd"), descriptors);
}

TEST(Engine, AStreamOutlivesEverythingItCameFrom) {
  Result<ArrowStream> stream = Error(ErrorKind::kInternal, "not made");
  {
    auto session = EngineSession::Open(OpenTestEngine());
    ASSERT_TRUE(session);
    ASSERT_TRUE(session->AddStream("t", *IdNameSchema(), [] { return IdNameStream(3, 4); }));
    auto plan = session->PlanStatement("SELECT id FROM t");
    ASSERT_TRUE(plan) << plan.error().ToString();
    stream = plan->Execute();
    ASSERT_TRUE(stream) << stream.error().ToString();
  }
  const auto rows = Integers(*stream);
  ASSERT_TRUE(rows) << rows.error().ToString();
  EXPECT_EQ(rows->size(), 12u);
}

}  // namespace
}  // namespace lakegate::engine
