// Rows that are marked as deleted instead of being written again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <string>

#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::HasSubstr;

class DeletionVectors : public ::testing::Test {
 protected:
  DeletionVectors() : session_(OpenIn(folder_, {{"sql_policy", "write"}})) {}

  void Make(const std::string& sql, std::map<std::string, std::string> properties = {},
            WriteMode mode = WriteMode::kError) {
    WriteOptions options;
    options.destination.path = folder_.File("t");
    options.destination.format = DataFormat::kDelta;
    options.mode = mode;
    if (mode == WriteMode::kError) {
      properties["delta.enableDeletionVectors"] = "true";
      options.properties = std::move(properties);
    }
    ASSERT_OK(session_->Write(sql, options));
    if (mode == WriteMode::kError) {
      ASSERT_OK(session_->Register(Dataset("t", folder_.File("t"))));
    }
  }
  DeltaTable Table() { return *session_->Delta(folder_.File("t")); }
  std::string Rows(const std::string& sql = "SELECT * FROM t ORDER BY 1") {
    return RowsOf(session_->Sql(sql));
  }
  std::int64_t Count(const std::string& ending) {
    std::int64_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_.File("t"))) {
      count += file.path().string().ends_with(ending) ? 1 : 0;
    }
    return count;
  }

  TestFolder folder_;
  std::unique_ptr<Session> session_;
};

constexpr const char* kSix =
    "SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, NULL), (4, 'd'), (5, 'e'), (6, 'f')) AS v(id, "
    "name)";

TEST_F(DeletionVectors, TakeRowsWithoutWritingTheRest) {
  Make(kSix);
  const auto first = Table().Delete("id IN (2, 5)");
  ASSERT_OK(first);
  EXPECT_EQ(first->metrics.at("numDeletedRows"), 2);
  EXPECT_EQ(first->metrics.at("numCopiedRows"), 0);
  EXPECT_EQ(first->metrics.at("numAddedFiles"), 0);
  EXPECT_EQ(first->metrics.at("numRemovedFiles"), 0);
  EXPECT_EQ(first->metrics.at("numDeletionVectorsAdded"), 1);
  EXPECT_EQ(Count(".parquet"), 1);
  EXPECT_EQ(Count(".bin"), 1);
  EXPECT_EQ(Rows(), "1|a\n3|\n4|d\n6|f\n");
  // Places are counted over the rows that are hidden already.
  ASSERT_OK(Table().Delete("id = 4"));
  EXPECT_EQ(Rows(), "1|a\n3|\n6|f\n");
  const auto files = Table().Files();
  ASSERT_OK(files);
  ASSERT_EQ(files->size(), 1U);
  EXPECT_EQ(files->front().deleted, 3);
  EXPECT_EQ(files->front().rows, 3);
  EXPECT_THAT(files->front().statistics_json, HasSubstr("\"tightBounds\":false"));
  EXPECT_EQ(RowsOf(session_->Sql("SELECT count(*) FROM t VERSION AS OF 1")), "4\n");
  EXPECT_EQ(RowsOf(session_->Sql("SELECT count(*) FROM t VERSION AS OF 0")), "6\n");
  const auto rest = Table().Delete("id > 0");
  ASSERT_OK(rest);
  EXPECT_EQ(rest->metrics.at("numRemovedFiles"), 1);
  EXPECT_EQ(Rows(), "");
  ASSERT_OK(Table().Restore({.version = 1}));
  EXPECT_EQ(Rows(), "1|a\n3|\n4|d\n6|f\n");
}

TEST_F(DeletionVectors, AreOfSeveralFilesInOne) {
  Make(kSix);
  Make("SELECT n AS id, 'n' AS name FROM (VALUES (7), (8), (9)) AS v(n)", {}, WriteMode::kAppend);
  const auto receipt = Table().Delete("id % 2 = 0");
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->metrics.at("numDeletionVectorsAdded"), 2);
  EXPECT_EQ(Count(".bin"), 1);
  EXPECT_EQ(Rows("SELECT id FROM t ORDER BY 1"), "1\n3\n5\n7\n9\n");
}

TEST_F(DeletionVectors, MakeRoomForNewRows) {
  Make(kSix);
  const auto updated = Table().Update({{"name", "concat(name, '!')"}}, "id < 3");
  ASSERT_OK(updated);
  EXPECT_EQ(updated->metrics.at("numUpdatedRows"), 2);
  EXPECT_EQ(updated->metrics.at("numAddedFiles"), 1);
  EXPECT_EQ(updated->metrics.at("numRemovedFiles"), 0);
  EXPECT_EQ(Rows(), "1|a!\n2|b!\n3|\n4|d\n5|e\n6|f\n");
  const auto merged = session_->Execute(
      "MERGE INTO t USING (SELECT 2 AS id, 'B' AS name UNION ALL SELECT 4, 'gone' UNION ALL SELECT "
      "9, 'i') AS s ON t.id = s.id WHEN MATCHED AND s.name = 'gone' THEN DELETE WHEN MATCHED THEN "
      "UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)");
  ASSERT_OK(merged);
  EXPECT_EQ(merged->metrics.at("numTargetRowsUpdated"), 1);
  EXPECT_EQ(merged->metrics.at("numTargetRowsDeleted"), 1);
  EXPECT_EQ(merged->metrics.at("numTargetRowsInserted"), 1);
  EXPECT_EQ(Rows(), "1|a!\n2|B\n3|\n5|e\n6|f\n9|i\n");
  const auto everything = Table().Update({{"name", "'x'"}}, "");
  ASSERT_OK(everything);
  EXPECT_EQ(everything->metrics.count("numDeletionVectorsAdded"), 0U);
  EXPECT_EQ(Rows("SELECT DISTINCT name, count(*) FROM t GROUP BY name"), "x|6\n");
}

