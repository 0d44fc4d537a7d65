#include "lakegate/delta_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kHourMs = 3'600'000;

class DeltaTables : public ::testing::Test {
 protected:
  DeltaTables() : session_(OpenIn(folder_)) {
    EXPECT_TRUE(session_->RegisterStream("numbers", Numbers(1, 2001)));
  }

  // The rows of a query as a table "t", or more rows in it.
  void Make(const std::string& sql, std::map<std::string, std::string> properties = {},
            std::vector<std::string> partition_by = {}, WriteMode mode = WriteMode::kError) {
    WriteOptions options;
    options.destination.path = folder_.File("t");
    options.destination.format = DataFormat::kDelta;
    options.properties = std::move(properties);
    options.partition_by = std::move(partition_by);
    options.mode = mode;
    const auto receipt = session_->Write(sql, options);
    ASSERT_TRUE(receipt) << receipt.error().ToString();
    if (mode == WriteMode::kError) {
      const auto registered = session_->Register(Dataset("t", folder_.File("t")));
      ASSERT_TRUE(registered) << registered.error().ToString();
    }
  }
  void Append(const std::string& sql) { Make(sql, {}, {}, WriteMode::kAppend); }
  DeltaTable Table() {
    auto table = session_->Delta(folder_.File("t"));
    EXPECT_TRUE(table) << table.error().ToString();
    return *std::move(table);
  }
  std::string Rows(const std::string& sql = "SELECT * FROM t ORDER BY 1") {
    return RowsOf(session_->Sql(sql));
  }
  std::int64_t Entries() {
    std::int64_t count = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(folder_.File("t") + "/_delta_log")) {
      count += file.path().extension() == ".json" ? 1 : 0;
    }
    return count;
  }
  // Data files on the disk, and those that the head names.
  std::int64_t DataFiles() {
    std::int64_t count = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.File("t"))) {
      const std::string path = file.path().string();
      count += path.ends_with(".parquet") && path.find("_delta_log") == std::string::npos ? 1 : 0;
    }
    return count;
  }
  // As if everything had been written so long ago.
  void Age(std::int64_t hours) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.File("t"))) {
      if (!file.is_regular_file()) continue;
      std::filesystem::last_write_time(
          file.path(), std::filesystem::file_time_type::clock::now() - std::chrono::hours(hours));
    }
  }

  TestFolder folder_;
  std::unique_ptr<Session> session_;
};

constexpr const char* kFive =
    "SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, NULL), (4, 'd'), (5, 'e')) AS v(id, name)";

TEST_F(DeltaTables, DeleteRewritesFilesInOneCommit) {
  Make(kFive);
  const auto receipt = Table().Delete("name > 'a' AND id < 5");
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->version, 1);
  EXPECT_EQ(receipt->metrics.at("numDeletedRows"), 2);
  EXPECT_EQ(receipt->metrics.at("numCopiedRows"), 3);
  // Where the condition is unknown the row stays.
  EXPECT_EQ(Rows(), "1|a\n3|\n5|e\n");
  EXPECT_EQ(Entries(), 2);
  EXPECT_NE(folder_.Read("t/_delta_log/00000000000000000001.json").find("DELETE"),
            std::string::npos);
}

TEST_F(DeltaTables, DeleteOfWholeFilesCopiesNothing) {
  Make(kFive);
  Append("SELECT 10 AS id, 'x' AS name");
  const auto receipt = Table().Delete("id >= 10");
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->metrics.at("numCopiedRows"), 0);
  EXPECT_EQ(receipt->metrics.at("numAddedFiles"), 0);
  EXPECT_EQ(DataFiles(), 2);
  const auto all = Table().Delete("");
  ASSERT_OK(all);
  EXPECT_EQ(all->metrics.at("numDeletedRows"), 5);
  EXPECT_EQ(Rows(), "");
}

