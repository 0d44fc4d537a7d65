#include "lakegate/table_transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::HasSubstr;

class TableTransactions : public ::testing::Test {
 protected:
  void SetUp() override {
    if (RunsInWorkers()) GTEST_SKIP() << "a transaction runs in the session's own process";
    session_ = OpenIn(folder_, {{"sql_policy", "write"}});
  }
  WriteOptions To(const std::string& name, WriteMode mode = WriteMode::kAppend) const {
    WriteOptions options;
    options.destination.path = folder_.File(name);
    options.destination.format = DataFormat::kDelta;
    options.mode = mode;
    return options;
  }
  void Make(const std::map<std::string, std::string>& properties = {}) {
    WriteOptions options = To("t", WriteMode::kError);
    options.properties = properties;
    ASSERT_OK(session_->Write("SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'c')) AS v(id, name)",
                              options));
    ASSERT_OK(session_->Register(Dataset("t", folder_.File("t"))));
  }
  TableTransaction Begin() {
    auto transaction = session_->Begin(folder_.File("t"));
    EXPECT_TRUE(transaction) << transaction.error().ToString();
    return *std::move(transaction);
  }
  std::string Rows(const std::string& sql = "SELECT * FROM t ORDER BY 1") {
    return RowsOf(session_->Sql(sql));
  }
  std::int64_t Version() { return session_->Delta(folder_.File("t"))->Inspect()->version; }
  std::string Entry(std::int64_t version) {
    return folder_.Read("t/_delta_log/" + std::string(19, '0') + std::to_string(version) + ".json");
  }
  // Files of rows on the disk, those of the log left out.
  std::int64_t DataFiles() {
    std::int64_t count = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.File("t"))) {
      const std::string path = file.path().string();
      const bool in_log = path.find("_delta_log") != std::string::npos;
      count += file.is_regular_file() && !in_log ? 1 : 0;
    }
    return count;
  }

  TestFolder folder_;
  std::unique_ptr<Session> session_;
};

TEST_F(TableTransactions, AreOneEntryThatNobodySeesBefore) {
  Make();
  TableTransaction transaction = Begin();
  Session& inside = transaction.session();
  ASSERT_OK(inside.Execute("DELETE FROM t WHERE id = 1"));
  ASSERT_OK(inside.Write("SELECT 4 AS id, 'd' AS name", To("t")));
  ASSERT_OK(inside.Execute("UPDATE t SET name = concat(name, '!') WHERE id > 2"));
  auto table = inside.Delta(folder_.File("t"));
  ASSERT_OK(table);
  ASSERT_OK(table->AddConstraint({"positive", "id > 0"}));
  ASSERT_OK(table->SetProperties({{"delta.appendOnly", "false"}}, {}));
  EXPECT_EQ(RowsOf(inside.Sql("SELECT * FROM t ORDER BY 1")), "2|b\n3|c!\n4|d!\n");
  EXPECT_EQ(Rows(), "1|a\n2|b\n3|c\n");
  EXPECT_EQ(Version(), 0);
  const auto receipt = transaction.Commit();
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->version, 1);
  EXPECT_EQ(receipt->metrics.at("numOperations"), 5);
  EXPECT_EQ(Rows(), "2|b\n3|c!\n4|d!\n");
  EXPECT_EQ(Version(), 1);
  EXPECT_THAT(Entry(1), HasSubstr("lakegateTransaction"));
  const auto info = session_->Delta(folder_.File("t"))->Inspect();
  ASSERT_OK(info);
  EXPECT_EQ(info->constraints.size(), 1U);
  EXPECT_EQ(info->properties.at("delta.appendOnly"), "false");
  // The first file and the ones that stay: what came and went in it is gone.
  const auto files = session_->Delta(folder_.File("t"))->Files();
  ASSERT_OK(files);
  EXPECT_EQ(DataFiles(), static_cast<std::int64_t>(files->size()) + 1);
  EXPECT_KIND(transaction.Commit(), kInvalidArgument);
}

