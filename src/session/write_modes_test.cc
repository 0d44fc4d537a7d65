// What each mode of a write does to a table that is there: one entry of the log, the rows that
// were asked for, and nothing when it is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>

#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::HasSubstr;

class WriteModes : public ::testing::Test {
 protected:
  WriteModes() : session_(OpenIn(folder_)) {
    EXPECT_TRUE(session_->RegisterStream("numbers", Numbers(1, 1000)));
  }
  WriteOptions To(WriteMode mode) {
    WriteOptions options;
    options.destination.path = folder_.File("t");
    options.destination.format = DataFormat::kDelta;
    options.mode = mode;
    return options;
  }
  Result<WriteReceipt> Write(const std::string& sql, WriteMode mode = WriteMode::kError) {
    return session_->Write(sql, To(mode));
  }
  Result<WriteReceipt> Replace(const std::string& sql, const std::string& where) {
    WriteOptions options = To(WriteMode::kReplaceWhere);
    options.replace_where = where;
    return session_->Write(sql, options);
  }
  // Partitioned by day.
  void MakeDays() {
    WriteOptions options = To(WriteMode::kError);
    options.partition_by = {"day"};
    const auto receipt = session_->Write(
        "SELECT * FROM (VALUES (1, 'mon'), (2, 'mon'), (3, 'tue'), (4, NULL)) AS v(id, day)",
        options);
    ASSERT_TRUE(receipt) << receipt.error().ToString();
  }
  std::string Rows(const std::string& sql = "SELECT * FROM t ORDER BY 1") {
    EXPECT_TRUE(session_->Register(Dataset("t", folder_.File("t"))));
    std::string text = RowsOf(session_->Sql(sql));
    EXPECT_TRUE(session_->Deregister("t"));
    return text;
  }
  std::int64_t Files(const std::string& ending) {
    std::int64_t count = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.File("t"))) {
      count += file.path().string().ends_with(ending) ? 1 : 0;
    }
    return count;
  }
  std::int64_t Entries() { return Files(".json"); }

  TestFolder folder_;
  std::unique_ptr<Session> session_;
};

TEST_F(WriteModes, IgnoreLeavesWhatIsThereAndReadsNothing) {
  ASSERT_OK(Write("SELECT 1 AS id", WriteMode::kIgnore));
  const auto receipt = Write("SELECT 2 AS id", WriteMode::kIgnore);
  ASSERT_OK(receipt);
  EXPECT_EQ(std::get<NothingToWrite>(receipt->outcome).version, 0);
  EXPECT_EQ(Rows(), "1\n");
  EXPECT_EQ(Entries(), 1);
  WriteOptions file;
  file.destination.path = folder_.File("f.csv");
  file.mode = WriteMode::kIgnore;
  ASSERT_OK(session_->Write("SELECT 1 AS id", file));
  ASSERT_OK(session_->Write("SELECT 2 AS id", file));
  EXPECT_EQ(folder_.Read("f.csv"), "id\n1\n");
}

TEST_F(WriteModes, OverwritePartitionsReplacesThoseTheRowsGoTo) {
  MakeDays();
  const auto receipt = Write("SELECT 9 AS id, 'mon' AS day UNION ALL SELECT 10, 'wed'",
                             WriteMode::kOverwritePartitions);
  ASSERT_OK(receipt);
  EXPECT_EQ(std::get<Committed>(receipt->outcome).version, 1);
  EXPECT_EQ(Rows(), "3|tue\n4|\n9|mon\n10|wed\n");
  ASSERT_OK(
      Write("SELECT 11 AS id, CAST(NULL AS VARCHAR) AS day", WriteMode::kOverwritePartitions));
  EXPECT_EQ(Rows(), "3|tue\n9|mon\n10|wed\n11|\n");
  const auto nothing =
      Write("SELECT 11 AS id, 'x' AS day WHERE false", WriteMode::kOverwritePartitions);
  ASSERT_OK(nothing);
  EXPECT_EQ(std::get<NothingToWrite>(nothing->outcome).version, 2);
  EXPECT_EQ(Entries(), 3);
}

