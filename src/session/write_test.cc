#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::HasSubstr;

WriteOptions To(const std::string& path, WriteMode mode = WriteMode::kError) {
  WriteOptions options;
  options.destination.path = path;
  options.mode = mode;
  return options;
}

WriteOptions ToDelta(const std::string& path, WriteMode mode = WriteMode::kError) {
  WriteOptions options = To(path, mode);
  options.destination.format = DataFormat::kDelta;
  return options;
}

TEST(SessionWrite, CreatesADeltaTableThatReadsBack) {
  TestFolder folder;
  auto session = OpenIn(folder);
  const auto receipt =
      session->Write("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'", ToDelta(folder.File("t")));
  ASSERT_OK(receipt);
  EXPECT_EQ(std::get<Committed>(receipt->outcome).version, 0);
  EXPECT_EQ(receipt->rows, 2);
  ASSERT_OK(session->Register(Dataset("t", folder.File("t"))));
  EXPECT_EQ(RowsOf(session->Sql("SELECT a, b FROM t ORDER BY a")), "1|x\n2|y\n");
}

TEST(SessionWrite, WritesEveryFileFormat) {
  TestFolder folder;
  auto session = OpenIn(folder);
  for (const char* name : {"f.parquet", "f.csv", "f.ndjson", "f.arrow"}) {
    ASSERT_OK(session->Write("SELECT 7 AS a, 'q' AS b", To(folder.File(name))));
    ASSERT_OK(session->Register(Dataset("f", folder.File(name))));
    EXPECT_EQ(RowsOf(session->Scan("f")), "7|q\n") << name;
    ASSERT_OK(session->Deregister("f"));
  }
}

TEST(SessionWrite, LeavesNothingWhenItRefuses) {
  TestFolder folder;
  auto session = OpenIn(folder);
  const std::string path = folder.File("t");
  EXPECT_KIND(session->Write("DELETE FROM x", ToDelta(path)), kSqlPolicyViolation);
  EXPECT_KIND(session->Write("SELECT * FROM nobody", ToDelta(path)), kNotFound);
  EXPECT_KIND(session->Write("SELECT 1 AS a", To(path)), kInvalidArgument);
  WriteOptions checked = ToDelta(path);
  checked.checks = {{.name = "c", .expression = "a IN (SELECT 1)"}};
  EXPECT_KIND(session->Write("SELECT 1 AS a", checked), kInvalidArgument);
  checked.checks = {{.name = "c", .expression = "a > 1"}};
  const auto receipt = session->Write("SELECT 1 AS a", checked);
  EXPECT_KIND(receipt, kConstraintViolation);
  EXPECT_THAT(receipt.error().message(), HasSubstr("c"));
  EXPECT_KIND(session->WriteStream(nullptr, ToDelta(path)), kInvalidArgument);
  EXPECT_FALSE(folder.Exists("t"));
}

TEST(SessionWrite, RefusesAnExistingDestination) {
  TestFolder folder;
  auto session = OpenIn(folder);
  ASSERT_OK(session->Write("SELECT 1 AS a", ToDelta(folder.File("t"))));
  EXPECT_KIND(session->Write("SELECT 1 AS a", ToDelta(folder.File("t"))), kAlreadyExists);
  ASSERT_OK(session->Write("SELECT 1 AS a", To(folder.File("f.csv"))));
  EXPECT_KIND(session->Write("SELECT 1 AS a", To(folder.File("f.csv"))), kAlreadyExists);
  EXPECT_KIND(session->Write("SELECT 1 AS a", To(folder.File("f.csv"), WriteMode::kAppend)),
              kUnsupported);
}

TEST(SessionWrite, AppliesATransactionOnce) {
  TestFolder folder;
  auto session = OpenIn(folder);
  WriteOptions options = ToDelta(folder.File("t"), WriteMode::kAppend);
  options.app_transaction = AppTransaction{.app_id = "loader", .version = 3};
  ASSERT_OK(session->Write("SELECT 1 AS a", options));
  const auto again = session->Write("SELECT 1 AS a", options);
  ASSERT_OK(again);
  EXPECT_TRUE(std::holds_alternative<AlreadyApplied>(again->outcome));
  ASSERT_OK(session->Register(Dataset("t", folder.File("t"))));
  EXPECT_EQ(RowsOf(session->Scan("t")), "1\n");
}

