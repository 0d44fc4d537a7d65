#include "write/delta_write.h"

#include <gtest/gtest.h>

#include <thread>

#include "write/write_fixture.h"

namespace lakegate::write {
namespace {

class DeltaWrites : public WriteFixture {};

TEST_F(DeltaWrites, CreatesATableInOneCommit) {
  auto options = To("t");
  options.checks = {{"positive", "id >= 0"}};
  options.not_null = {"id"};
  options.properties = {{"delta.checkpointInterval", "50"}};
  options.app_transaction = AppTransaction{"job", 3};
  options.key = {"name"};
  options.run_id = "run-1";
  const auto receipt = WriteRows(options, 3);
  ASSERT_TRUE(receipt) << receipt.error().ToString();

  const auto log = LogOf("t");
  ASSERT_EQ(log.size(), 1u);
  EXPECT_TRUE(log[0].protocol);
  EXPECT_TRUE(log[0].metadata);
  EXPECT_EQ(log[0].adds, static_cast<std::int64_t>(receipt->files.size()));
  ASSERT_EQ(log[0].transactions.size(), 1u);
  EXPECT_EQ(log[0].transactions[0], (AppTransaction{"job", 3}));

  EXPECT_EQ(std::get<Committed>(receipt->outcome).version, 0);
  EXPECT_EQ(receipt->rows, 30);
  EXPECT_EQ(receipt->bytes, static_cast<std::int64_t>(std::filesystem::file_size(
                                folder_ / ("t/" + receipt->files.at(0)))));
  EXPECT_EQ(receipt->statistics_columns, (std::vector<std::string>{"name", "id"}));
  EXPECT_EQ(receipt->digest.size(), 64u);
  EXPECT_EQ(receipt->run_id, "run-1");
  EXPECT_EQ(Query("t", DataFormat::kDelta, "SELECT CAST(sum(id) AS BIGINT) FROM t"), 435);

  const auto snapshot = delta::OpenLog(engine_, folder_ / "t")->Read();
  ASSERT_TRUE(snapshot && *snapshot);
  EXPECT_EQ(delta::ConstraintsOf(**snapshot), (std::vector<Check>{{"positive", "id >= 0"}}));
  EXPECT_EQ(delta::NotNullColumnsOf(**snapshot), std::vector<std::string>{"id"});
  EXPECT_EQ((**snapshot).configuration.at("delta.checkpointInterval"), "50");
}

TEST_F(DeltaWrites, EqualRowsGiveEqualDigests) {
  const auto first = WriteRows(To("a"), 4);
  const auto second = Write(To("b"), [] { return IdNameStream(1, 40); });
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->digest, second->digest);
}

TEST_F(DeltaWrites, AppendsOneVersion) {
  ASSERT_TRUE(WriteRows(To("t"), 2));
  const auto receipt = WriteRows(To("t", WriteMode::kAppend), 3);
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  EXPECT_EQ(std::get<Committed>(receipt->outcome).version, 1);
  const auto log = LogOf("t");
  ASSERT_EQ(log.size(), 2u);
  EXPECT_FALSE(log[1].metadata);
  EXPECT_EQ(log[1].removed.size(), 0U);
  EXPECT_EQ(Count("t"), 50);
}

TEST_F(DeltaWrites, ModeErrorRefusesAnExistingTableBeforeTheSourceIsOpened) {
  ASSERT_TRUE(WriteRows(To("t"), 1));
  ExpectRefused(WriteRows(To("t"), 1), ErrorKind::kAlreadyExists, "mode append or overwrite");
  EXPECT_EQ(opened_, 0);
  EXPECT_EQ(LogOf("t").size(), 1u);
}

TEST_F(DeltaWrites, OverwriteRemovesEveryFileInTheSameCommit) {
  ASSERT_TRUE(WriteRows(To("t"), 2));
  ASSERT_TRUE(WriteRows(To("t", WriteMode::kAppend), 2));
  const auto receipt = WriteRows(To("t", WriteMode::kOverwrite), 1);
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  const auto log = LogOf("t");
  ASSERT_EQ(log.size(), 3u);
  EXPECT_EQ(log[2].removed.size(), 2U);
  EXPECT_EQ(log[2].adds, 1);
  EXPECT_FALSE(log[2].metadata);
  EXPECT_EQ(Count("t"), 10);
  EXPECT_EQ(Query("t", DataFormat::kDelta, "SELECT count(*) FROM t", 1), 40);
}

TEST_F(DeltaWrites, OverwriteCanReplaceTheSchema) {
  ASSERT_TRUE(WriteRows(To("t"), 1));
  auto options = To("t", WriteMode::kOverwrite);
  ExpectRefused(Write(options, [] { return NoisyStream(1); }), ErrorKind::kSchemaMismatch, "noise");
  options.options = {{"schema_mode", "overwrite"}};
  const auto receipt = Write(options, [] { return NoisyStream(1); });
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  EXPECT_TRUE(LogOf("t").at(1).metadata);
  EXPECT_EQ(Query("t", DataFormat::kDelta, "SELECT count(noise) FROM t"), 1000);
}

TEST_F(DeltaWrites, AnApplicationTransactionIsWrittenOnce) {
  auto options = To("t", WriteMode::kAppend);
  options.app_transaction = AppTransaction{"job", 1};
  ASSERT_TRUE(WriteRows(options, 2));
  const auto again = WriteRows(options, 2);
  ASSERT_TRUE(again) << again.error().ToString();
  EXPECT_EQ(std::get<AlreadyApplied>(again->outcome).version, 0);
  EXPECT_EQ(opened_, 0);
  EXPECT_EQ(LogOf("t").size(), 1u);
  EXPECT_EQ(FilesEndingIn(".parquet"), 1);
  options.app_transaction->version = 2;
  ASSERT_TRUE(WriteRows(options, 2));
  EXPECT_EQ(Count("t"), 40);
}

TEST_F(DeltaWrites, AViolatedCheckCommitsNothingAndLeavesNothing) {
  auto options = To("t");
  options.checks = {{"small", "id < 25"}};
  const auto receipt = WriteRows(options, 4);
  ExpectRefused(receipt, ErrorKind::kConstraintViolation, "small");
  const auto* violation = std::get_if<ConstraintViolation>(&receipt.error().detail());
  ASSERT_NE(violation, nullptr);
  EXPECT_EQ(violation->constraint, "small");
  EXPECT_EQ(violation->violations, 15);
  EXPECT_FALSE(violation->first_rows.empty());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "t"));
}