TEST_F(TableTransactions, MakeATable) {
  auto transaction = session_->Begin(folder_.File("t"));
  ASSERT_OK(transaction);
  ASSERT_OK(transaction->session().Write("SELECT 1 AS id", To("t", WriteMode::kError)));
  ASSERT_OK(transaction->session().Write("SELECT 2 AS id", To("t")));
  EXPECT_KIND(session_->Delta(folder_.File("t"))->Inspect(), kNotFound);
  ASSERT_OK(transaction->Commit());
  ASSERT_OK(session_->Register(Dataset("t", folder_.File("t"))));
  EXPECT_EQ(Rows(), "1\n2\n");
  EXPECT_EQ(Version(), 0);
}

TEST_F(TableTransactions, LeaveNothingWhenTheyAreAbandoned) {
  Make();
  const std::int64_t before = DataFiles();
  {
    TableTransaction transaction = Begin();
    ASSERT_OK(transaction.session().Execute("DELETE FROM t WHERE id = 1"));
    ASSERT_OK(transaction.session().Write("SELECT 4 AS id, 'd' AS name", To("t")));
    EXPECT_GT(DataFiles(), before);
  }
  EXPECT_EQ(DataFiles(), before);
  EXPECT_EQ(Rows(), "1|a\n2|b\n3|c\n");
  {
    auto making = session_->Begin(folder_.File("new"));
    ASSERT_OK(making);
    ASSERT_OK(making->session().Write("SELECT 1 AS id", To("new", WriteMode::kError)));
  }
  EXPECT_FALSE(folder_.Exists("new"));
}

// A restored file is an old one: it must outlive a transaction that ends without it.
TEST_F(TableTransactions, KeepTheFilesOfOtherVersions) {
  Make();
  ASSERT_OK(session_->Execute("DELETE FROM t WHERE id < 3"));
  {
    TableTransaction transaction = Begin();
    auto table = transaction.session().Delta(folder_.File("t"));
    ASSERT_OK(table);
    ASSERT_OK(table->Restore({.version = 0}));
    ASSERT_OK(transaction.session().Execute("DELETE FROM t WHERE id = 2"));
  }
  EXPECT_EQ(RowsOf(session_->Sql("SELECT count(*) FROM t VERSION AS OF 0")), "3\n");
  TableTransaction transaction = Begin();
  ASSERT_OK(transaction.session().Delta(folder_.File("t"))->Restore({.version = 0}));
  ASSERT_OK(transaction.session().Execute("DELETE FROM t WHERE id = 2"));
  ASSERT_OK(transaction.Commit());
  EXPECT_EQ(Rows(), "1|a\n3|c\n");
  EXPECT_EQ(RowsOf(session_->Sql("SELECT count(*) FROM t VERSION AS OF 0")), "3\n");
}

TEST_F(TableTransactions, GoBehindOthersWhereTheyMayAndGiveWayWhereTheyMayNot) {
  Make();
  {
    TableTransaction appends = Begin();
    ASSERT_OK(appends.session().Write("SELECT 4 AS id, 'd' AS name", To("t")));
    ASSERT_OK(appends.session().Write("SELECT 5 AS id, 'e' AS name", To("t")));
    ASSERT_OK(session_->Write("SELECT 9 AS id, 'i' AS name", To("t")));
    const auto receipt = appends.Commit();
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->version, 2);
    EXPECT_EQ(receipt->retries, 1);
  }
  const std::int64_t before = DataFiles();
  {
    TableTransaction reads = Begin();
    EXPECT_EQ(RowsOf(reads.session().Sql("SELECT count(*) FROM t")), "6\n");
    ASSERT_OK(reads.session().Write("SELECT 6 AS id, 'f' AS name", To("t")));
    ASSERT_OK(session_->Write("SELECT 10 AS id, 'j' AS name", To("t")));
    EXPECT_KIND(reads.Commit(), kCommitConflict);
  }
  {
    TableTransaction changes = Begin();
    ASSERT_OK(changes.session().Execute("UPDATE t SET name = 'x' WHERE id = 1"));
    ASSERT_OK(session_->Execute("DELETE FROM t WHERE id = 1"));
    EXPECT_KIND(changes.Commit(), kCommitConflict);
  }
  EXPECT_EQ(Rows("SELECT id FROM t ORDER BY 1"), "2\n3\n4\n5\n9\n10\n");
  // An append and a delete that rewrote one file: nothing of the two that lost.
  EXPECT_EQ(DataFiles(), before + 2);
  {
    TableTransaction making = Begin();
    ASSERT_OK(making.session().Execute("DELETE FROM t WHERE id = 2"));
    ChangeOptions expecting;
    expecting.expected_version = 0;
    EXPECT_KIND(making.Commit(expecting), kCommitConflict);
  }
}