TEST_F(DeletionVectors, AreGoneAfterAnOptimize) {
  Make(kSix, {{"delta.enableChangeDataFeed", "true"}});
  ASSERT_OK(Table().Delete("id IN (2, 5)"));
  const auto receipt = Table().Optimize({});
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->version, 2);
  EXPECT_EQ(receipt->metrics.at("numFilesAdded"), 1);
  EXPECT_EQ(Rows(), "1|a\n3|\n4|d\n6|f\n");
  EXPECT_EQ(Table().Files()->front().deleted, 0);
  EXPECT_EQ(Table().Files()->front().rows, 4);
  // No row changed: the feed tells of none.
  auto changes = Table().Changes(2);
  ASSERT_OK(changes);
  EXPECT_EQ(RowsOf(*std::move(changes)), "");
  EXPECT_EQ(Table().Optimize({})->reason, "nothing_to_do");
  ASSERT_OK(Table().Delete("id = 1"));
  EXPECT_KIND(Table().Optimize({.z_order = {"id"}}), kUnsupported);
  EXPECT_EQ(Rows("SELECT count(*) FROM t VERSION AS OF 1"), "4\n");
}

TEST_F(DeletionVectors, LeaveNothingBehindWhenTheChangeFails) {
  Make(kSix);
  ASSERT_OK(Table().AddConstraint({"named", "name IS NULL OR name <> 'bad'"}));
  EXPECT_KIND(Table().Update({{"name", "'bad'"}}, "id = 1"), kConstraintViolation);
  EXPECT_EQ(Count(".bin"), 0);
  ChangeOptions expecting;
  expecting.expected_version = 0;
  EXPECT_KIND(Table().Delete("id = 1", expecting), kCommitConflict);
  EXPECT_EQ(Count(".bin"), 0);
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "6\n");
}

TEST_F(DeletionVectors, TellTheirChanges) {
  Make(kSix, {{"delta.enableChangeDataFeed", "true"}});
  ASSERT_OK(Table().Delete("id = 1"));
  ASSERT_OK(Table().Update({{"name", "'B'"}}, "id = 2"));
  auto changes = Table().Changes(1);
  ASSERT_OK(changes);
  ASSERT_OK(session_->RegisterStream("changes", *std::move(changes)));
  EXPECT_EQ(Rows("SELECT id, name, _change_type, _commit_version FROM changes ORDER BY 1, 3"),
            "1|a|delete|1\n2|B|update_postimage|2\n2|b|update_preimage|2\n");
}

TEST_F(DeletionVectors, AreChangesAmongOthersInATransaction) {
  if (RunsInWorkers()) GTEST_SKIP() << "a transaction runs in the session's own process";
  Make(kSix);
  auto transaction = session_->Begin(folder_.File("t"));
  ASSERT_OK(transaction);
  ASSERT_OK(transaction->session().Execute("DELETE FROM t WHERE id = 1"));
  ASSERT_OK(transaction->session().Execute("DELETE FROM t WHERE id = 3"));
  ASSERT_OK(transaction->session().Execute("UPDATE t SET name = 'z' WHERE id = 6"));
  ASSERT_OK(transaction->Commit());
  EXPECT_EQ(Rows(), "2|b\n4|d\n5|e\n6|z\n");
  EXPECT_EQ(Table().Inspect()->version, 1);
}

// Against a model that knows nothing of files: what a random walk of changes leaves.
TEST_F(DeletionVectors, AgreeWithAModel) {
  ASSERT_OK(session_->RegisterStream("numbers", Numbers(4, 100)));
  for (unsigned seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::filesystem::remove_all(folder_.File("t"));
    (void)session_->Deregister("t");
    Make("SELECT n AS id, n % 7 AS n FROM numbers");
    std::map<std::int64_t, std::int64_t> model;
    for (std::int64_t id = 0; id < 400; ++id) model[id] = id % 7;
    for (int step = 0; step < 8; ++step) {
      const auto divisor = static_cast<std::int64_t>(random() % 9 + 2);
      const auto rest = static_cast<std::int64_t>(random() % static_cast<unsigned>(divisor));
      const std::string where = "id % " + std::to_string(divisor) + " = " + std::to_string(rest);
      if (random() % 2 == 0) {
        ASSERT_OK(Table().Delete(where));
        std::erase_if(model, [&](const auto& row) { return row.first % divisor == rest; });
      } else {
        ASSERT_OK(Table().Update({{"n", "n + 1"}}, where));
        for (auto& [id, n] : model) n += id % divisor == rest ? 1 : 0;
      }
      std::string expected;
      for (const auto& [id, n] : model) {
        expected += std::to_string(id) + "|" + std::to_string(n) + "\n";
      }
      ASSERT_EQ(Rows(), expected);
    }
  }
}

}  // namespace
}  // namespace lakegate::session
