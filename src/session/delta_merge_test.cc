#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::HasSubstr;

class Merges : public ::testing::Test {
 protected:
  Merges() : session_(OpenIn(folder_)) {
    WriteOptions options;
    options.destination.path = folder_.File("t");
    options.destination.format = DataFormat::kDelta;
    for (const char* rows : {"(1, 'a', 10), (2, 'b', 20)", "(3, 'c', 30), (4, 'd', 40)"}) {
      EXPECT_TRUE(session_->Write(
          "SELECT * FROM (VALUES " + std::string(rows) + ") AS v(id, name, n)", options));
      options.mode = WriteMode::kAppend;
    }
    EXPECT_TRUE(session_->Register(Dataset("t", folder_.File("t"))));
    EXPECT_TRUE(session_->RegisterStream("numbers", Numbers(1, 6)));
  }
  Result<ChangeReceipt> Merge(const std::string& source, const MergeOptions& merge,
                              const ChangeOptions& options = {}) {
    return session_->Delta(folder_.File("t"))->Merge(source, merge, options);
  }
  std::string Rows() { return RowsOf(session_->Sql("SELECT * FROM t ORDER BY id, n")); }

  const std::string kById = "target.id = source.id";
  TestFolder folder_;
  std::unique_ptr<Session> session_;
};

TEST_F(Merges, UpsertIsOneCommitAndLeavesOtherFilesAlone) {
  const auto before = session_->Delta(folder_.File("t"))->Files();
  ASSERT_OK(before);
  const auto receipt = Merge("SELECT 2 AS id, 'B' AS name, 21 AS n UNION ALL SELECT 9, 'i', 90",
                             {.on = kById,
                              .clauses = {{MergeWhen::kMatched, MergeThen::kUpdate},
                                          {MergeWhen::kNotMatched, MergeThen::kInsert}}});
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->version, 2);
  EXPECT_EQ(receipt->metrics.at("numTargetRowsUpdated"), 1);
  EXPECT_EQ(receipt->metrics.at("numTargetRowsInserted"), 1);
  EXPECT_EQ(receipt->metrics.at("numTargetRowsCopied"), 1);
  EXPECT_EQ(receipt->metrics.at("numTargetRowsDeleted"), 0);
  EXPECT_EQ(receipt->metrics.at("numRemovedFiles"), 1);
  EXPECT_EQ(Rows(), "1|a|10\n2|B|21\n3|c|30\n4|d|40\n9|i|90\n");
}

TEST_F(Merges, TheFirstClauseThatFitsDecides) {
  const auto receipt = Merge(
      "SELECT n + 1 AS id, 100 AS n FROM numbers",
      {.on = kById,
       .clauses = {{MergeWhen::kMatched, MergeThen::kDelete, "target.n = 10"},
                   {MergeWhen::kMatched,
                    MergeThen::kUpdate,
                    "target.n < 30",
                    {{"n", "target.n + source.n"}}},
                   {MergeWhen::kMatched, MergeThen::kUpdate, "", {{"name", "upper(target.name)"}}},
                   {MergeWhen::kNotMatched,
                    MergeThen::kInsert,
                    "source.id = 5",
                    {{"id", "source.id"}, {"name", "'new'"}}}}});
  ASSERT_OK(receipt);
  EXPECT_EQ(Rows(), "2|b|120\n3|C|30\n4|D|40\n5|new|\n");
  EXPECT_EQ(receipt->metrics.at("numTargetRowsDeleted"), 1);
  EXPECT_EQ(receipt->metrics.at("numTargetRowsUpdated"), 3);
}

TEST_F(Merges, RowsWithoutASourceMayChangeToo) {
  ASSERT_OK(Merge(
      "SELECT 1 AS id",
      {.on = kById,
       .clauses = {
           {MergeWhen::kNotMatchedBySource, MergeThen::kDelete, "target.n > 30"},
           {MergeWhen::kNotMatchedBySource, MergeThen::kUpdate, "", {{"n", "0 - target.n"}}}}}));
  EXPECT_EQ(Rows(), "1|a|10\n2|b|-20\n3|c|-30\n");
}

TEST_F(Merges, OneRowCannotBeChangedTwice) {
  const auto receipt = Merge("SELECT * FROM (VALUES (3, 'x', 1), (3, 'y', 2)) AS v(id, name, n)",
                             {.on = kById, .clauses = {{MergeWhen::kMatched, MergeThen::kUpdate}}});
  EXPECT_KIND(receipt, kConstraintViolation);
  EXPECT_THAT(receipt.error().message(), HasSubstr("id=3"));
  // Unless a condition leaves one of them, or all they do is remove it.
  ASSERT_OK(
      Merge("SELECT * FROM (VALUES (3, 'x', 1), (3, 'y', 2)) AS v(id, name, n)",
            {.on = kById, .clauses = {{MergeWhen::kMatched, MergeThen::kUpdate, "source.n = 2"}}}));
  EXPECT_EQ(Rows(), "1|a|10\n2|b|20\n3|y|2\n4|d|40\n");
  ASSERT_OK(Merge("SELECT * FROM (VALUES (3), (3), (1)) AS v(id)",
                  {.on = kById, .clauses = {{MergeWhen::kMatched, MergeThen::kDelete}}}));
  EXPECT_EQ(Rows(), "2|b|20\n4|d|40\n");
}