TEST_F(DeltaTables, DeleteOfNothingWritesNothing) {
  Make(kFive);
  const auto receipt = Table().Delete("id > 100");
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->version, -1);
  EXPECT_EQ(receipt->reason, "no_rows");
  const auto dry = Table().Delete("id = 1", {.dry_run = true});
  ASSERT_OK(dry);
  EXPECT_EQ(dry->reason, "dry_run");
  EXPECT_EQ(dry->metrics.at("numDeletedRows"), 1);
  EXPECT_EQ(Entries(), 1);
  EXPECT_EQ(DataFiles(), 1);
}

TEST_F(DeltaTables, ChangesThatAreRefusedLeaveNothing) {
  Make(kFive, {{"delta.appendOnly", "true"}});
  EXPECT_KIND(Table().Delete("id = 1"), kUnsupported);
  EXPECT_KIND(Table().Update({{"id", "1"}}, "id = 2"), kUnsupported);
  ASSERT_OK(Table().SetProperties({{"delta.appendOnly", "false"}}, {}));
  EXPECT_KIND(Table().Delete("nobody = 1"), kNotFound);
  EXPECT_KIND(Table().Delete("id = "), kInvalidSql);
  EXPECT_KIND(Table().Delete("id IN (SELECT 1)"), kInvalidArgument);
  EXPECT_KIND(Table().Delete("id = $1"), kInvalidArgument);
  EXPECT_KIND(Table().Delete("id = 1) OR (id = 2"), kInvalidSql);
  EXPECT_KIND(Table().Delete("id = 1; DROP TABLE t"), kInvalidSql);
  EXPECT_KIND(Table().Delete("id = 1", {.expected_version = 7}), kCommitConflict);
  EXPECT_KIND(Table().Update({}, "id = 1"), kInvalidArgument);
  EXPECT_KIND(Table().Update({{"nobody", "1"}}, "id = 1"), kNotFound);
  EXPECT_KIND(Table().Update({{"id", "'x'"}}, "id = 1"), kSchemaMismatch);
  EXPECT_KIND(Table().Update({{"id", ""}}, "id = 1"), kInvalidSql);
  EXPECT_KIND(session_->Delta(folder_.File("nowhere"))->Delete("id = 1"), kNotFound);
  EXPECT_EQ(Entries(), 2);
  EXPECT_EQ(DataFiles(), 1);
}

TEST_F(DeltaTables, UpdateSetsColumnsWhereTheConditionIsMet) {
  Make(kFive);
  const auto receipt =
      Table().Update({{"name", "upper(name)"}, {"id", "id * 10"}}, "id >= 2 -- and no more");
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->metrics.at("numUpdatedRows"), 4);
  EXPECT_EQ(receipt->metrics.at("numCopiedRows"), 1);
  EXPECT_EQ(Rows(), "1|a\n20|B\n30|\n40|D\n50|E\n");
  ASSERT_OK(Table().Update({{"name", "NULL"}}, ""));
  EXPECT_EQ(Rows(), "1|\n20|\n30|\n40|\n50|\n");
  EXPECT_EQ(Entries(), 3);
}

TEST_F(DeltaTables, UpdateMovesRowsBetweenPartitions) {
  Make("SELECT * FROM (VALUES (1, 'p q/%'), (2, 'p q/%'), (3, 'ü=')) AS v(id, part)", {}, {"part"});
  ASSERT_OK(Table().Update({{"part", "'ü='"}}, "id = 1"));
  EXPECT_EQ(Rows(), "1|ü=\n2|p q/%\n3|ü=\n");
  ASSERT_OK(Table().Delete("part = 'ü=' AND id = 3"));
  EXPECT_EQ(Rows(), "1|ü=\n2|p q/%\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM t WHERE part = 'p q/%'"), "1\n");
}

TEST_F(DeltaTables, AnUpdateThatBreaksAConstraintChangesNothing) {
  Make(kFive);
  ASSERT_OK(Table().AddConstraint({"small", "id < 100"}));
  EXPECT_KIND(Table().Update({{"id", "id * 50"}}, "id > 1"), kConstraintViolation);
  EXPECT_EQ(Rows("SELECT sum(id) FROM t"), "15\n");
  EXPECT_EQ(DataFiles(), 1);
}

