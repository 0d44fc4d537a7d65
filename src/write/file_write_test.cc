#include "write/file_write.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "write/abandoned_files.h"
#include "write/write_fixture.h"

namespace lakegate::write {
namespace {

class FileWrites : public WriteFixture {};

TEST_F(FileWrites, WritesEveryFormatWholeAndUnderItsOwnName) {
  std::set<std::string> digests;
  for (const std::string name : {"a.parquet", "a.csv", "a.ndjson", "a.arrow"}) {
    const auto receipt = WriteRows(To(name), 3);
    ASSERT_TRUE(receipt) << name << ": " << receipt.error().ToString();
    EXPECT_EQ(receipt->rows, 30);
    EXPECT_EQ(receipt->bytes,
              static_cast<std::int64_t>(std::filesystem::file_size(folder_ / name)));
    EXPECT_EQ(receipt->files, std::vector<std::string>{name});
    EXPECT_EQ(std::get<Committed>(receipt->outcome).version, -1);
    EXPECT_EQ(Count(name, receipt->format), 30) << name;
    digests.insert(receipt->digest);
  }
  EXPECT_EQ(digests.size(), 1u);
  EXPECT_EQ(FilesEndingIn(".lakegate-tmp"), 0);
}

TEST_F(FileWrites, AnEmptyResultIsAReadableFile) {
  for (const std::string name : {"a.parquet", "a.csv", "a.ndjson", "a.arrow"}) {
    const auto receipt = WriteRows(To(name), 0);
    ASSERT_TRUE(receipt) << name << ": " << receipt.error().ToString();
    EXPECT_EQ(receipt->rows, 0);
    EXPECT_TRUE(std::filesystem::exists(folder_ / name));
  }
  EXPECT_EQ(Count("a.parquet", DataFormat::kParquet), 0);
}

TEST_F(FileWrites, SweepsWhatKilledWritesLeftButNoLiveOrForeignFile) {
  const std::string uuid = "00000000-0000-4000-8000-00000000000a";
  const auto put = [&](const std::string& name, std::chrono::hours age) {
    std::ofstream(folder_ / name) << "x";
    std::filesystem::last_write_time(folder_ / name,
                                     std::filesystem::file_time_type::clock::now() - age);
  };
  using std::chrono::hours;
  const std::string old = ".a.csv." + uuid + ".lakegate-tmp";
  const std::vector<std::string> kept = {
      ".a.csv.00000000-0000-4000-8000-00000000000b.lakegate-tmp",  // live: written to lately
      ".b.csv." + uuid + ".lakegate-tmp",                          // another target's
      ".a.csv." + uuid + ".tmp",
      ".a.csv.not-a-uuid-but-thirty-six-letters-xx.lakegate-tmp",
      "a.csv." + uuid + ".lakegate-tmp",
  };
  const std::string slow = ".a.csv.00000000-0000-4000-8000-00000000000c.lakegate-tmp";
  put(old, hours(25));
  put(slow, hours(25));
  auto live = std::make_optional<LiveMark>(folder_ / slow);
  put(kept[0], hours(1));
  for (std::size_t i = 1; i < kept.size(); ++i) put(kept[i], hours(25));
  policy_.abandoned_after_ms = 0;
  ASSERT_TRUE(WriteRows(To("a.csv"), 1));
  EXPECT_TRUE(std::filesystem::exists(folder_ / old));
  policy_.abandoned_after_ms = std::chrono::milliseconds(hours(24)).count();
  ASSERT_TRUE(WriteRows(To("a.csv", WriteMode::kOverwrite), 1));
  EXPECT_FALSE(std::filesystem::exists(folder_ / old));
  for (const std::string& name : kept) EXPECT_TRUE(std::filesystem::exists(folder_ / name)) << name;
  EXPECT_TRUE(std::filesystem::exists(folder_ / slow));
  live.reset();
  ASSERT_TRUE(WriteRows(To("a.csv", WriteMode::kOverwrite), 1));
  EXPECT_FALSE(std::filesystem::exists(folder_ / slow));
}

TEST_F(FileWrites, ModeErrorRefusesBeforeTheSourceIsOpened) {
  ASSERT_TRUE(WriteRows(To("a.csv"), 1));
  ExpectRefused(WriteRows(To("a.csv"), 1), ErrorKind::kAlreadyExists, "mode overwrite");
  EXPECT_EQ(opened_, 0);
}

TEST_F(FileWrites, AFailedOverwriteKeepsTheOldFile) {
  ASSERT_TRUE(WriteRows(To("a.parquet"), 1));
  const Error expected(ErrorKind::kTimeout, "Too slow.");
  const auto receipt = Write(To("a.parquet", WriteMode::kOverwrite), [&]() -> Result<ArrowStream> {
    return ArrowStream(std::make_unique<engine::FailingStream>(100, expected));
  });
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error(), expected);
  EXPECT_EQ(Count("a.parquet", DataFormat::kParquet), 10);
  EXPECT_EQ(FilesEndingIn(".lakegate-tmp"), 0);
  ASSERT_TRUE(WriteRows(To("a.parquet", WriteMode::kOverwrite), 2));
  EXPECT_EQ(Count("a.parquet", DataFormat::kParquet), 20);
}

TEST_F(FileWrites, AViolatedCheckLeavesNothing) {
  auto options = To("new/deep/a.csv");
  options.checks = {{"small", "id < 5"}};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kConstraintViolation, "small");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new"));
  options.checks = {{"small", "id < 50"}};
  EXPECT_TRUE(WriteRows(options, 1));
}