TEST_F(DeltaWrites, ANullInANotNullColumnIsAViolation) {
  auto options = To("t");
  options.not_null = {"name"};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kConstraintViolation, "name");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "t"));
}

TEST_F(DeltaWrites, TheTablesOwnConstraintsHoldForLaterWriters) {
  auto options = To("t");
  options.checks = {{"small", "id < 20"}};
  options.not_null = {"id"};
  ASSERT_TRUE(WriteRows(options, 2));
  ExpectRefused(WriteRows(To("t", WriteMode::kAppend), 3), ErrorKind::kConstraintViolation,
                "small");
  ExpectRefused(WriteRows(To("t", WriteMode::kOverwrite), 3), ErrorKind::kConstraintViolation,
                "small");
  EXPECT_EQ(LogOf("t").size(), 1u);
  EXPECT_EQ(FilesEndingIn(".parquet"), 1);
  EXPECT_EQ(Count("t"), 20);
}

TEST_F(DeltaWrites, AnAppendCannotAddAConstraint) {
  ASSERT_TRUE(WriteRows(To("t"), 1));
  auto options = To("t", WriteMode::kAppend);
  options.checks = {{"small", "id < 100"}};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kInvalidArgument, "small");
  options.checks.clear();
  options.not_null = {"id"};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kInvalidArgument, "id");
}