TEST_F(DeltaTables, ConstraintsAreHeldAgainstTheRowsThatAreThere) {
  Make(kFive);
  const auto broken = Table().AddConstraint({"named", "name IS NOT NULL"});
  EXPECT_KIND(broken, kConstraintViolation);
  EXPECT_THAT(broken.error().message(), HasSubstr("named"));
  ASSERT_OK(Table().AddConstraint({"positive", "id > 0"}));
  EXPECT_KIND(Table().AddConstraint({"positive", "id > 1"}), kAlreadyExists);
  EXPECT_KIND(Table().AddConstraint({"odd", "nobody > 1"}), kNotFound);
  EXPECT_KIND(Table().AddConstraint({"", "id > 1"}), kInvalidArgument);
  WriteOptions append;
  append.destination.path = folder_.File("t");
  append.mode = WriteMode::kAppend;
  EXPECT_KIND(session_->Write("SELECT -1 AS id, 'x' AS name", append), kConstraintViolation);
  EXPECT_KIND(Table().DropConstraint("positiv"), kNotFound);
  ASSERT_OK(Table().DropConstraint("positive"));
  ASSERT_OK(session_->Write("SELECT -1 AS id, 'x' AS name", append));
}

TEST_F(DeltaTables, PropertiesAreSetUnsetAndNeverGuessed) {
  Make(kFive);
  ASSERT_OK(Table().SetProperties({{"delta.logRetentionDuration", "interval 2 days"}}, {}));
  auto info = Table().Inspect();
  ASSERT_OK(info);
  EXPECT_EQ(info->properties.at("delta.logRetentionDuration"), "interval 2 days");
  const auto again = Table().SetProperties({{"delta.logRetentionDuration", "interval 2 days"}}, {});
  ASSERT_OK(again);
  EXPECT_EQ(again->reason, "nothing_to_do");
  EXPECT_KIND(Table().SetProperties({{"delta.noSuchThing", "1"}}, {}), kInvalidArgument);
  EXPECT_KIND(Table().SetProperties({{"delta.constraints.x", "id > 1"}}, {}), kInvalidArgument);
  EXPECT_KIND(Table().SetProperties({}, {"delta.appendOnly"}), kNotFound);
  ASSERT_OK(Table().SetProperties({{"delta.enableChangeDataFeed", "true"}},
                                  {"delta.logRetentionDuration"}));
  info = Table().Inspect();
  ASSERT_OK(info);
  EXPECT_FALSE(info->properties.contains("delta.logRetentionDuration"));
  EXPECT_GE(info->writer_version, 4);
  EXPECT_EQ(Entries(), 3);
}

TEST_F(DeltaTables, TheChangeFeedTellsEveryRow) {
  Make(kFive, {{"delta.enableChangeDataFeed", "true"}});
  ASSERT_OK(Table().Update({{"name", "'new'"}}, "id = 2"));
  ASSERT_OK(Table().Delete("id = 4"));
  ASSERT_OK(Table().Merge("SELECT 5 AS id, 'five' AS name UNION ALL SELECT 6, 'six'",
                          {.on = "target.id = source.id",
                           .clauses = {{MergeWhen::kMatched, MergeThen::kUpdate},
                                       {MergeWhen::kNotMatched, MergeThen::kInsert}}}));
  ASSERT_OK(Table().Delete(""));
  const auto changes = [&](std::int64_t from, std::optional<std::int64_t> to) {
    auto rows = Table().Changes(from, to);
    EXPECT_TRUE(rows) << rows.error().ToString();
    EXPECT_TRUE(session_->RegisterStream("c", *std::move(rows)));
    std::string text =
        Rows("SELECT _commit_version, _change_type, id, name FROM c ORDER BY 1, 3, 2 DESC");
    EXPECT_TRUE(session_->Deregister("c"));
    return text;
  };
  EXPECT_EQ(changes(1, 3),
            "1|update_preimage|2|b\n1|update_postimage|2|new\n"
            "2|delete|4|d\n"
            "3|update_preimage|5|e\n3|update_postimage|5|five\n3|insert|6|six\n");
  EXPECT_EQ(changes(4, {}),
            "4|delete|1|a\n4|delete|2|new\n4|delete|3|\n4|delete|5|five\n4|delete|6|six\n");
  EXPECT_KIND(Table().Changes(3, 1), kInvalidArgument);
  EXPECT_KIND(Table().Changes(0, 99), kNotFound);
}

