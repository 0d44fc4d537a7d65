#include "observe/run_recorder.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/temporary_directory_for_test.h"
#include "base/uuid.h"

namespace lakegate::observe {
namespace {

constexpr std::int64_t kNow = 1'790'000'000'000;

class RunRecorderTest : public testing::Test {
 protected:
  RunRecorderOptions Options() {
    RunRecorderOptions options;
    options.run_id = base::MakeUuidV7(clock_, random_).ToString();
    options.job = "call-map";
    options.run_directory = directory_ / "runs";
    options.profile_fingerprint = "f00d";
    options.versions = {{"lakegate", "0.1.0"}};
    options.durability = base::Durability::kCached;
    return options;
  }
  std::unique_ptr<RunRecorder> Start(RunRecorderOptions options,
                                     std::vector<std::unique_ptr<RecordedEventSink>> sinks = {}) {
    auto recorder = RunRecorder::Start(std::move(options), clock_, std::move(sinks));
    EXPECT_TRUE(recorder) << recorder.error().ToString();
    return std::move(recorder).value();
  }
  RunRecord OnDisk(const RunRecorder& recorder) {
    return ParseRunRecord(base::ReadFile(recorder.path(), 1 << 20).value()).value();
  }

  base::TemporaryDirectory directory_;
  base::ManualClock clock_{kNow};
  base::SeededRandom random_{5};
};

TEST_F(RunRecorderTest, TellsAllOfACompletedRun) {
  auto recorder = Start(Options());
  recorder->AddInput({"calls", "calls.csv", "csv", -1, "d1"});
  recorder->Emit(StepStarted{"dedupe", "kernel"});
  clock_.AdvanceMs(40);
  recorder->Emit(StepFinished{"dedupe", RunStatus::kCompleted, 10, 200});
  recorder->AddOutput({"call_map", "out/call_map", R"({"rows":10})"});
  clock_.AdvanceMs(2);
  ASSERT_TRUE(recorder->Finish(RunStatus::kCompleted));

  const RunRecord record = OnDisk(*recorder);
  EXPECT_EQ(record, recorder->Record());
  EXPECT_EQ(record.status, RunStatus::kCompleted);
  EXPECT_EQ(record.started_at_ms, kNow);
  EXPECT_EQ(record.ended_at_ms, kNow + 42);
  EXPECT_EQ(record.versions.at("lakegate"), "0.1.0");
  ASSERT_EQ(record.steps.size(), 1u);
  EXPECT_EQ(record.steps[0].rows, 10);
  EXPECT_EQ(record.steps[0].duration_ms, 40);
  EXPECT_EQ(record.outputs[0].receipt_json, R"({"rows":10})");
  EXPECT_EQ(record.events.front().type, "run_started");
  EXPECT_EQ(record.events.back().type, "run_finished");
  for (std::size_t i = 0; i < record.events.size(); ++i) {
    EXPECT_EQ(record.events[i].sequence, static_cast<std::int64_t>(i) + 1);
  }
}

TEST_F(RunRecorderTest, SaysWhereAKilledRunWas) {
  auto recorder = Start(Options());
  EXPECT_EQ(OnDisk(*recorder).events.size(), 1u);
  recorder->Emit(StepStarted{"align", "kernel"});
  // Nobody calls Finish: this is what a killed process leaves.
  const RunRecord record = OnDisk(*recorder);
  EXPECT_EQ(record.status, RunStatus::kRunning);
  EXPECT_EQ(record.ended_at_ms, -1);
  EXPECT_EQ(record.steps.back().name, "align");
  EXPECT_EQ(record.steps.back().status, RunStatus::kRunning);
}

TEST_F(RunRecorderTest, KeepsTheErrorOfAFailedRunAndTheStepItFailedIn) {
  auto recorder = Start(Options());
  recorder->Emit(StepStarted{"read", "dataset"});
  recorder->Emit(StepFinished{"read"});
  recorder->Emit(StepStarted{"align", "kernel"});
  ASSERT_TRUE(recorder->Finish(RunStatus::kFailed, Error(ErrorKind::kNotFound, "No column.")));
  const RunRecord record = OnDisk(*recorder);
  EXPECT_EQ(record.status, RunStatus::kFailed);
  EXPECT_EQ(record.steps[0].status, RunStatus::kCompleted);
  EXPECT_EQ(record.steps[1].status, RunStatus::kFailed);
  EXPECT_EQ(nlohmann::json::parse(record.error_json).at("kind"), "kNotFound");
  EXPECT_EQ(record.events.back().fields_json, R"({"status":"failed","error_kind":"kNotFound"})");
}

TEST_F(RunRecorderTest, ChangesNothingAfterTheEnd) {
  auto recorder = Start(Options());
  ASSERT_TRUE(recorder->Finish(RunStatus::kCancelled));
  const RunRecord before = recorder->Record();
  recorder->Emit(StepStarted{"late", "kernel"});
  recorder->AddInput({});
  recorder->AddOutput({});
  ASSERT_TRUE(recorder->Finish(RunStatus::kCompleted));
  EXPECT_EQ(recorder->Record(), before);
  EXPECT_EQ(OnDisk(*recorder), before);
}

TEST_F(RunRecorderTest, KeepsNoLiteralUnlessAsked) {
  const std::string sql = "SELECT * FROM t WHERE token = 'canary-7f3a' AND n = 42";
  std::vector<std::string> seen;
  std::vector<std::unique_ptr<RecordedEventSink>> sinks;
  sinks.push_back(MakeCallbackSink(
      [&](const std::string&, const RunEvent& event) { seen.push_back(event.fields_json); }));
  auto recorder = Start(Options(), std::move(sinks));
  recorder->Emit(StatementGuarded{sql, "read_only"});
  ASSERT_TRUE(recorder->Finish(RunStatus::kCompleted));
  const std::string text = base::ReadFile(recorder->path(), 1 << 20).value();
  EXPECT_EQ(text.find("canary"), std::string::npos);
  EXPECT_NE(text.find("token = ? AND n = ?"), std::string::npos);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[1].find("canary"), std::string::npos);