TEST_F(FileWrites, RefusesWhatOnlyDeltaCanDo) {
  ExpectRefused(WriteRows(To("a.csv", WriteMode::kAppend), 1), ErrorKind::kUnsupported, "delta");
  auto options = To("a.parquet");
  options.partition_by = {"name"};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kUnsupported, "partition_by");
  options = To("a.parquet");
  options.app_transaction = AppTransaction{"job", 1};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kUnsupported, "app_transaction");
  options = To("a.parquet");
  options.properties = {{"delta.appendOnly", "true"}};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kUnsupported, "properties");
  EXPECT_EQ(FilesEndingIn("parquet"), 0);
}

TEST_F(FileWrites, RefusesDestinationsThatAreNone) {
  std::filesystem::create_directory(folder_ / "d.csv");
  auto options = To("d.csv");
  options.destination.format = DataFormat::kCsv;
  ExpectRefused(WriteRows(options, 1), ErrorKind::kIo, "folder");
  options.destination.path = "/proc/lakegate/a.csv";
  ExpectRefused(WriteRows(options, 1), ErrorKind::kIo, "/proc/lakegate");
  options = To("unknown.ending");
  ExpectRefused(WriteRows(options, 1), ErrorKind::kInvalidArgument);
}

TEST_F(FileWrites, AFullDiskIsAnIoErrorAndLeavesNothing) {
  const TinyDisk disk(folder_ / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount a tmpfs";
  for (const std::string name : {"disk/a.csv", "disk/a.parquet", "disk/a.ndjson", "disk/a.arrow"}) {
    ExpectRefused(Write(To(name), [] { return NoisyStream(20); }), ErrorKind::kIo);
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "disk")) << name;
  }
}

TEST_F(FileWrites, CsvRefusesTypesItHasNoSpellingFor) {
  const OwnedSchema schema =
      columnar::MakeSchema({{.name = "id", .format = "l"}, {.name = "raw", .format = "z"}});
  const auto receipt = Write(
      To("a.csv"), [&]() -> Result<ArrowStream> { return StreamOf(CopySchema(*schema), {}); });
  ExpectRefused(receipt, ErrorKind::kUnsupported, "raw (binary)");
}

TEST_F(FileWrites, OptionsAreHonouredOrRefusedByName) {
  auto options = To("a.csv");
  options.options = {{"delimiter", ";"}, {"null", "-"}};
  ASSERT_TRUE(WriteRows(options, 1));
  std::stringstream text;
  text << std::ifstream(folder_ / "a.csv").rdbuf();
  EXPECT_TRUE(text.str().starts_with("id;name\n0;name0\n")) << text.str();
  EXPECT_NE(text.str().find("4;-\n"), std::string::npos) << text.str();
  options = To("b.csv");
  options.options = {{"delimitr", ";"}};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kInvalidArgument, "Did you mean 'delimiter'");
  options.options = {{"header", "maybe"}};
  ExpectRefused(WriteRows(options, 1), ErrorKind::kInvalidArgument, "true or false");
}

TEST_F(FileWrites, TextWithLineBreaksIsCountedRight) {
  const OwnedSchema schema = columnar::MakeSchema({{.name = "text", .format = "u"}});
  for (const std::string name : {"a.csv", "a.ndjson"}) {
    const auto receipt = Write(To(name), [&]() -> Result<ArrowStream> {
      auto builder = columnar::BatchBuilder::Make(*schema);
      builder->column(0).AppendBytes("two\nlines, \"quoted\"");
      builder->column(0).AppendBytes("");
      builder->column(0).AppendNull();
      std::vector<OwnedArray> batches;
      batches.push_back(builder->Finish());
      return StreamOf(CopySchema(*schema), std::move(batches));
    });
    ASSERT_TRUE(receipt) << name << ": " << receipt.error().ToString();
    EXPECT_EQ(receipt->rows, 3);
  }
}

TEST_F(FileWrites, ANullSourceIsRefused) {
  WriteContext context = Context();
  ExpectRefused(RunWrite(ArrowStream(), To("a.csv"), context), ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace lakegate::write