TEST_F(DeltaTables, ATableWithoutAFeedSaysSo) {
  Make(kFive);
  EXPECT_KIND(Table().Changes(0), kUnsupported);
}

TEST_F(DeltaTables, RestoreMakesTheHeadWhatItWas) {
  Make(kFive);
  ASSERT_OK(Table().Delete("id > 2"));
  Append("SELECT 9 AS id, 'n' AS name");
  ASSERT_OK(Table().AddConstraint({"positive", "id > 0"}));
  const auto receipt = Table().Restore({.version = 0});
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->version, 4);
  EXPECT_EQ(Rows(), "1|a\n2|b\n3|\n4|d\n5|e\n");
  EXPECT_TRUE(Table().Inspect()->constraints.empty());
  ASSERT_OK(Table().Restore({.version = 2}));
  EXPECT_EQ(Rows(), "1|a\n2|b\n9|n\n");
  const auto same = Table().Restore({.version = 5});
  ASSERT_OK(same);
  EXPECT_EQ(same->reason, "nothing_to_do");
  EXPECT_KIND(Table().Restore({.version = 77}), kNotFound);
  EXPECT_KIND(Table().Restore({}), kInvalidArgument);
  EXPECT_KIND(Table().Restore({.version = 1, .timestamp_ms = 1}), kInvalidArgument);
  EXPECT_KIND(Table().Restore({.timestamp_ms = 1}), kNotFound);
}

TEST_F(DeltaTables, VacuumTakesWhatNoKeptVersionNeeds) {
  Make(kFive);
  ASSERT_OK(Table().Delete("id > 2"));
  folder_.Write("t/stray.parquet", "left by a writer that was killed");
  folder_.Write("t/_hidden/file.parquet", "not ours");
  folder_.Write("t/.tmp", "not ours");
  const auto early = Table().Vacuum({});
  ASSERT_OK(early);
  EXPECT_EQ(early->reason, "nothing_to_do");
  EXPECT_KIND(Table().Vacuum({.retention_ms = kHourMs}), kInvalidArgument);
  EXPECT_KIND(Table().Vacuum({.retention_ms = -1, .allow_short_retention = true}),
              kInvalidArgument);
  // The stray file is old; the removed one was removed just now.
  Age(24 * 30);
  const auto dry = Table().Vacuum({}, {.dry_run = true});
  ASSERT_OK(dry);
  EXPECT_THAT(dry->files, ElementsAre("stray.parquet"));
  EXPECT_TRUE(folder_.Exists("t/stray.parquet"));
  const auto lite = Table().Vacuum({.lite = true});
  ASSERT_OK(lite);
  EXPECT_EQ(lite->reason, "nothing_to_do");
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto both = Table().Vacuum({.retention_ms = 0, .allow_short_retention = true});
  ASSERT_OK(both);
  EXPECT_EQ(both->metrics.at("numFilesDeleted"), 2);
  EXPECT_FALSE(folder_.Exists("t/stray.parquet"));
  EXPECT_TRUE(folder_.Exists("t/_hidden/file.parquet"));
  EXPECT_TRUE(folder_.Exists("t/.tmp"));
  EXPECT_EQ(Rows(), "1|a\n2|b\n");
  EXPECT_EQ(Entries(), 2);
  // Its files are gone.
  const auto restored = Table().Restore({.version = 0});
  EXPECT_KIND(restored, kNotFound);
  EXPECT_THAT(restored.error().message(), HasSubstr(".parquet"));
  EXPECT_EQ(Entries(), 2);
}