TEST_F(DeltaWrites, AnOverwriteCanAddAConstraint) {
  ASSERT_TRUE(WriteRows(To("t"), 1));
  auto options = To("t", WriteMode::kOverwrite);
  options.checks = {{"small", "id < 100"}};
  options.not_null = {"id"};
  const auto receipt = WriteRows(options, 1);
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  EXPECT_TRUE(LogOf("t").at(1).metadata);
  ExpectRefused(WriteRows(To("t", WriteMode::kAppend), 11), ErrorKind::kConstraintViolation,
                "small");
}

TEST_F(DeltaWrites, AnAppendOfAnotherSchemaNamesTheColumns) {
  ASSERT_TRUE(WriteRows(To("t"), 1));
  ExpectRefused(Write(To("t", WriteMode::kAppend), [] { return NoisyStream(1); }),
                ErrorKind::kSchemaMismatch, "missing columns: name");
  EXPECT_EQ(FilesEndingIn(".parquet"), 1);
}

TEST_F(DeltaWrites, AnotherHeadThanExpectedIsAConflict) {
  ASSERT_TRUE(WriteRows(To("t"), 1));
  auto options = To("t", WriteMode::kAppend);
  options.expected_version = 3;
  const auto receipt = WriteRows(options, 1);
  ExpectRefused(receipt, ErrorKind::kCommitConflict);
  EXPECT_EQ(receipt.error().detail(), ErrorDetail(CommitConflict{"expected_version", 3, 0}));
  EXPECT_EQ(opened_, 0);
  options.expected_version = 0;
  EXPECT_TRUE(WriteRows(options, 1));
  options = To("new", WriteMode::kAppend);
  options.expected_version = 0;
  ExpectRefused(WriteRows(options, 1), ErrorKind::kCommitConflict);
}

TEST_F(DeltaWrites, ZeroRowsCreateAnEmptyTable) {
  const auto receipt = WriteRows(To("t"), 0);
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  EXPECT_EQ(std::get<Committed>(receipt->outcome).version, 0);
  EXPECT_EQ(Count("t"), 0);
  EXPECT_EQ(LogOf("t").size(), 1u);
}

TEST_F(DeltaWrites, ZeroRowsAppendNothingUnlessATransactionIsToBeRecorded) {
  ASSERT_TRUE(WriteRows(To("t"), 1));
  auto options = To("t", WriteMode::kAppend);
  const auto nothing = WriteRows(options, 0);
  ASSERT_TRUE(nothing) << nothing.error().ToString();
  EXPECT_EQ(std::get<NothingToWrite>(nothing->outcome).version, 0);
  EXPECT_EQ(LogOf("t").size(), 1u);
  options.app_transaction = AppTransaction{"job", 1};
  const auto recorded = WriteRows(options, 0);
  ASSERT_TRUE(recorded) << recorded.error().ToString();
  EXPECT_EQ(std::get<Committed>(recorded->outcome).version, 1);
  EXPECT_EQ(LogOf("t").at(1).adds, 0);
  EXPECT_EQ(Count("t"), 10);
}

TEST_F(DeltaWrites, ZeroRowsOverwriteLeavesAnEmptyTable) {
  ASSERT_TRUE(WriteRows(To("t"), 1));
  const auto receipt = WriteRows(To("t", WriteMode::kOverwrite), 0);
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  EXPECT_EQ(LogOf("t").at(1).removed.size(), 1U);
  EXPECT_EQ(Count("t"), 0);
}

TEST_F(DeltaWrites, AFailingSourceLeavesNothingAndKeepsItsError) {
  const Error expected(ErrorKind::kCorruptData, "Line 7 is broken.", FilePosition{"/x", 7});
  const auto failing = [&]() -> Result<ArrowStream> {
    return ArrowStream(std::make_unique<engine::FailingStream>(20'000, expected));
  };
  const auto created = Write(To("t"), failing);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error(), expected) << created.error().ToString();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "t"));
  ASSERT_TRUE(WriteRows(To("t"), 1));
  ASSERT_FALSE(Write(To("t", WriteMode::kOverwrite), failing));
  EXPECT_EQ(FilesEndingIn(".parquet"), 1);
  EXPECT_EQ(Count("t"), 10);
}

