#include "engine/table.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/file_writer.h"
#include "engine/test_rows.h"

namespace lakegate::engine {
namespace {

class Tables : public ::testing::Test {
 protected:
  DatasetLocation At(const std::string& path, DataFormat format) {
    DatasetLocation location;
    location.path = path;
    location.format = format;
    return location;
  }
  void Put(const std::string& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  FileTotals WriteRows(const std::string& path, DataFormat format,
                       std::map<std::string, std::string> options = {}) {
    auto writer = FileWriter::Open(*engine_, {path, format, std::move(options)}, *IdNameSchema());
    EXPECT_TRUE(writer) << writer.error().ToString();
    EXPECT_TRUE(writer->Write(IdNameBatch(0, 6)));
    EXPECT_TRUE(writer->Write(IdNameBatch(6, 4)));
    auto totals = std::move(*writer).Finish();
    EXPECT_TRUE(totals) << totals.error().ToString();
    return *totals;
  }
  Result<std::vector<std::int64_t>> Query(const Table& table, std::string_view sql) {
    auto session = EngineSession::Open(engine_);
    if (!session) return std::move(session).error();
    if (auto added = session->AddTable("t", table); !added) return std::move(added).error();
    return IntegersOf(*session, sql);
  }
  Error Refused(const DatasetLocation& location) {
    auto table = Table::Open(*engine_, location);
    if (!table) return std::move(table).error();
    auto rows = Query(*table, "SELECT * FROM t");
    return rows ? Error(ErrorKind::kInternal, "it was read") : std::move(rows).error();
  }

  ScratchFolder folder_;
  std::shared_ptr<Engine> engine_ = OpenTestEngine();
};

TEST_F(Tables, ReadsBackEveryFormatTheWriterWrites) {
  const std::pair<const char*, DataFormat> formats[] = {{"rows.parquet", DataFormat::kParquet},
                                                        {"rows.csv", DataFormat::kCsv},
                                                        {"rows.ndjson", DataFormat::kNdjson},
                                                        {"rows.arrow", DataFormat::kArrow}};
  for (const auto& [name, format] : formats) {
    const std::string path = folder_ / name;
    const FileTotals totals = WriteRows(path, format);
    EXPECT_EQ(totals.rows, 10);
    EXPECT_EQ(totals.bytes, static_cast<std::int64_t>(std::filesystem::file_size(path)));
    auto table = Table::Open(*engine_, At(path, format));
    ASSERT_TRUE(table) << table.error().ToString();
    const auto info = table->Info();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->files, 1);
    EXPECT_EQ(info->bytes, totals.bytes);
    const auto sum = Query(*table, "SELECT CAST(sum(id) * 100 + count(name) AS BIGINT) FROM t");
    ASSERT_TRUE(sum) << sum.error().ToString();
    EXPECT_EQ(sum->front(), 4508) << name;
  }
}

TEST_F(Tables, ReadsAFolderOfFiles) {
  std::filesystem::create_directory(folder_ / "d");
  Put(folder_ / "d/a.csv", "id,name\n1,x\n2,y\n");
  Put(folder_ / "d/b.csv", "id,name\n3,z\n");
  auto table = Table::Open(*engine_, At(folder_ / "d", DataFormat::kCsv));
  ASSERT_TRUE(table) << table.error().ToString();
  const auto rows = Query(*table, "SELECT id FROM t");
  ASSERT_TRUE(rows) << rows.error().ToString();
  EXPECT_EQ(*rows, (std::vector<std::int64_t>{1, 2, 3}));
}

TEST_F(Tables, HonoursCsvOptions) {
  Put(folder_ / "x.csv", "1;'a;b'\n2;c\n");
  auto location = At(folder_ / "x.csv", DataFormat::kCsv);
  location.options = {{"delimiter", ";"}, {"quote", "'"}, {"header", "false"}};
  auto table = Table::Open(*engine_, location);
  ASSERT_TRUE(table) << table.error().ToString();
  const auto rows = Query(*table, "SELECT column_1 FROM t");
  ASSERT_TRUE(rows) << rows.error().ToString();
  EXPECT_EQ(rows->size(), 2u);
}

TEST_F(Tables, RefusesAnUnknownOption) {
  Put(folder_ / "x.csv", "a\n1\n");
  auto location = At(folder_ / "x.csv", DataFormat::kCsv);
  location.options = {{"delimitr", ";"}};
  const Error error = Refused(location);
  EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
  EXPECT_NE(error.message().find("delimitr"), std::string::npos) << error.ToString();
}

TEST_F(Tables, RefusesWhatIsNotThere) {
  EXPECT_EQ(Refused(At(folder_ / "no.csv", DataFormat::kCsv)).kind(), ErrorKind::kNotFound);
  const Error no_log = Refused(At(folder_.path(), DataFormat::kDelta));
  EXPECT_EQ(no_log.kind(), ErrorKind::kNotFound);
  EXPECT_NE(no_log.message().find("No Delta log"), std::string::npos) << no_log.ToString();
  DatasetLocation unknown;
  unknown.path = folder_ / "x";
  EXPECT_EQ(Refused(unknown).kind(), ErrorKind::kInvalidArgument);
}

TEST_F(Tables, ACorruptParquetFileIsNamed) {
  WriteRows(folder_ / "x.parquet", DataFormat::kParquet);
  std::filesystem::resize_file(folder_ / "x.parquet", 100);
  const Error error = Refused(At(folder_ / "x.parquet", DataFormat::kParquet));
  EXPECT_EQ(error.kind(), ErrorKind::kCorruptData);
  EXPECT_NE(error.message().find("x.parquet"), std::string::npos) << error.ToString();
}

TEST_F(Tables, TruncatedNdjsonSaysTheLine) {
  Put(folder_ / "x.ndjson", "{\"id\":1}\n{\"id\":2}\n{\"id\":");
  const Error error = Refused(At(folder_ / "x.ndjson", DataFormat::kNdjson));
  EXPECT_EQ(error.kind(), ErrorKind::kCorruptData);
  const auto* position = std::get_if<FilePosition>(&error.detail());
  ASSERT_NE(position, nullptr) << error.ToString();
  EXPECT_EQ(position->line, 3) << error.ToString();
}

TEST_F(Tables, AnEmptyFileIsNoDataset) {
  Put(folder_ / "x.csv", "");
  EXPECT_EQ(Refused(At(folder_ / "x.csv", DataFormat::kCsv)).kind(), ErrorKind::kNotFound);
}

TEST(LocationJson, OptionsGetTheirTypes) {
  DatasetLocation location;
  location.path = "/d";
  location.format = DataFormat::kCsv;
  location.options = {{"header", "false"}, {"infer_rows", "10"}, {"delimiter", ";"}};
  EXPECT_EQ(LocationJson(location, {}),
            R"({"format":"csv","options":{"delimiter":";","header":false,"infer_rows":10},)"
            R"("partition_columns":[],"paths":["/d"]})");
}

}  // namespace
}  // namespace lakegate::engine
