#include "lakegate/row_ids.h"

#include <gtest/gtest.h>

#include "kernels/test_tables.h"

namespace lakegate::kernels {
namespace {

std::vector<TestRow> Rows(std::int64_t count) {
  std::vector<TestRow> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    TestRow row;
    row.path = fmt::format("path {}", i % 7);
    row.start = i % 3;
    row.end = 10;
    if (i % 5 == 0) row.path.reset();
    row.id = i;
    rows.push_back(row);
  }
  return rows;
}

Result<ReadResult> IdsOf(const std::vector<TestRow>& rows, const RowIdsOptions& options,
                         const Encoding& encoding = {}, std::int64_t batch_rows = 64,
                         std::int64_t threads = 1) {
  Rng rng(7);
  KernelContext context = ContextOfTest(batch_rows);
  context.threads = threads;
  auto stream = RowIds(StreamOfTest(rows, encoding, rng, 300), options, context);
  if (!stream) return stream.error();
  return ReadAll(*std::move(stream));
}

std::vector<std::string> IdColumn(const ReadResult& result) {
  std::vector<std::string> ids;
  for (const auto& cells : result.cells) ids.push_back(cells.back());
  return ids;
}

void ExpectRefused(const RowIdsOptions& options, ErrorKind kind, std::string_view part) {
  const auto result = IdsOf(Rows(3), options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), kind);
  EXPECT_NE(result.error().message().find(part), std::string::npos) << result.error().message();
}

TEST(RowIds, RefusesWhatItCannotRead) {
  ExpectRefused({.columns = {"nope"}}, ErrorKind::kNotFound, "path");
  ExpectRefused({.columns = {""}}, ErrorKind::kInvalidArgument, "empty");
  ExpectRefused({.columns = {"id", "path", "id"}}, ErrorKind::kInvalidArgument, "twice");
  ExpectRefused({.id = ""}, ErrorKind::kInvalidArgument, "must not be empty");
  ExpectRefused({.id = "path"}, ErrorKind::kInvalidArgument, "choose another");
  EXPECT_EQ(RowIdMethodFromText("md5").error().kind(), ErrorKind::kInvalidArgument);
}

TEST(RowIds, RefusesACancelledCall) {
  Rng rng(7);
  KernelContext context = ContextOfTest();
  auto stream = RowIds(StreamOfTest(Rows(10), {}, rng), {}, context);
  ASSERT_TRUE(stream);
  context.cancel.Cancel();
  const auto result = ReadAll(*std::move(stream));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::kCancelled);
}

TEST(RowIds, KeepsRowsAndAddsOneColumn) {
  const auto result = IdsOf(Rows(50), {.columns = {"path", "start"}, .id = "key"});
  ASSERT_TRUE(result) << result.error().ToString();
  ASSERT_EQ(result->cells.size(), 50U);
  ASSERT_EQ(result->schema->n_children, kColumns + 1);
  EXPECT_STREQ(result->schema->children[kColumns]->name, "key");
  EXPECT_EQ(result->schema->children[kColumns]->flags & ARROW_FLAG_NULLABLE, 0);
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(result->cells[i][kIdColumn], fmt::format("{}", i));
    for (std::size_t j = 0; j < i; ++j) {
      const bool equal =
          result->cells[i][0] == result->cells[j][0] && result->cells[i][2] == result->cells[j][2];
      EXPECT_EQ(result->cells[i].back() == result->cells[j].back(), equal) << i << " " << j;
    }
  }
}

TEST(RowIds, DoNotDependOnStorageBatchesOrThreads) {
  for (const RowIdMethod method : {RowIdMethod::kXxh3, RowIdMethod::kBlake3}) {
    const RowIdsOptions options = {.columns = {"path", "start", "end"}, .method = method};
    const std::vector<TestRow> rows = Rows(5'000);
    const auto expected = IdsOf(rows, options, {}, 5'000);
    ASSERT_TRUE(expected);
    for (const char* const path : {"u", "U", "vu", "d"}) {
      for (const char* const span : {"l", "i", "s"}) {
        for (const std::int64_t threads : {1, 2, 4}) {
          const auto other = IdsOf(rows, options, {path, span}, 4'900 + threads, threads);
          ASSERT_TRUE(other);
          ASSERT_EQ(IdColumn(*other), IdColumn(*expected)) << path << " " << span;
        }
      }
    }
  }
}

}  // namespace
}  // namespace lakegate::kernels