TEST_F(WriteModes, OverwritePartitionsNeedsPartitionsItCanTellApart) {
  ASSERT_OK(Write("SELECT 1 AS id"));
  EXPECT_KIND(Write("SELECT 2 AS id", WriteMode::kOverwritePartitions), kInvalidArgument);
  WriteOptions options = To(WriteMode::kError);
  options.destination.path = folder_.File("t2");
  options.partition_by = {"x"};
  ASSERT_OK(session_->Write("SELECT 1 AS id, CAST(1.5 AS DOUBLE) AS x", options));
  options.mode = WriteMode::kOverwritePartitions;
  EXPECT_KIND(session_->Write("SELECT 1 AS id, CAST(1.5 AS DOUBLE) AS x", options), kUnsupported);
}

TEST_F(WriteModes, ReplaceWhereKeepsTheOtherRowsOfTheFiles) {
  ASSERT_OK(Write("SELECT n AS id, n % 10 AS v FROM numbers"));
  const auto receipt = Replace("SELECT n AS id, 77 AS v FROM numbers WHERE n BETWEEN 100 AND 104",
                               "id >= 100 AND id < 200 -- a century");
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->rows, 5);
  EXPECT_EQ(Rows("SELECT count(*), sum(CASE WHEN v = 77 THEN 1 ELSE 0 END), min(id), max(id) FROM "
                 "t"),
            "905|5|0|999\n");
  EXPECT_EQ(Entries(), 2);
  ASSERT_OK(Replace("SELECT n AS id, 0 AS v FROM numbers WHERE false", "id < 500"));
  EXPECT_EQ(Rows("SELECT count(*), min(id) FROM t"), "500|500\n");
}

TEST_F(WriteModes, ReplaceWhereTakesWholePartitionsWithoutCopying) {
  MakeDays();
  ASSERT_OK(Replace("SELECT 8 AS id, 'mon' AS day", "day = 'mon'"));
  EXPECT_EQ(Rows(), "3|tue\n4|\n8|mon\n");
  EXPECT_EQ(Files(".parquet"), 4);
}

TEST_F(WriteModes, ReplaceWhereRefusesRowsThatLieOutside) {
  ASSERT_OK(Write("SELECT n AS id, n AS v FROM numbers"));
  const auto outside = Replace("SELECT 5 AS id, 1 AS v UNION ALL SELECT 50, 1", "id < 10");
  EXPECT_KIND(outside, kConstraintViolation);
  EXPECT_THAT(outside.error().message(), HasSubstr("replace_where"));
  EXPECT_KIND(Replace("SELECT CAST(NULL AS BIGINT) AS id, 1 AS v", "id < 10"),
              kConstraintViolation);
  EXPECT_KIND(Replace("SELECT 5 AS id, 1 AS v", ""), kInvalidArgument);
  EXPECT_KIND(Replace("SELECT 5 AS id, 1 AS v", "nobody < 10"), kNotFound);
  EXPECT_KIND(Replace("SELECT 5 AS id, 1 AS v", "id < (SELECT 1)"), kInvalidArgument);
  EXPECT_KIND(Replace("SELECT 5 AS id, 1 AS v", "id < 10) OR (true"), kInvalidSql);
  WriteOptions stray = To(WriteMode::kAppend);
  stray.replace_where = "id < 10";
  EXPECT_KIND(session_->Write("SELECT 5 AS id, 1 AS v", stray), kInvalidArgument);
  EXPECT_EQ(Rows("SELECT count(*) FROM t"), "1000\n");
  EXPECT_EQ(Entries(), 1);
  EXPECT_EQ(Files(".parquet"), 1);
}

TEST_F(WriteModes, FilesKnowNoModeThatKeepsRows) {
  for (const WriteMode mode :
       {WriteMode::kAppend, WriteMode::kOverwritePartitions, WriteMode::kReplaceWhere}) {
    WriteOptions options;
    options.destination.path = folder_.File("f.parquet");
    options.mode = mode;
    if (mode == WriteMode::kReplaceWhere) options.replace_where = "id < 1";
    EXPECT_KIND(session_->Write("SELECT 1 AS id", options), kUnsupported);
  }
}