TEST_F(DeltaTables, RepairForgetsFilesThatAreGone) {
  Make(kFive);
  Append("SELECT 9 AS id, 'n' AS name");
  const auto files = Table().Files({.version = 0});
  ASSERT_OK(files);
  ASSERT_EQ(files->size(), 1U);
  const auto whole = Table().Repair();
  ASSERT_OK(whole);
  EXPECT_EQ(whole->reason, "nothing_to_do");
  std::filesystem::remove(folder_.File("t/" + files->front().path));
  const auto dry = Table().Repair({.dry_run = true});
  ASSERT_OK(dry);
  EXPECT_THAT(dry->files, ElementsAre(files->front().path));
  EXPECT_EQ(Entries(), 2);
  ASSERT_OK(Table().Repair());
  EXPECT_EQ(Rows(), "9|n\n");
}

TEST_F(DeltaTables, OptimizeKeepsTheRows) {
  Make("SELECT 1 AS id, 'a' AS name");
  for (int i = 2; i < 6; ++i) {
    Append("SELECT " + std::to_string(i) + " AS id, 'b' AS name");
  }
  const std::string before = Rows();
  const auto receipt = Table().Optimize({});
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->metrics.at("numFilesRemoved"), 5);
  EXPECT_EQ(receipt->metrics.at("numFilesAdded"), 1);
  EXPECT_EQ(Rows(), before);
  const auto again = Table().Optimize({});
  ASSERT_OK(again);
  EXPECT_EQ(again->reason, "nothing_to_do");
  Append("SELECT 0 AS id, 'z' AS name");
  ASSERT_OK(Table().Optimize({.z_order = {"name", "id"}}));
  EXPECT_EQ(Table().Inspect()->files, 1);
  EXPECT_EQ(Rows("SELECT count(*), sum(id) FROM t"), "6|15\n");
  EXPECT_KIND(Table().Optimize({.z_order = {"nobody"}}), kNotFound);
}

TEST_F(DeltaTables, HistoryAndFilesTellWhatTheLogSays) {
  Make(kFive, {}, {});
  ASSERT_OK(Table().Delete("id = 1", {.run_id = "run-7"}));
  const auto history = Table().History();
  ASSERT_OK(history);
  ASSERT_EQ(history->size(), 2U);
  EXPECT_EQ(history->front().operation, "DELETE");
  EXPECT_EQ(history->front().run_id, "run-7");
  EXPECT_THAT(history->front().metrics_json, HasSubstr("numDeletedRows"));
  EXPECT_GT(history->front().timestamp_ms, 0);
  EXPECT_EQ(history->back().version, 0);
  EXPECT_EQ(Table().History(1)->size(), 1U);
  EXPECT_KIND(Table().History(-1), kInvalidArgument);
  const auto files = Table().Files();
  ASSERT_OK(files);
  ASSERT_EQ(files->size(), 1U);
  EXPECT_EQ(files->front().rows, 4);
  EXPECT_THAT(files->front().statistics_json, HasSubstr("numRecords"));
  const auto info = Table().Inspect({.version = 0});
  ASSERT_OK(info);
  EXPECT_EQ(info->rows, 5);
  EXPECT_EQ(info->version, 0);
  EXPECT_TRUE(info->unwritable.empty());
  EXPECT_THAT(ToJson(*info), HasSubstr("\"schema\":{"));
  EXPECT_KIND(Table().Inspect({.version = 9}), kNotFound);
}

TEST_F(DeltaTables, OldEntriesGoOnceACheckpointStandsForThem) {
  Make(kFive);
  for (int i = 0; i < 4; ++i) Append("SELECT 9 AS id, 'n' AS name");
  const auto early = Table().CleanLog();
  ASSERT_OK(early);
  EXPECT_EQ(early->reason, "nothing_to_do");
  ASSERT_OK(Table().Checkpoint());
  Append("SELECT 10 AS id, 'n' AS name");
  const std::string before = Rows();
  Age(24 * 60);
  const auto dry = Table().CleanLog({.dry_run = true});
  ASSERT_OK(dry);
  EXPECT_EQ(dry->metrics.at("numFilesDeleted"), 4);
  ASSERT_OK(Table().CleanLog());
  EXPECT_EQ(Entries(), 2);
  EXPECT_EQ(Rows(), before);
  EXPECT_EQ(Table().History()->size(), 2U);
  EXPECT_KIND(Table().Inspect({.version = 1}), kNotFound);
}

