#include "engine/file_writer.h"

#include <gtest/gtest.h>

#include "engine/test_rows.h"

namespace lakegate::engine {
namespace {

class FileWriters : public ::testing::Test {
 protected:
  ScratchFolder folder_;
  std::shared_ptr<Engine> engine_ = OpenTestEngine();
};

TEST_F(FileWriters, RefusesAPathThatExists) {
  const FileWriterOptions options{folder_ / "x.parquet", DataFormat::kParquet, {}};
  auto first = FileWriter::Open(*engine_, options, *IdNameSchema());
  ASSERT_TRUE(first) << first.error().ToString();
  ASSERT_TRUE(std::move(*first).Finish());
  const auto second = FileWriter::Open(*engine_, options, *IdNameSchema());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::kAlreadyExists);
}

TEST_F(FileWriters, RefusesOptionsOfOtherFormats) {
  const auto writer = FileWriter::Open(
      *engine_, {folder_ / "x.csv", DataFormat::kCsv, {{"dictionary", "true"}}}, *IdNameSchema());
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_NE(writer.error().message().find("dictionary"), std::string::npos);
}

TEST_F(FileWriters, RefusesAFolderThatIsNotThere) {
  const auto writer =
      FileWriter::Open(*engine_, {folder_ / "no/x.csv", DataFormat::kCsv, {}}, *IdNameSchema());
  ASSERT_FALSE(writer);
  EXPECT_TRUE(writer.error().kind() == ErrorKind::kIo ||
              writer.error().kind() == ErrorKind::kNotFound);
}

TEST_F(FileWriters, RefusesABatchOfAnotherSchema) {
  auto writer = FileWriter::Open(*engine_, {folder_ / "x.parquet", DataFormat::kParquet, {}},
                                 *IdNameSchema());
  ASSERT_TRUE(writer);
  const OwnedSchema other = columnar::MakeSchema({{.name = "id", .format = "l"}});
  auto builder = columnar::BatchBuilder::Make(*other);
  builder->column(0).AppendInt(1);
  const Status written = writer->Write(builder->Finish());
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().kind(), ErrorKind::kInternal) << written.error().ToString();
}

}  // namespace
}  // namespace lakegate::engine