// A DELETE that found nothing is in no entry; after the other append it would have found a row.
TEST_F(TableTransactions, RememberWhatTheyLookedForInVain) {
  Make();
  TableTransaction transaction = Begin();
  const auto nothing = transaction.session().Execute("DELETE FROM t WHERE id > 100");
  ASSERT_OK(nothing);
  EXPECT_EQ(nothing->reason, "no_rows");
  ASSERT_OK(transaction.session().Execute("INSERT INTO t VALUES (4, 'd')"));
  ASSERT_OK(session_->Write("SELECT 101 AS id, 'x' AS name", To("t")));
  EXPECT_KIND(transaction.Commit(), kCommitConflict);
  EXPECT_EQ(Rows("SELECT id FROM t ORDER BY 1"), "1\n2\n3\n101\n");
}

TEST_F(TableTransactions, TellTheirChangesTogether) {
  Make({{"delta.enableChangeDataFeed", "true"}});
  TableTransaction transaction = Begin();
  ASSERT_OK(transaction.session().Write("SELECT 4 AS id, 'd' AS name", To("t")));
  ASSERT_OK(transaction.session().Execute("DELETE FROM t WHERE id = 1"));
  ASSERT_OK(transaction.session().Execute("UPDATE t SET name = 'B' WHERE id = 2"));
  ASSERT_OK(transaction.Commit());
  auto changes = session_->Delta(folder_.File("t"))->Changes(1);
  ASSERT_OK(changes);
  ASSERT_OK(session_->RegisterStream("changes", *std::move(changes)));
  EXPECT_EQ(Rows("SELECT id, name, _change_type, _commit_version FROM changes ORDER BY 1, 3"),
            "1|a|delete|1\n2|B|update_postimage|1\n2|b|update_preimage|1\n4|d|insert|1\n");
}

// A first version has no changes but its rows; what came and went in it leaves no file.
TEST_F(TableTransactions, TellOfATableThatTheyMake) {
  WriteOptions options = To("t", WriteMode::kError);
  options.properties["delta.enableChangeDataFeed"] = "true";
  auto transaction = session_->Begin(folder_.File("t"));
  ASSERT_OK(transaction);
  Session& inside = transaction->session();
  ASSERT_OK(inside.Write("SELECT * FROM (VALUES (1), (2), (3)) AS v(id)", options));
  ASSERT_OK(inside.Delta(folder_.File("t"))->Delete("id = 2"));
  ASSERT_OK(inside.Delta(folder_.File("t"))->Update({{"id", "id + 10"}}, "id = 3"));
  ASSERT_OK(transaction->Commit());
  auto changes = session_->Delta(folder_.File("t"))->Changes(0);
  ASSERT_OK(changes);
  ASSERT_OK(session_->RegisterStream("changes", *std::move(changes)));
  EXPECT_EQ(Rows("SELECT id, _change_type FROM changes ORDER BY 1"), "1|insert\n13|insert\n");
  EXPECT_EQ(DataFiles(),
            static_cast<std::int64_t>(session_->Delta(folder_.File("t"))->Files()->size()));
}

TEST_F(TableTransactions, RefuseWhatIsNotTheirs) {
  Make();
  TableTransaction transaction = Begin();
  Session& inside = transaction.session();
  const auto elsewhere = inside.Write("SELECT 1 AS a", To("other", WriteMode::kError));
  EXPECT_KIND(elsewhere, kInvalidArgument);
  EXPECT_THAT(elsewhere.error().message(), HasSubstr("transaction"));
  auto table = inside.Delta(folder_.File("t"));
  ASSERT_OK(table);
  EXPECT_KIND(table->Vacuum({}), kUnsupported);
  EXPECT_KIND(table->Checkpoint(), kUnsupported);
  EXPECT_KIND(table->CleanLog(), kUnsupported);
  EXPECT_KIND(inside.Begin(folder_.File("t")), kUnsupported);
  EXPECT_KIND(inside.Execute("DELETE FROM nobody"), kNotFound);
  const auto nothing = transaction.Commit();
  ASSERT_OK(nothing);
  EXPECT_EQ(nothing->reason, "nothing_to_do");
  EXPECT_EQ(nothing->version, -1);
  EXPECT_FALSE(folder_.Exists("other"));
}