  RunRecorderOptions verbatim = Options();
  verbatim.statement_text = StatementText::kVerbatim;
  auto asked = Start(verbatim);
  asked->Emit(StatementGuarded{sql, "read_only"});
  EXPECT_NE(asked->Record().events.back().fields_json.find("canary-7f3a"), std::string::npos);
}

TEST_F(RunRecorderTest, CountsEventsBeyondTheLimitAndStillSendsThemToSinks) {
  RunRecorderOptions options = Options();
  options.max_events = 3;
  int sent = 0;
  std::vector<std::unique_ptr<RecordedEventSink>> sinks;
  sinks.push_back(MakeCallbackSink([&](const std::string&, const RunEvent&) { ++sent; }));
  sinks.push_back(MakeNullRecordedSink());
  auto recorder = Start(options, std::move(sinks));
  for (int i = 0; i < 5; ++i) recorder->Emit(CommitAttempted{"t", i, 1});
  ASSERT_TRUE(recorder->Finish(RunStatus::kCompleted));
  EXPECT_EQ(recorder->Record().events.size(), 3u);
  EXPECT_EQ(recorder->Record().events_dropped, 4);
  EXPECT_EQ(sent, 7);
}

TEST_F(RunRecorderTest, WritesOneJsonObjectALine) {
  const std::string path = directory_ / "events.ndjson";
  std::vector<std::unique_ptr<RecordedEventSink>> sinks;
  sinks.push_back(OpenNdjsonSink(path).value());
  auto recorder = Start(Options(), std::move(sinks));
  recorder->Emit(StepSpilled{"align\nstep", 7});
  ASSERT_TRUE(recorder->Finish(RunStatus::kCompleted));
  const std::string text = base::ReadFile(path, 1 << 20).value();
  std::vector<nlohmann::json> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(nlohmann::json::parse(text.substr(at, end - at)));
    at = end + 1;
  }
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1].at("type"), "step_spilled");
  EXPECT_EQ(lines[1].at("fields").at("bytes"), 7);
  EXPECT_EQ(lines[1].at("run_id"), recorder->run_id());
  EXPECT_EQ(lines[1].at("sequence"), 2);
  EXPECT_EQ(lines[1].at("at"), "2026-09-21T14:13:20.000Z");
}

TEST_F(RunRecorderTest, RefusesToStartWhereItCannotWrite) {
  ASSERT_TRUE(base::WriteFileAtomically(directory_ / "file", ""));
  RunRecorderOptions options = Options();
  options.run_directory = directory_ / "file";
  EXPECT_EQ(RunRecorder::Start(options, clock_).error().kind(), ErrorKind::kIo);
  EXPECT_EQ(OpenNdjsonSink(directory_ / "no/e").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(OpenNdjsonSink(directory_.path()).error().kind(), ErrorKind::kIo);
}

TEST_F(RunRecorderTest, ReportsAtTheEndWhatItCouldNotKeep) {
  auto recorder = Start(Options());
  std::filesystem::remove_all(directory_ / "runs");
  recorder->Emit(StepStarted{"align", "kernel"});
  const Status finished = recorder->Finish(RunStatus::kCompleted);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(recorder->Record().status, RunStatus::kCompleted);
}

TEST_F(RunRecorderTest, ReportsASinkThatFailed) {
  std::vector<std::unique_ptr<RecordedEventSink>> sinks;
  sinks.push_back(OpenNdjsonSink("/dev/full").value());
  auto recorder = Start(Options(), std::move(sinks));
  const Status finished = recorder->Finish(RunStatus::kCompleted);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().kind(), ErrorKind::kIo);
  EXPECT_EQ(OnDisk(*recorder).status, RunStatus::kCompleted);
}

TEST_F(RunRecorderTest, KeepsNothingOnDiskWithoutADirectory) {
  RunRecorderOptions options = Options();
  options.run_directory = "";
  auto recorder = Start(options);
  EXPECT_EQ(recorder->path(), "");
  ASSERT_TRUE(recorder->Finish(RunStatus::kCompleted));
  EXPECT_EQ(base::ListDirectory(directory_.path()).value().size(), 0u);
  NullSink null;
  null.Emit(StepStarted{"x", "y"});
}

TEST_F(RunRecorderTest, TakesEventsFromManyThreads) {
  auto recorder = Start(Options());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&recorder, t] {
      for (int i = 0; i < 20; ++i) recorder->Emit(CommitAttempted{"t", t, i});
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(recorder->Finish(RunStatus::kCompleted));
  const RunRecord record = OnDisk(*recorder);
  ASSERT_EQ(record.events.size(), 82u);
  for (std::size_t i = 0; i < record.events.size(); ++i) {
    EXPECT_EQ(record.events[i].sequence, static_cast<std::int64_t>(i) + 1);
  }
}

}  // namespace
}  // namespace lakegate::observe