TEST(SessionWrite, GivesTheSameDigestForTheSameRows) {
  TestFolder folder;
  auto session = OpenIn(folder);
  ASSERT_OK(session->RegisterStream("numbers", Numbers(10, 50)));
  const auto first = session->Write("SELECT n % 7 AS k, n FROM numbers", ToDelta(folder.File("a")));
  const auto second =
      session->Write("SELECT n % 7 AS k, n FROM numbers", ToDelta(folder.File("b")));
  ASSERT_OK(first);
  ASSERT_OK(second);
  EXPECT_FALSE(first->digest.empty());
  EXPECT_EQ(first->digest, second->digest);
}

TEST(SessionWrite, StaysInsideTheAllowedRoots) {
  TestFolder folder;
  std::filesystem::create_directories(folder.File("inside"));
  auto session = OpenIn(folder, {{"allowed_roots", folder.File("inside")}});
  EXPECT_KIND(session->Write("SELECT 1 AS a", ToDelta(folder.File("outside"))),
              kSqlPolicyViolation);
  ASSERT_OK(session->Write("SELECT 1 AS a", ToDelta(folder.File("inside/t"))));
}

TEST(SessionEncode, HandsOutAnArrowFile) {
  TestFolder folder;
  auto session = OpenIn(folder);
  std::string bytes;
  const auto rows = session->Encode(Numbers(2, 3), DataFormat::kArrow, [&](std::string_view piece) {
    bytes += piece;
    return true;
  });
  ASSERT_OK(rows);
  EXPECT_EQ(*rows, 6);
  EXPECT_TRUE(bytes.starts_with("ARROW1"));
  const auto refuse = [](std::string_view) { return false; };
  EXPECT_KIND(session->Encode(Numbers(1, 1), DataFormat::kArrow, refuse), kIo);
  EXPECT_KIND(session->Encode(Numbers(1, 1), DataFormat::kDelta, refuse), kUnsupported);
}

TEST(SessionKernels, RunOverRegisteredNames) {
  TestFolder folder;
  auto session = OpenIn(folder);
  ASSERT_OK(session->RegisterView("calls",
                                  "SELECT 'f' AS p, 5 AS s, 6 AS e UNION ALL "
                                  "SELECT 'f', 50, 60"));
  ASSERT_OK(session->RegisterView("functions",
                                  "SELECT 'f' AS p, 0 AS s, 10 AS e, 'outer' AS q "
                                  "UNION ALL SELECT 'f', 4, 8, 'inner'"));
  IntervalAlignOptions align;
  align.left_on = {"p"};
  align.left_span = align.right_span = {.start = "s", .end = "e"};
  align.how = JoinHow::kLeft;
  ASSERT_OK(session->RegisterStream("owned", *session->Apply(align, {"calls", "functions"})));
  EXPECT_EQ(RowsOf(session->Sql("SELECT s, q, match_kind FROM owned ORDER BY s")),
            "5|inner|CONTAINING\n50||NO_MATCH\n");
  DedupeOptions dedupe;
  dedupe.keys = {"p"};
  auto rows = session->Apply(dedupe, {"calls"});
  EXPECT_EQ(RowsOf(std::move(rows)), "f|5|6\n");
  dedupe.keys = {"nothing"};
  EXPECT_KIND(session->Apply(dedupe, {"calls"}), kNotFound);
  EXPECT_KIND(session->Apply(align, {"calls", "nobody"}), kNotFound);
  EXPECT_KIND(session->Apply(align, {"calls"}), kInvalidArgument);
  EXPECT_KIND(session->Apply(dedupe, {}), kInvalidArgument);
}

}  // namespace
}  // namespace lakegate::session