TEST_F(TableTransactions, CountBeforeTheyCommit) {
  Make();
  TableTransaction transaction = Begin();
  ASSERT_OK(transaction.session().Execute("DELETE FROM t WHERE id = 1"));
  ChangeOptions dry;
  dry.dry_run = true;
  const auto told = transaction.Commit(dry);
  ASSERT_OK(told);
  EXPECT_EQ(told->reason, "dry_run");
  EXPECT_EQ(Version(), 0);
  ASSERT_OK(transaction.Commit());
  EXPECT_EQ(Version(), 1);
}

TEST_F(TableTransactions, RecordAnApplicationOnce) {
  Make();
  WriteOptions options = To("t");
  options.app_transaction = AppTransaction{"loader", 7};
  for (int i = 0; i < 2; ++i) {
    TableTransaction transaction = Begin();
    ASSERT_OK(transaction.session().Write("SELECT 4 AS id, 'd' AS name", options));
    ASSERT_OK(transaction.Commit());
  }
  EXPECT_EQ(Version(), 1);
  // Begun before the other one landed.
  options.app_transaction = AppTransaction{"loader", 8};
  TableTransaction late = Begin();
  ASSERT_OK(late.session().Write("SELECT 5 AS id, 'e' AS name", options));
  ASSERT_OK(session_->Write("SELECT 5 AS id, 'e' AS name", options));
  const auto receipt = late.Commit();
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->reason, "already_applied");
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "5\n");
}

TEST_F(TableTransactions, AreATextFromBeginToCommit) {
  Make();
  const auto receipt = session_->Execute(
      "BEGIN; DELETE FROM t WHERE id = 1; -- gone\n INSERT INTO t VALUES (7, 'g');\n"
      "UPDATE t SET name = 'G' WHERE id = 7; COMMIT;");
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->operation, "TRANSACTION");
  EXPECT_EQ(receipt->version, 1);
  EXPECT_EQ(receipt->metrics.at("numDeletedRows"), 1);
  EXPECT_EQ(Rows(), "2|b\n3|c\n7|G\n");
  const auto back = session_->Execute("START TRANSACTION; DELETE FROM t; ROLLBACK");
  ASSERT_OK(back);
  EXPECT_EQ(back->reason, "rolled_back");
  EXPECT_EQ(Rows(), "2|b\n3|c\n7|G\n");
  const std::int64_t files = DataFiles();
  const auto wrong =
      session_->Execute("BEGIN; DELETE FROM t; DELETE FROM t WHERE nope = 1; COMMIT");
  EXPECT_KIND(wrong, kNotFound);
  EXPECT_THAT(wrong.error().ToString(), HasSubstr("Statement 2"));
  EXPECT_KIND(session_->Execute("BEGIN; DELETE FROM t"), kInvalidArgument);
  EXPECT_KIND(session_->Execute("BEGIN; COMMIT"), kInvalidArgument);
  EXPECT_KIND(session_->Execute("BEGIN; SELECT 1; COMMIT"), kInvalidArgument);
  EXPECT_KIND(session_->Execute("DELETE FROM t; DELETE FROM t"), kSqlPolicyViolation);
  EXPECT_EQ(Rows(), "2|b\n3|c\n7|G\n");
  EXPECT_EQ(DataFiles(), files);
  EXPECT_EQ(Version(), 1);
  const SqlPolicy reading = SqlPolicy::Preset("read_only").value();
  QueryOptions narrow;
  narrow.policy = reading;
  EXPECT_KIND(session_->Execute("BEGIN; DELETE FROM t; COMMIT", narrow), kSqlPolicyViolation);
}

}  // namespace
}  // namespace lakegate::session