TEST_F(DeltaTables, RacingDeletesBothHappen) {
  Make("SELECT n AS id, 'x' AS name FROM numbers WHERE n > 0");
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::vector<std::string> failures(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const auto receipt = session_->Delta(folder_.File("t"))
                               ->Delete("id % 4 = " + std::to_string(i) + " AND id <= 1000");
      if (!receipt) failures[static_cast<std::size_t>(i)] = receipt.error().ToString();
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& failure : failures) EXPECT_EQ(failure, "");
  EXPECT_EQ(Rows("SELECT count(*), min(id) FROM t"), "1000|1001\n");
  EXPECT_EQ(Entries(), 5);
}

// A model in memory, and the same changes of a table.
TEST_F(DeltaTables, ARandomWalkOfChangesIsThatOfAModel) {
  const char* seed_text = std::getenv("LAKEGATE_SEED");
  const std::uint64_t seed = seed_text != nullptr ? std::stoul(seed_text) : 20261127;
  SCOPED_TRACE("LAKEGATE_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::map<std::int64_t, std::int64_t> model;
  Make("SELECT n AS id, n % 7 AS v, n % 3 AS part FROM numbers WHERE n < 200", {}, {"part"});
  for (std::int64_t id = 0; id < 200; ++id) model[id] = id % 7;
  for (int step = 0; step < 25; ++step) {
    const std::int64_t low = static_cast<std::int64_t>(random() % 220);
    const std::int64_t high = low + static_cast<std::int64_t>(random() % 40);
    const std::string range = "id >= " + std::to_string(low) + " AND id < " + std::to_string(high);
    switch (random() % 4) {
      case 0: {
        ASSERT_OK(Table().Delete(range + " AND v < 3"));
        std::erase_if(model, [&](const auto& row) {
          return row.first >= low && row.first < high && row.second < 3;
        });
        break;
      }
      case 1: {
        ASSERT_OK(Table().Update({{"v", "v + 1"}, {"part", "(part + 1) % 3"}}, range));
        for (auto& [id, v] : model) v += id >= low && id < high ? 1 : 0;
        break;
      }
      case 2: {
        const std::string source =
            "SELECT n AS id, 50 AS v, 1 AS part FROM numbers WHERE n BETWEEN " +
            std::to_string(low) + " AND " + std::to_string(high);
        ASSERT_OK(Table().Merge(
            source,
            {.on = "target.id = source.id",
             .clauses = {
                 {MergeWhen::kMatched, MergeThen::kDelete, "target.v > 9"},
                 {MergeWhen::kMatched, MergeThen::kUpdate, "", {{"v", "source.v - target.v"}}},
                 {MergeWhen::kNotMatched, MergeThen::kInsert, "source.id % 2 = 0"}}}));
        for (std::int64_t id = low; id <= high; ++id) {
          const auto found = model.find(id);
          if (found == model.end()) {
            if (id % 2 == 0) model[id] = 50;
          } else if (found->second > 9) {
            model.erase(found);
          } else {
            found->second = 50 - found->second;
          }
        }
        break;
      }
      default: {
        ASSERT_OK(Table().Optimize({}));
        break;
      }
    }
    std::string expected;
    for (const auto& [id, v] : model) {
      expected += std::to_string(id) + "|" + std::to_string(v) + "\n";
    }
    ASSERT_EQ(Rows("SELECT id, v FROM t ORDER BY id"), expected) << "step " << step;
  }
}

// It is asked which files, and again which rows: two answers would lose or double rows.
TEST_F(DeltaTables, ConditionsMustAnswerTheSameEachTime) {
  Make(kFive);
  EXPECT_KIND(Table().Delete("random() < 0.5"), kInvalidArgument);
  EXPECT_KIND(Table().Update({{"name", "'x'"}}, "random() < 0.5"), kInvalidArgument);
  MergeOptions merge;
  merge.on = "target.id = source.id AND random() < 0.5";
  merge.clauses = {{.when = MergeWhen::kMatched, .then = MergeThen::kDelete}};
  EXPECT_KIND(Table().Merge("SELECT 1 AS id", merge), kInvalidArgument);
  merge.on = "target.id = source.id";
  merge.clauses.front().condition = "random() < 0.5";
  EXPECT_KIND(Table().Merge("SELECT 1 AS id", merge), kInvalidArgument);
  EXPECT_EQ(Entries(), 1);
  // A new value may be any.
  ASSERT_OK(Table().Update({{"name", "uuid()"}}, "id = 1"));
}

// The feed would tell of other values than the table has.
TEST_F(DeltaTables, NewValuesOfATableWithAFeedAreTheSameEachTime) {
  Make(kFive, {{"delta.enableChangeDataFeed", "true"}});
  EXPECT_KIND(Table().Update({{"name", "uuid()"}}, "id = 1"), kInvalidArgument);
  MergeOptions merge;
  merge.on = "target.id = source.id";
  merge.clauses = {{.when = MergeWhen::kMatched,
                    .then = MergeThen::kUpdate,
                    .condition = {},
                    .set = {{"name", "uuid()"}}}};
  EXPECT_KIND(Table().Merge("SELECT 1 AS id", merge), kInvalidArgument);
  EXPECT_EQ(Entries(), 1);
  EXPECT_EQ(DataFiles(), 1);
}

TEST_F(DeltaTables, AChangeReadsNoLongerThanItsPolicyAllows) {
  Make("SELECT n AS id FROM numbers");
  ChangeOptions options;
  options.policy = SqlPolicy::Preset("read_only").value();
  options.policy->query.run_time_ms = 1;
  EXPECT_KIND(Table().Delete("sha256(repeat(CAST(id AS VARCHAR), 20000)) IS NULL", options),
              kTimeout);
  EXPECT_EQ(Entries(), 1);
}

TEST_F(DeltaTables, AdviseByTheMeasuresOfTheProfile) {
  session_ = OpenIn(folder_, {{"small_file_count", "3"}, {"checkpoint_every", "3"}});
  Make("SELECT 1 AS id");
  const auto advice_of = [&] {
    std::map<std::string, std::string> reasons;
    const auto advice = Table().Advise();
    EXPECT_TRUE(advice) << advice.error().ToString();
    for (const auto& each : *advice) {
      reasons[each.action] = each.reason;
      EXPECT_FALSE(each.detail.empty());
    }
    return reasons;
  };
  EXPECT_EQ(advice_of().at("optimize"), "below_threshold");
  EXPECT_EQ(advice_of().at("vacuum"), "nothing_to_remove");
  Append("SELECT 2 AS id");
  Append("SELECT 3 AS id");
  EXPECT_EQ(advice_of().at("optimize"), "small_files");
  ASSERT_OK(Table().Optimize({}));
  EXPECT_EQ(advice_of().at("optimize"), "below_threshold");
  EXPECT_KIND(session_->Delta(folder_.File("nothing"))->Advise(), kNotFound);
}

TEST_F(DeltaTables, FeaturesAreListedOnceTheyAreEnabled) {
  Make(kFive);
  const auto receipt = Table().EnableFeature("deletionVectors");
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->version, 1);
  const auto info = Table().Inspect();
  ASSERT_OK(info);
  EXPECT_EQ(info->writer_version, 7);
  EXPECT_EQ(info->reader_version, 3);
  EXPECT_EQ(Table().EnableFeature("deletionVectors")->reason, "nothing_to_do");
  EXPECT_KIND(Table().EnableFeature("columnMapping"), kUnsupported);
  EXPECT_KIND(Table().EnableFeature("deletionVector"), kUnsupported);
  // Supported is not yet wanted.
  ASSERT_OK(Table().Delete("id = 1"));
  EXPECT_EQ(Table().Files()->front().deleted, 0);
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "4\n");
}