// Row 2 lies in the file that is written again, matches two rows of the source, and stays.
TEST_F(Merges, ARowThatNoClauseWantsIsKeptOnceHoweverOftenItMatches) {
  const auto receipt =
      Merge("SELECT * FROM (VALUES (1, 1), (2, 5), (2, 6)) AS v(id, n)",
            {.on = kById,
             .clauses = {
                 {MergeWhen::kMatched, MergeThen::kUpdate, "source.n = 1", {{"name", "'new'"}}}}});
  ASSERT_OK(receipt);
  EXPECT_EQ(Rows(), "1|new|10\n2|b|20\n3|c|30\n4|d|40\n");
  EXPECT_EQ(receipt->metrics.at("numTargetRowsUpdated"), 1);
  EXPECT_EQ(receipt->metrics.at("numTargetRowsCopied"), 1);
}

TEST_F(Merges, AnExpressionIsOfItsClausesRowsAlone) {
  ASSERT_OK(Merge("SELECT * FROM (VALUES (1, 0), (1, 0), (2, 4)) AS v(id, n)",
                  {.on = kById,
                   .clauses = {{MergeWhen::kMatched,
                                MergeThen::kUpdate,
                                "source.n <> 0",
                                {{"n", "100 / source.n"}}}}}));
  EXPECT_EQ(Rows(), "1|a|10\n2|b|25\n3|c|30\n4|d|40\n");
}

TEST_F(Merges, NullsMatchNothingAndAreInserted) {
  ASSERT_OK(Merge("SELECT CAST(NULL AS BIGINT) AS id, 'null' AS name, 0 AS n",
                  {.on = kById,
                   .clauses = {{MergeWhen::kMatched, MergeThen::kUpdate},
                               {MergeWhen::kNotMatched, MergeThen::kInsert}}}));
  EXPECT_EQ(RowsOf(session_->Sql("SELECT count(*) FROM t WHERE id IS NULL")), "1\n");
}

TEST_F(Merges, WhatChangesNothingWritesNothing) {
  const auto receipt = Merge("SELECT 99 AS id, 'x' AS name, 1 AS n",
                             {.on = kById, .clauses = {{MergeWhen::kMatched, MergeThen::kUpdate}}});
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->version, -1);
  EXPECT_EQ(receipt->reason, "no_rows");
  const auto dry = Merge("SELECT 1 AS id, 'x' AS name, 1 AS n",
                         {.on = kById, .clauses = {{MergeWhen::kMatched, MergeThen::kUpdate}}},
                         {.dry_run = true});
  ASSERT_OK(dry);
  EXPECT_EQ(dry->reason, "dry_run");
  EXPECT_EQ(dry->metrics.at("numTargetRowsUpdated"), 1);
  EXPECT_EQ(session_->Delta(folder_.File("t"))->Inspect()->version, 1);
}

TEST_F(Merges, RefusesWhatMakesNoSense) {
  const MergeClause update{MergeWhen::kMatched, MergeThen::kUpdate};
  const std::string rows = "SELECT 1 AS id, 'x' AS name, 1 AS n";
  EXPECT_KIND(Merge(rows, {.on = "", .clauses = {update}}), kInvalidArgument);
  EXPECT_KIND(Merge(rows, {.on = kById, .clauses = {}}), kInvalidArgument);
  EXPECT_KIND(Merge(rows, {.on = kById, .clauses = {update, update}}), kInvalidArgument);
  EXPECT_KIND(Merge(rows, {.on = kById, .clauses = {{MergeWhen::kMatched, MergeThen::kInsert}}}),
              kInvalidArgument);
  EXPECT_KIND(Merge(rows, {.on = kById, .clauses = {{MergeWhen::kNotMatched, MergeThen::kDelete}}}),
              kInvalidArgument);
  EXPECT_KIND(
      Merge(rows, {.on = kById, .clauses = {{MergeWhen::kNotMatchedBySource, MergeThen::kUpdate}}}),
      kInvalidArgument);
  EXPECT_KIND(Merge("SELECT 1 AS id", {.on = kById, .clauses = {update}}), kSchemaMismatch);
  EXPECT_KIND(
      Merge(rows, {.on = kById,
                   .clauses = {{MergeWhen::kMatched, MergeThen::kUpdate, "", {{"no", "1"}}}}}),
      kNotFound);
  EXPECT_KIND(Merge(rows, {.on = "target.nobody = source.id", .clauses = {update}}), kNotFound);
  EXPECT_KIND(Merge(rows, {.on = "target.id = (SELECT 1)", .clauses = {update}}), kInvalidArgument);
  EXPECT_KIND(Merge("SELECT * FROM nobody", {.on = kById, .clauses = {update}}), kNotFound);
  EXPECT_KIND(Merge("DELETE FROM t", {.on = kById, .clauses = {update}}), kSqlPolicyViolation);
  EXPECT_EQ(Rows(), "1|a|10\n2|b|20\n3|c|30\n4|d|40\n");
}

TEST_F(Merges, TheSourceMayBeTheTable) {
  ASSERT_OK(Merge("SELECT id + 2 AS id, name, n FROM t",
                  {.on = kById,
                   .clauses = {{MergeWhen::kMatched, MergeThen::kUpdate},
                               {MergeWhen::kNotMatched, MergeThen::kInsert}}}));
  EXPECT_EQ(Rows(), "1|a|10\n2|b|20\n3|a|10\n4|b|20\n5|c|30\n6|d|40\n");
}

}  // namespace
}  // namespace lakegate::session