TEST_F(DeltaWrites, ACancelledWriteLeavesNothing) {
  cancel_.Cancel();
  ExpectRefused(WriteRows(To("t"), 1), ErrorKind::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "t"));
}

TEST_F(DeltaWrites, PartitionsByColumns) {
  auto options = To("t");
  options.partition_by = {"name"};
  const auto receipt = WriteRows(options, 1);
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  // Eight names and null.
  EXPECT_EQ(receipt->partitions, 9);
  EXPECT_EQ(receipt->statistics_columns, std::vector<std::string>{"id"});
  EXPECT_EQ(Query("t", DataFormat::kDelta, "SELECT count(*) FROM t WHERE name IS NULL"), 2);
  auto other = To("t", WriteMode::kAppend);
  other.partition_by = {"id"};
  ExpectRefused(WriteRows(other, 1), ErrorKind::kSchemaMismatch, "partitioned differently");
  EXPECT_TRUE(WriteRows(To("t", WriteMode::kAppend), 1));
}

TEST_F(DeltaWrites, RefusesDestinationsThatAreNone) {
  std::filesystem::create_directory(folder_ / "other");
  std::ofstream(folder_ / "other/notes.txt") << "mine";
  ExpectRefused(WriteRows(To("other"), 1), ErrorKind::kAlreadyExists, "notes.txt");
  std::ofstream(folder_ / "file") << "mine";
  ExpectRefused(WriteRows(To("file"), 1), ErrorKind::kIo, "file");
  auto options = To("t");
  options.destination.path = "/proc/lakegate/table";
  ExpectRefused(WriteRows(options, 1), ErrorKind::kIo, "/proc/lakegate");
  EXPECT_EQ(FilesEndingIn(".parquet"), 0);
}

TEST_F(DeltaWrites, WhatAKilledFirstWriteLeftIsNoObstacle) {
  std::filesystem::create_directories(folder_ / "t/_delta_log");
  std::ofstream(folder_ / "t/part-00000-dead.zstd.parquet") << "half a file";
  const auto receipt = WriteRows(To("t"), 1);
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  EXPECT_EQ(Count("t"), 10);
}

TEST_F(DeltaWrites, AFullDiskIsAnIoErrorAndLeavesNothing) {
  const TinyDisk disk(folder_ / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount a tmpfs";
  const auto receipt = Write(To("disk/t"), [] { return NoisyStream(20); });
  ExpectRefused(receipt, ErrorKind::kIo);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "disk/t"));
  EXPECT_TRUE(WriteRows(To("disk/t"), 1));
}

TEST_F(DeltaWrites, RefusesUnknownOptionsAndProperties) {
  auto options = To("t");
  options.options = {{"compresion", "zstd"}};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kInvalidArgument, "Did you mean 'compression'");
  options.options = {{"compression", "brotli"}};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kInvalidArgument, "brotli");
  options.options.clear();
  options.properties = {{"delta.noSuchThing", "1"}};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kInvalidArgument, "delta.noSuchThing");
  options.properties = {{"delta.constraints.x", "id > 0"}};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kInvalidArgument, "check");
  options.properties.clear();
  options.checks = {{"broken", "missing > 0"}};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kNotFound, "broken");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "t"));
}

