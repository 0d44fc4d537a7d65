#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::HasSubstr;

TEST(SessionRegister, RefusesWhatCannotBeADataset) {
  TestFolder folder;
  auto session = OpenIn(folder);
  folder.Write("empty.csv", "");
  folder.Write("plain/readme.txt", "x");
  folder.Write("folder.csv/inside.csv", "a\n1\n");
  folder.Write("mixed/a.csv", "a\n1\n");
  folder.Write("mixed/b.ndjson", "{}\n");
  std::filesystem::create_directories(folder.File("void"));
  std::filesystem::create_directories(folder.File("table/_delta_log"));

  EXPECT_KIND(session->Register(Dataset("d", folder.File("nobody.csv"))), kNotFound);
  EXPECT_KIND(session->Register(Dataset("d", folder.File("empty.csv"))), kCorruptData);
  EXPECT_KIND(session->Register(Dataset("d", folder.File("plain"))), kInvalidArgument);
  EXPECT_KIND(session->Register(Dataset("d", folder.File("plain/readme.txt"))), kInvalidArgument);
  EXPECT_KIND(session->Register(Dataset("d", folder.File("folder.csv"))), kInvalidArgument);
  EXPECT_KIND(session->Register(Dataset("d", folder.File("mixed"))), kInvalidArgument);
  EXPECT_KIND(session->Register(Dataset("d", folder.File("void"))), kNotFound);
  EXPECT_KIND(session->Register(Dataset("d", folder.File("table"))), kNotFound);
  EXPECT_KIND(session->Register(Dataset("d", "/dev/null")), kInvalidArgument);
  EXPECT_KIND(session->Register(Dataset("", folder.File("mixed/a.csv"))), kInvalidArgument);
  EXPECT_TRUE(session->Entries().empty());
}

TEST(SessionRegister, RefusesADeltaPathWithoutALog) {
  TestFolder folder;
  folder.Write("plain/a.csv", "a\n1\n");
  DatasetSpec spec = Dataset("d", folder.File("plain"));
  spec.location.format = DataFormat::kDelta;
  const auto registered = OpenIn(folder)->Register(spec);
  EXPECT_KIND(registered, kNotFound);
  EXPECT_THAT(registered.error().message(), HasSubstr("_delta_log"));
}

TEST(SessionRegister, RefusesANameInUse) {
  TestFolder folder;
  auto session = OpenIn(folder);
  const DatasetSpec spec = Dataset("d", folder.Write("d.csv", "a\n1\n"));
  ASSERT_OK(session->Register(spec));
  EXPECT_KIND(session->Register(spec), kAlreadyExists);
  EXPECT_KIND(session->RegisterStream("d", Numbers(1, 1)), kAlreadyExists);
  ASSERT_OK(session->Deregister("d"));
  EXPECT_KIND(session->Deregister("d"), kNotFound);
  ASSERT_OK(session->Register(spec));
}

TEST(SessionRegister, StaysInsideTheAllowedRoots) {
  TestFolder folder;
  folder.Write("inside/a.csv", "a\n1\n");
  folder.Write("inside-not/a.csv", "a\n1\n");
  std::filesystem::create_symlink(folder.File("inside-not"), folder.File("inside/link"));
  auto session = OpenIn(folder, {{"allowed_roots", folder.File("inside")}});
  ASSERT_OK(session->Register(Dataset("good", folder.File("inside/a.csv"))));
  EXPECT_KIND(session->Register(Dataset("b", folder.File("inside-not/a.csv"))),
              kSqlPolicyViolation);
  EXPECT_KIND(session->Register(Dataset("b", folder.File("inside/../inside-not/a.csv"))),
              kSqlPolicyViolation);
  EXPECT_KIND(session->Register(Dataset("b", folder.File("inside/link/a.csv"))),
              kSqlPolicyViolation);
}

TEST(SessionRegister, JudgesTheSchemeBeforeAnythingIsReached) {
  TestFolder folder;
  const std::string path = folder.Write("a.csv", "a\n1\n");
  auto session = OpenIn(folder);
  EXPECT_KIND(session->Register(Dataset("b", "s3://bucket/a.csv")), kSqlPolicyViolation);
  EXPECT_KIND(session->Register(Dataset("b", "file://host/a.csv")), kInvalidArgument);
  EXPECT_KIND(session->Register(Dataset("b", "file://" + folder.File("%2e%2e/a.csv"))),
              kInvalidArgument);
  ASSERT_OK(session->Register(Dataset("good", "file://" + path)));
  auto open = OpenIn(folder, {{"allowed_schemes", "*"}});
  EXPECT_KIND(open->Register(Dataset("b", "s3://bucket/a.csv")), kUnsupported);
}

