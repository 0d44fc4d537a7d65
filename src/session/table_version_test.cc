#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::HasSubstr;

class TableVersions : public ::testing::Test {
 protected:
  TableVersions() : session_(OpenIn(folder_)) {
    for (int version = 0; version < 3; ++version) {
      WriteOptions options;
      options.destination.path = folder_.File("t");
      options.destination.format = DataFormat::kDelta;
      options.mode = version == 0 ? WriteMode::kError : WriteMode::kAppend;
      EXPECT_TRUE(session_->Write("SELECT " + std::to_string(version) + " AS v", options));
    }
    EXPECT_TRUE(session_->Register(Dataset("t", folder_.File("t"))));
  }
  std::string Rows(const std::string& sql) { return RowsOf(session_->Sql(sql)); }
  // As if the version had been committed then.
  void Commit(int version, std::chrono::hours ago) {
    std::filesystem::last_write_time(
        folder_.File("t/_delta_log/" + std::string(19, '0') + std::to_string(version) + ".json"),
        std::filesystem::file_time_type::clock::now() - ago);
  }

  TestFolder folder_;
  std::unique_ptr<Session> session_;
};

TEST_F(TableVersions, AreReadByNumber) {
  EXPECT_EQ(Rows("SELECT max(v) FROM t VERSION AS OF 1"), "1\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM t VERSION AS OF 0"), "1\n");
  EXPECT_EQ(Rows("SELECT t.v FROM t VERSION AS OF 0"), "0\n");
  EXPECT_EQ(Rows("SELECT now.v FROM t AS now LEFT ANTI JOIN t VERSION AS OF 1 AS before "
                 "ON now.v = before.v"),
            "2\n");
  EXPECT_EQ(Rows("SELECT a.v, b.v FROM t VERSION AS OF 0 a, t VERSION AS OF 0 b"), "0|0\n");
  EXPECT_EQ(Rows("WITH old AS (SELECT * FROM t VERSION AS OF 1) SELECT count(*) FROM old"), "2\n");
}

TEST_F(TableVersions, AreReadByMoment) {
  Commit(0, std::chrono::hours(72));
  Commit(1, std::chrono::hours(48));
  const auto then = std::chrono::time_point_cast<std::chrono::seconds>(
      std::chrono::system_clock::now() - std::chrono::hours(60));
  const std::time_t seconds = std::chrono::system_clock::to_time_t(then);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", std::gmtime(&seconds));
  const std::string moment = text;
  EXPECT_EQ(Rows("SELECT count(*) FROM t TIMESTAMP AS OF '" + moment + "Z'"), "1\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM t TIMESTAMP AS OF '" + moment + "'"), "1\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM t TIMESTAMP AS OF '2100-01-01'"), "3\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM t TIMESTAMP AS OF '1999-12-31'"), "kNotFound");
  EXPECT_EQ(Rows("SELECT count(*) FROM t TIMESTAMP AS OF 'yesterday'"), "kInvalidArgument");
}

TEST_F(TableVersions, StandInViews) {
  ASSERT_OK(session_->RegisterView("first", "SELECT v FROM t VERSION AS OF 0"));
  EXPECT_EQ(Rows("SELECT count(*) FROM first"), "1\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM first, t"), "3\n");
  const auto of_view = session_->Sql("SELECT * FROM first VERSION AS OF 0");
  ASSERT_FALSE(of_view);
  EXPECT_EQ(of_view.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_THAT(of_view.error().message(), HasSubstr("view"));
}

TEST_F(TableVersions, AreRefusedWhereThereAreNone) {
  EXPECT_EQ(Rows("SELECT * FROM t VERSION AS OF 9"), "kNotFound");
  EXPECT_EQ(Rows("SELECT * FROM nobody VERSION AS OF 0"), "kNotFound");
  EXPECT_EQ(Rows("SELECT * FROM t VERSION AS OF 1.5"), "kInvalidArgument");
  EXPECT_EQ(Rows("SELECT * FROM t VERSION AS OF 99999999999999999999"), "kInvalidArgument");
  EXPECT_EQ(Rows("SELECT * FROM t VERSION AS OF -1"), "kInvalidSql");
  EXPECT_EQ(Rows("SELECT * FROM t AS x VERSION AS OF 1"), "kInvalidSql");
  EXPECT_EQ(Rows("SELECT * FROM \"t VERSION AS OF 1\""), "kNotFound");
  EXPECT_EQ(Rows("WITH c AS (SELECT 1 AS v) SELECT * FROM c VERSION AS OF 0"),
            "kSqlPolicyViolation");
  EXPECT_EQ(Rows("SELECT * FROM range(3) VERSION AS OF 0"), "kInvalidSql");
  folder_.Write("rows.csv", "a\n1\n");
  ASSERT_OK(session_->Register(Dataset("csv", folder_.File("rows.csv"))));
  EXPECT_EQ(Rows("SELECT * FROM csv VERSION AS OF 0"), "kInvalidArgument");
  DatasetSpec pinned = Dataset("pinned", folder_.File("t"));
  pinned.location.version = 1;
  ASSERT_OK(session_->Register(pinned));
  EXPECT_EQ(Rows("SELECT count(*) FROM pinned VERSION AS OF 0"), "kInvalidArgument");
  EXPECT_EQ(Rows("SELECT count(*) FROM pinned"), "2\n");
}

// What is hidden now was not hidden then.
TEST_F(TableVersions, AreClosedWhereThePolicyShowsAPart) {
  QueryOptions options;
  options.policy = SqlPolicy::Preset("read_only").value();
  options.policy->protect["t"].filter = "v > 1";
  EXPECT_EQ(RowsOf(session_->Sql("SELECT v FROM t", options)), "2\n");
  EXPECT_EQ(RowsOf(session_->Sql("SELECT v FROM t VERSION AS OF 2", options)),
            "kSqlPolicyViolation");
  options.policy->protect.clear();
  options.policy->denied_relations = {"t"};
  EXPECT_EQ(RowsOf(session_->Sql("SELECT v FROM t VERSION AS OF 2", options)),
            "kSqlPolicyViolation");
}

TEST_F(TableVersions, CannotBeChanged) {
  const auto session = OpenIn(folder_, {{"sql_policy", "write"}});
  ASSERT_OK(session->Register(Dataset("t", folder_.File("t"))));
  EXPECT_KIND(session->Execute("DELETE FROM t VERSION AS OF 1"), kSqlPolicyViolation);
  EXPECT_KIND(session->Execute("UPDATE t VERSION AS OF 1 SET v = 0"), kSqlPolicyViolation);
  EXPECT_KIND(session->Execute("INSERT INTO t VERSION AS OF 1 VALUES (1)"), kInvalidSql);
  EXPECT_EQ(RowsOf(session->Sql("SELECT count(*) FROM t")), "3\n");
  // As a source it may be old.
  ASSERT_OK(session->Execute("INSERT INTO t SELECT v + 10 FROM t VERSION AS OF 0"));
  ASSERT_OK(
      session->Execute("MERGE INTO t USING t VERSION AS OF 0 AS s ON t.v = s.v "
                       "WHEN MATCHED THEN DELETE"));
  EXPECT_EQ(RowsOf(session->Sql("SELECT v FROM t ORDER BY 1")), "1\n2\n10\n");
}

}  // namespace
}  // namespace lakegate::session