TEST_F(WriteModes, AppendOnlyTablesAreNotReplaced) {
  WriteOptions options = To(WriteMode::kError);
  options.properties = {{"delta.appendOnly", "true"}};
  options.partition_by = {"p"};
  ASSERT_OK(session_->Write("SELECT 1 AS id, 'a' AS p", options));
  EXPECT_KIND(Write("SELECT 1 AS id, 'a' AS p", WriteMode::kOverwritePartitions), kUnsupported);
  EXPECT_KIND(Replace("SELECT 1 AS id, 'a' AS p", "id = 1"), kUnsupported);
}

TEST_F(WriteModes, SchemasMergeByName) {
  ASSERT_OK(Write("SELECT 1 AS id, 'a' AS name"));
  WriteOptions append = To(WriteMode::kAppend);
  EXPECT_KIND(session_->Write("SELECT 2 AS id, 5 AS more", append), kSchemaMismatch);
  append.options["schema_mode"] = "merge";
  const auto receipt = session_->Write("SELECT 2.5 AS more, 2 AS id", append);
  ASSERT_OK(receipt);
  EXPECT_EQ(Rows("SELECT id, name, more FROM t ORDER BY id"), "1|a|\n2||2.5\n");
  // No column more: the table stays as it is described.
  ASSERT_OK(session_->Write("SELECT 3 AS id", append));
  EXPECT_EQ(Rows("SELECT id, name, more FROM t ORDER BY id"), "1|a|\n2||2.5\n3||\n");
  EXPECT_KIND(session_->Write("SELECT 'x' AS id", append), kSchemaMismatch);
  EXPECT_EQ(Entries(), 3);
  EXPECT_EQ(session_->Delta(folder_.File("t"))->History()->front().operation, "WRITE");
}

TEST_F(WriteModes, AMergedSchemaLacksNoColumnThatMustBeThere) {
  WriteOptions options = To(WriteMode::kError);
  options.not_null = {"id"};
  ASSERT_OK(session_->Write("SELECT 1 AS id, 'a' AS name", options));
  WriteOptions append = To(WriteMode::kAppend);
  append.options["schema_mode"] = "merge";
  const auto receipt = session_->Write("SELECT 'b' AS name", append);
  ASSERT_FALSE(receipt);
  EXPECT_THAT(receipt.error().message(), HasSubstr("id"));
  EXPECT_EQ(Entries(), 1);
}

TEST_F(WriteModes, ASchemaIsOverwrittenWithAllRowsAlone) {
  MakeDays();
  WriteOptions options = To(WriteMode::kOverwritePartitions);
  options.options["schema_mode"] = "overwrite";
  EXPECT_KIND(session_->Write("SELECT 'x' AS id, 'mon' AS day", options), kInvalidArgument);
  options.mode = WriteMode::kAppend;
  EXPECT_KIND(session_->Write("SELECT 'x' AS id, 'mon' AS day", options), kInvalidArgument);
}

TEST_F(WriteModes, ReplaceWhereIsAsTheModelSays) {
  std::mt19937_64 random(7);
  std::map<std::int64_t, std::int64_t> model;
  ASSERT_OK(Write("SELECT n AS id, 0 AS v FROM numbers WHERE n < 300"));
  for (std::int64_t id = 0; id < 300; ++id) model[id] = 0;
  for (int step = 1; step <= 12; ++step) {
    const auto low = static_cast<std::int64_t>(random() % 300);
    const auto high = low + static_cast<std::int64_t>(random() % 60);
    const auto every = static_cast<std::int64_t>(random() % 3 + 1);
    const std::string range = "id BETWEEN " + std::to_string(low) + " AND " + std::to_string(high);
    ASSERT_OK(Replace("SELECT n AS id, " + std::to_string(step) +
                          " AS v FROM numbers WHERE n BETWEEN " + std::to_string(low) + " AND " +
                          std::to_string(high) + " AND n % " + std::to_string(every) + " = 0",
                      range));
    std::erase_if(model, [&](const auto& row) { return row.first >= low && row.first <= high; });
    for (std::int64_t id = low; id <= high; ++id) {
      if (id % every == 0) model[id] = step;
    }
    std::string expected;
    for (const auto& [id, v] : model) {
      expected += std::to_string(id) + "|" + std::to_string(v) + "\n";
    }
    ASSERT_EQ(Rows("SELECT id, v FROM t ORDER BY id"), expected) << "step " << step;
  }
}

}  // namespace
}  // namespace lakegate::session