TEST(SessionRegister, RefusesChecksThatAreNoCondition) {
  TestFolder folder;
  auto session = OpenIn(folder);
  const std::string path = folder.Write("d.csv", "a\n1\n");
  const char* const expressions[] = {"(SELECT 1) = 1", "a = $1", "1) FROM other WHERE (true",
                                     "EXISTS (SELECT 1)"};
  for (const char* expression : expressions) {
    DatasetSpec spec = Dataset("d", path);
    spec.checks = {{.name = "c", .expression = expression}};
    const auto registered = session->Register(spec);
    ASSERT_FALSE(registered.has_value()) << expression;
    EXPECT_EQ(registered.error().kind(), ErrorKind::kInvalidArgument)
        << expression << "\n"
        << registered.error().ToString();
  }
}

TEST(SessionContract, FailsTheReadAndNamesTheCheck) {
  TestFolder folder;
  auto session = OpenIn(folder);
  DatasetSpec spec = Dataset("d", folder.Write("d.csv", "a,b\n1,2\n5,4\n7,6\n"));
  spec.checks = {{.name = "span", .expression = "a < b"}};
  ASSERT_OK(session->Register(spec));
  auto rows = session->Sql("SELECT count(*) AS n FROM d");
  const auto batch = rows ? (*rows)->Next() : Result<std::optional<OwnedArray>>(rows.error());
  EXPECT_KIND(batch, kConstraintViolation);
  const auto* detail = std::get_if<ConstraintViolation>(&batch.error().detail());
  ASSERT_NE(detail, nullptr);
  EXPECT_EQ(detail->constraint, "span");
  EXPECT_EQ(detail->violations, 2);
}

TEST(SessionContract, QuarantinesBadRows) {
  TestFolder folder;
  auto session = OpenIn(folder, {{"run_directory", folder.File("runs")}});
  DatasetSpec spec = Dataset("d", folder.Write("d.csv", "a,b\n1,2\n5,4\n,6\n3,9\n"));
  spec.checks = {{.name = "span", .expression = "a < b"}};
  spec.not_null = {"a"};
  spec.on_violation = OnViolation::kQuarantine;
  ASSERT_OK(session->Register(spec));
  EXPECT_EQ(RowsOf(session->Sql("SELECT a, b FROM d")), "1|2\n3|9\n");
  const std::string errors = folder.Read("runs/errors/d.ndjson");
  EXPECT_THAT(errors, HasSubstr("span"));
  EXPECT_THAT(errors, HasSubstr("not_null(a)"));
}

TEST(SessionContract, RefusesAColumnThatIsNotThere) {
  TestFolder folder;
  auto session = OpenIn(folder);
  DatasetSpec spec = Dataset("d", folder.Write("d.csv", "alpha\n1\n"));
  spec.not_null = {"beta"};
  ASSERT_OK(session->Register(spec));
  const auto rows = session->Sql("SELECT * FROM d");
  EXPECT_KIND(rows, kNotFound);
  EXPECT_THAT(rows.error().message(), HasSubstr("alpha"));
}

TEST(SessionCorrupt, NamesTheLineOfTruncatedNdjson) {
  TestFolder folder;
  auto session = OpenIn(folder);
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "{\"a\":" + std::to_string(i) + "}\n";
  ASSERT_OK(session->Register(Dataset("d", folder.Write("d.ndjson", text + "{\"a\":30"))));
  auto rows = session->Sql("SELECT sum(a) AS s FROM d");
  const auto batch = rows ? (*rows)->Next() : Result<std::optional<OwnedArray>>(rows.error());
  EXPECT_KIND(batch, kCorruptData);
  const auto* position = std::get_if<FilePosition>(&batch.error().detail());
  ASSERT_NE(position, nullptr) << batch.error().ToString();
  EXPECT_EQ(position->line, 3001);
}

TEST(SessionCorrupt, NamesTheLineOfAShortCsvRecord) {
  TestFolder folder;
  auto session = OpenIn(folder);
  ASSERT_OK(
      session->Register(Dataset("d", folder.Write("d.csv", "a,b\n1,2\n\"x\ny\",3\n4\n5,6\n"))));
  auto rows = session->Sql("SELECT * FROM d");
  const auto batch = rows ? (*rows)->Next() : Result<std::optional<OwnedArray>>(rows.error());
  EXPECT_KIND(batch, kCorruptData);
}

TEST(SessionCorrupt, RefusesCorruptParquet) {
  TestFolder folder;
  auto session = OpenIn(folder);
  ASSERT_OK(session->Register(Dataset("d", folder.Write("d.parquet", "PAR1 not really PAR1"))));
  EXPECT_KIND(session->Sql("SELECT * FROM d"), kCorruptData);
}

}  // namespace
}  // namespace lakegate::session