TEST_F(DeltaWrites, ParallelAppendersAllLand) {
  ASSERT_TRUE(WriteRows(To("t"), 1));
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::atomic<int> landed{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        WriteContext context = Context();
        if (RunWrite(IdNameStream(1, 10), To("t", WriteMode::kAppend), context)) ++landed;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(landed.load(), 20);
  EXPECT_EQ(LogOf("t").size(), 21u);
  EXPECT_EQ(Count("t"), 210);
}

TEST_F(DeltaWrites, TwoCreatorsDoNotMixTheirRows) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::atomic<int> landed{0};
  std::atomic<int> refused{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      WriteContext context = Context();
      const auto receipt = RunWrite(IdNameStream(1, 10), To("t"), context);
      if (receipt) {
        ++landed;
      } else if (receipt.error().kind() == ErrorKind::kCommitConflict ||
                 receipt.error().kind() == ErrorKind::kAlreadyExists) {
        ++refused;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(landed.load(), 1);
  EXPECT_EQ(refused.load(), 3);
  EXPECT_EQ(Count("t"), 10);
  EXPECT_EQ(FilesEndingIn(".parquet"), 1);
}

TEST_F(DeltaWrites, RowsAreCountedWithoutStatisticsToo) {
  auto options = To("t");
  options.statistics = StatisticsMode::kOff;
  const auto receipt = WriteRows(options, 3);
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  EXPECT_EQ(receipt->rows, 30);
  EXPECT_TRUE(receipt->statistics_columns.empty());
  EXPECT_EQ(Count("t"), 30);
}

TEST_F(DeltaWrites, SplitsFilesAtTheTargetSize) {
  auto options = To("t");
  options.options = {{"target_file_size", "256 KiB"}, {"max_row_group_rows", "1000"}};
  const auto receipt = Write(options, [] { return NoisyStream(20); });
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  EXPECT_GT(receipt->files.size(), 1u);
  EXPECT_EQ(receipt->rows, 20'000);
  EXPECT_EQ(LogOf("t").size(), 1u);
  EXPECT_EQ(Count("t"), 20'000);
}

TEST_F(DeltaWrites, UnsignedColumnsCanBeAppendedAgain) {
  const auto source = []() -> Result<ArrowStream> {
    const OwnedSchema schema =
        columnar::MakeSchema({{.name = "small", .format = "C"}, {.name = "big", .format = "L"}});
    auto builder = columnar::BatchBuilder::Make(*schema);
    builder->column(0).AppendUint(255);
    builder->column(1).AppendUint(7);
    std::vector<OwnedArray> batches;
    batches.push_back(builder->Finish());
    return StreamOf(CopySchema(*schema), std::move(batches));
  };
  ASSERT_TRUE(Write(To("t"), source));
  const auto receipt = Write(To("t", WriteMode::kAppend), source);
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  EXPECT_EQ(Query("t", DataFormat::kDelta, "SELECT CAST(sum(small + big) AS BIGINT) FROM t"), 524);
}

TEST_F(DeltaWrites, ReportsEveryStep) {
  struct Recorder final : observe::EventSink {
    void Emit(observe::Event event) override { names.emplace_back(observe::TypeOf(event).name); }
    std::vector<std::string> names;
  } recorder;
  WriteContext context{.engine = engine_,
                       .policy = TestPolicy(),
                       .maintenance = {},
                       .clock = clock_,
                       .random = random_,
                       .events = recorder};
  ASSERT_TRUE(RunWrite(IdNameStream(1, 10), To("t"), context));
  EXPECT_EQ(recorder.names,
            (std::vector<std::string>{"write_planned", "write_staged", "commit_attempted",
                                      "commit_landed", "maintenance_decided", "maintenance_decided",
                                      "maintenance_decided"}));
}

// Passes everything on, and loses the answer of a commit that landed.
class ForgetfulLog final : public delta::Log {
 public:
  ForgetfulLog(std::unique_ptr<delta::Log> inner, bool landed)
      : inner_(std::move(inner)), landed_(landed) {}
  const std::string& path() const override { return inner_->path(); }
  Result<std::optional<delta::Snapshot>> Read() override { return inner_->Read(); }
  Result<std::optional<std::int64_t>> AppVersion(const delta::Snapshot& snapshot,
                                                 std::string_view app_id) override {
    return inner_->AppVersion(snapshot, app_id);
  }
  Result<std::string> Files(const delta::Snapshot& snapshot) override {
    return inner_->Files(snapshot);
  }
  Result<std::int64_t> Commit(const delta::Snapshot* base, std::string_view request) override {
    if (landed_) {
      EXPECT_TRUE(inner_->Commit(base, request));
    }
    return Error(ErrorKind::kCommitUnknown, "The connection broke.");
  }
  Result<std::string> ReadCommit(std::int64_t version) override {
    return inner_->ReadCommit(version);
  }
  Status Discard(const std::vector<std::string>& files) override { return inner_->Discard(files); }

 private:
  std::unique_ptr<delta::Log> inner_;
  bool landed_;
};

TEST_F(DeltaWrites, ALostAnswerIsLookedUpInTheLog) {
  ForgetfulLog log(delta::OpenLog(engine_, folder_ / "t"), true);
  WriteContext context = Context();
  const auto receipt = WriteToDelta([] { return IdNameStream(1, 10); }, log, To("t"), context);
  ASSERT_TRUE(receipt) << receipt.error().ToString();
  EXPECT_EQ(std::get<Committed>(receipt->outcome).version, 0);
  EXPECT_EQ(Count("t"), 10);
}

TEST_F(DeltaWrites, AnUnsettledOutcomeKeepsTheStagedFiles) {
  ForgetfulLog log(delta::OpenLog(engine_, folder_ / "t"), false);
  WriteContext context = Context();
  const auto receipt = WriteToDelta([] { return IdNameStream(1, 10); }, log, To("t"), context);
  ExpectRefused(receipt, ErrorKind::kCommitUnknown);
  EXPECT_EQ(FilesEndingIn(".parquet"), 1);
}

TEST_F(DeltaWrites, MaintainsByPolicy) {
  maintenance_ = {OptimizePolicy::kWhenSmallFiles, 16 << 20, 3, 2};
  ASSERT_TRUE(WriteRows(To("t"), 1));
  const auto second = WriteRows(To("t", WriteMode::kAppend), 1);
  ASSERT_TRUE(second) << second.error().ToString();
  ASSERT_EQ(second->maintenance.size(), 3u);
  EXPECT_EQ(second->maintenance[0].reason, "below_threshold");
  EXPECT_TRUE(second->maintenance[1].done) << second->maintenance[1].reason;
  EXPECT_EQ(second->maintenance[1].reason, "interval_reached");
  EXPECT_EQ(second->maintenance[2].reason, "not_configured");
  EXPECT_EQ(FilesEndingIn(".checkpoint.parquet"), 1);
  const auto third = WriteRows(To("t", WriteMode::kAppend), 1);
  ASSERT_TRUE(third);
  EXPECT_TRUE(third->maintenance[0].done) << third->maintenance[0].reason;
  EXPECT_EQ(third->maintenance[0].reason, "small_files");
  EXPECT_EQ(third->maintenance[0].version, 3);
  const auto log = LogOf("t");
  ASSERT_EQ(log.size(), 4u);
  EXPECT_EQ(log[3].removed.size(), 3U);
  EXPECT_EQ(log[3].adds, 1);
  EXPECT_FALSE(log[3].adds_rows);
  EXPECT_EQ(Count("t"), 30);
}

TEST_F(DeltaWrites, AnAppendOnlyTableCannotBeOverwritten) {
  auto options = To("t");
  options.properties = {{"delta.appendOnly", "true"}};
  ASSERT_TRUE(WriteRows(options, 1));
  ExpectRefused(WriteRows(To("t", WriteMode::kOverwrite), 1), ErrorKind::kUnsupported,
                "delta.appendOnly");
  EXPECT_EQ(opened_, 0);
  EXPECT_TRUE(WriteRows(To("t", WriteMode::kAppend), 1));
}

}  // namespace
}  // namespace lakegate::write