class Conversions : public DeltaTables {
 protected:
  void Parquet(const std::string& name, const std::string& sql) {
    WriteOptions options;
    std::filesystem::create_directories(std::filesystem::path(folder_.File(name)).parent_path());
    options.destination.path = folder_.File(name);
    options.destination.format = DataFormat::kParquet;
    ASSERT_OK(session_->Write(sql, options));
  }
  Result<ChangeReceipt> Convert(std::vector<std::string> partition_by = {}) {
    return session_->Delta(folder_.File("t"))->Convert({std::move(partition_by), {}});
  }
};

TEST_F(Conversions, NameTheFilesThatAreThere) {
  Parquet("t/a.parquet", "SELECT n AS id, 'x' AS name FROM numbers");
  Parquet("t/b.parquet",
          "SELECT n + 10000 AS id, NULL AS name FROM numbers WHERE n < 0 UNION ALL "
          "SELECT 20000, 'y'");
  const std::string before = folder_.Read("t/a.parquet");
  const auto receipt = Convert();
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->version, 0);
  EXPECT_EQ(receipt->metrics.at("numConvertedFiles"), 2);
  ASSERT_OK(session_->Register(Dataset("t", folder_.File("t"))));
  EXPECT_EQ(Rows("SELECT count(*), max(id) FROM t"), "2002|20000\n");
  EXPECT_EQ(folder_.Read("t/a.parquet"), before);
  ASSERT_OK(Table().Delete("id < 2000"));
  EXPECT_EQ(Rows("SELECT id FROM t ORDER BY 1"), "2000\n20000\n");
  EXPECT_KIND(Convert(), kAlreadyExists);
}

