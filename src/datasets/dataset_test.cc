#include "lakegate/dataset.h"

#include <gtest/gtest.h>

#include <functional>

namespace lakegate {
namespace {

TEST(DataFormat, NamesReadBack) {
  for (const DataFormat format : {DataFormat::kDelta, DataFormat::kParquet, DataFormat::kCsv,
                                  DataFormat::kNdjson, DataFormat::kArrow}) {
    EXPECT_EQ(*DataFormatFromText(DataFormatName(format)), format);
  }
  EXPECT_EQ(*DataFormatFromText("jsonl"), DataFormat::kNdjson);
  EXPECT_EQ(*DataFormatFromText("IPC"), DataFormat::kArrow);
}

TEST(DataFormat, UnknownNamesListTheFormats) {
  for (const char* text : {"", "parqet", "json", "xlsx", "csv "}) {
    const auto format = DataFormatFromText(text);
    ASSERT_FALSE(format) << text;
    EXPECT_EQ(format.error().kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(format.error().message().find("delta, parquet, csv, ndjson, arrow"),
              std::string::npos)
        << format.error().message();
  }
  EXPECT_NE(DataFormatFromText("parqet").error().message().find("Did you mean 'parquet'?"),
            std::string::npos);
}

TEST(DataFormat, EndingsOfPathsTell) {
  const std::pair<const char*, DataFormat> cases[] = {
      {"/a/b.parquet", DataFormat::kParquet},
      {"b.CSV", DataFormat::kCsv},
      {"b.tsv", DataFormat::kCsv},
      {"b.ndjson", DataFormat::kNdjson},
      {"b.jsonl", DataFormat::kNdjson},
      {"b.arrow", DataFormat::kArrow},
      {"b.ipc", DataFormat::kArrow},
      {"b.feather", DataFormat::kArrow},
      {"b.csv.gz", DataFormat::kCsv},
      {"/x.csv/b.parquet", DataFormat::kParquet},
  };
  for (const auto& [path, format] : cases) EXPECT_EQ(*DataFormatFromPath(path), format) << path;
}

TEST(DataFormat, OtherPathsDoNotTell) {
  for (const char* path : {"", "/", "/a/b", "/a/b.json", ".csv", "/a/.parquet", "/x.csv/table",
                           "b.csv.bak", "b.gz", "csv"}) {
    const auto format = DataFormatFromPath(path);
    ASSERT_FALSE(format) << path;
    EXPECT_EQ(format.error().kind(), ErrorKind::kInvalidArgument);
  }
}

DatasetSpec Spec() {
  DatasetSpec spec;
  spec.name = "calls";
  spec.location.path = "/data/calls";
  spec.location.format = DataFormat::kDelta;
  spec.location.version = 3;
  spec.key = {"path", "start"};
  spec.not_null = {"path"};
  spec.checks = {{"positive", "start >= 0"}};
  return spec;
}

TEST(DatasetSpec, AFullSpecIsValid) {
  EXPECT_TRUE(Spec().Validate());
  DatasetSpec file = Spec();
  file.location.format.reset();
  file.location.version.reset();
  file.location.partition_columns = {"day"};
  EXPECT_TRUE(file.Validate());
}

TEST(DatasetSpec, RefusesWhatCannotBeMeant) {
  struct Case {
    const char* name;
    std::function<void(DatasetSpec&)> change;
    const char* message_part;
  };
  const Case cases[] = {
      {"no name", [](DatasetSpec& s) { s.name = ""; }, "needs a name"},
      {"no path", [](DatasetSpec& s) { s.location.path = ""; }, "needs a path"},
      {"NUL in path", [](DatasetSpec& s) { s.location.path = std::string("/a\0b", 4); }, "NUL"},
      {"bytes in path", [](DatasetSpec& s) { s.location.path = "/\xff"; }, "UTF-8"},
      {"both pins", [](DatasetSpec& s) { s.location.timestamp_ms = 1; }, "not to both"},
      {"negative version", [](DatasetSpec& s) { s.location.version = -1; }, "counts from 0"},
      {"version of a file", [](DatasetSpec& s) { s.location.format = DataFormat::kCsv; },
       "Only Delta tables"},
      {"partitions of delta", [](DatasetSpec& s) { s.location.partition_columns = {"day"}; },
       "partition_columns"},
      {"option without a name", [](DatasetSpec& s) { s.location.options[""] = "x"; }, "option"},
      {"key twice",
       [](DatasetSpec& s) {
         s.key = {"a", "a"};
       },
       "'a' in 'key'"},
      {"empty not_null", [](DatasetSpec& s) { s.not_null = {""}; }, "'not_null'"},
      {"check without a name", [](DatasetSpec& s) { s.checks[0].name = ""; }, "needs a name"},
      {"check without a text", [](DatasetSpec& s) { s.checks[0].expression = " \n"; },
       "needs an expression"},
      {"two checks of one name", [](DatasetSpec& s) { s.checks.push_back(s.checks[0]); },
       "'positive'"},
  };
  for (const Case& each : cases) {
    DatasetSpec spec = Spec();
    each.change(spec);
    const Status status = spec.Validate();
    ASSERT_FALSE(status) << each.name;
    EXPECT_EQ(status.error().kind(), ErrorKind::kInvalidArgument) << each.name;
    EXPECT_NE(status.error().message().find(each.message_part), std::string::npos)
        << status.error().message();
  }
}

}  // namespace
}  // namespace lakegate