TEST_F(Conversions, TakePartitionsFromFolders) {
  Parquet("t/day=2026-01-01/k=a%20b/f.parquet", "SELECT 1 AS id");
  Parquet("t/day=2026-01-02/k=__HIVE_DEFAULT_PARTITION__/f.parquet", "SELECT 2 AS id");
  ASSERT_OK(Convert({"day:date", "k"}));
  ASSERT_OK(session_->Register(Dataset("t", folder_.File("t"))));
  EXPECT_EQ(Rows("SELECT id, day, k FROM t ORDER BY 1"), "1|2026-01-01|a b\n2|2026-01-02|\n");
  EXPECT_EQ(Rows("SELECT id FROM t WHERE day > DATE '2026-01-01'"), "2\n");
}

TEST_F(Conversions, RefuseWhatIsNoTable) {
  EXPECT_KIND(Convert(), kNotFound);
  std::filesystem::create_directories(folder_.File("t"));
  EXPECT_KIND(Convert(), kNotFound);
  Parquet("t/p=1/f.parquet", "SELECT 1 AS id");
  EXPECT_KIND(Convert(), kInvalidArgument);
  EXPECT_KIND(Convert({"q"}), kInvalidArgument);
  EXPECT_KIND(Convert({"p", "q"}), kInvalidArgument);
  EXPECT_KIND(Convert({"p:date"}), kInvalidArgument);
  EXPECT_KIND(Convert({"p:float"}), kInvalidArgument);
  Parquet("t/p=2/f.parquet", "SELECT 'x' AS id");
  EXPECT_KIND(Convert({"p"}), kSchemaMismatch);
  std::filesystem::remove_all(folder_.File("t/p=2"));
  Parquet("t/p=2/f.parquet", "SELECT 1 AS id, 2 AS p");
  EXPECT_KIND(Convert({"p"}), kSchemaMismatch);
  std::filesystem::remove_all(folder_.File("t"));
  Parquet("t/f.parquet", "SELECT TIME '10:00:00' AS at");
  EXPECT_KIND(Convert(), kUnsupported);
  folder_.Write("t/f.parquet", "no Parquet at all, and long enough for a footer");
  EXPECT_KIND(Convert(), kCorruptData);
  EXPECT_FALSE(folder_.Exists("t/_delta_log"));
}

}  // namespace
}  // namespace lakegate::session
