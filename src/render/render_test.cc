#include "lakegate/render.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "columnar/builder.h"
#include "columnar/schema.h"

namespace lakegate {
namespace {

using columnar::BatchBuilder;
using columnar::FieldSpec;

struct Rows {
  std::vector<FieldSpec> fields;
  std::vector<std::function<void(BatchBuilder&)>> batches;
};

ArrowStream StreamOfRows(const Rows& rows) {
  OwnedSchema schema = columnar::MakeSchema(rows.fields);
  std::vector<OwnedArray> arrays;
  for (const auto& fill : rows.batches) {
    auto builder = BatchBuilder::Make(*schema).value();
    fill(builder);
    arrays.push_back(builder.Finish());
  }
  return StreamOf(std::move(schema), std::move(arrays));
}

// {name: utf8, n: int64}; "-" is a null name, -1 a null number.
Rows Named(std::vector<std::vector<std::pair<std::string, std::int64_t>>> batches) {
  Rows rows{{{.name = "name", .format = "u"}, {.name = "n", .format = "l"}}, {}};
  for (auto& batch : batches) {
    rows.batches.push_back([batch = std::move(batch)](BatchBuilder& builder) {
      for (const auto& [name, number] : batch) {
        name == "-" ? builder.column(0).AppendNull() : builder.column(0).AppendBytes(name);
        number == -1 ? builder.column(1).AppendNull() : builder.column(1).AppendInt(number);
      }
    });
  }
  return rows;
}

std::string Rendered(const Rows& rows, RenderOptions options) {
  std::string text;
  const auto count = Render(StreamOfRows(rows), options, [&](std::string_view piece) {
    text.append(piece);
    return true;
  });
  EXPECT_TRUE(count) << count.error().ToString();
  return text;
}

std::string Rendered(const Rows& rows, RenderFormat format) {
  RenderOptions options;
  options.format = format;
  return Rendered(rows, options);
}

TEST(Render, Table) {
  EXPECT_EQ(Rendered(Named({{{"a", 1}, {"-", 200}}, {{"wide ü", -1}}}), RenderFormat::kTable),
            "┌────────┬─────┐\n"
            "│ name   │   n │\n"
            "├────────┼─────┤\n"
            "│ a      │   1 │\n"
            "│        │ 200 │\n"
            "│ wide ü │     │\n"
            "└────────┴─────┘\n");
}

TEST(Render, TableWithoutRowsOrHeader) {
  EXPECT_EQ(Rendered(Named({}), RenderFormat::kTable),
            "┌──────┬─────┐\n"
            "│ name │   n │\n"
            "├──────┼─────┤\n"
            "└──────┴─────┘\n");
  RenderOptions options;
  options.header = false;
  options.null_text = "NULL";
  EXPECT_EQ(Rendered(Named({{{"-", 1}}}), options),
            "┌──────┬─────┐\n"
            "│ NULL │   1 │\n"
            "└──────┴─────┘\n");
}

TEST(Render, TableCellsAreCutAndEscaped) {
  RenderOptions options;
  options.cell_width = 6;
  EXPECT_EQ(
      Rendered(
          Named({{{"abcdefghij", 1}, {"a\nb\x1b[", 2}, {"日本語日本語", 3}, {"\xc2\x9bz", 4}}}),
          options),
      "┌────────┬─────┐\n"
      "│ name   │   n │\n"
      "├────────┼─────┤\n"
      "│ abcde… │   1 │\n"
      "│ a\\nb\\… │   2 │\n"
      "│ 日本…  │   3 │\n"
      "│ \\x9bz  │   4 │\n"
      "└────────┴─────┘\n");
}

TEST(Render, RowsBeyondTheMeasuredOnesPushTheirLine) {
  RenderOptions options;
  options.measured_rows = 1;
  EXPECT_EQ(Rendered(Named({{{"a", 1}}, {{"longer than that", 2}}}), options),
            "┌──────┬─────┐\n"
            "│ name │   n │\n"
            "├──────┼─────┤\n"
            "│ a    │   1 │\n"
            "│ longer than that │   2 │\n"
            "└──────┴─────┘\n");
}

TEST(Render, Markdown) {
  EXPECT_EQ(Rendered(Named({{{"a|b", 1}, {"c\nd", -1}}}), RenderFormat::kMarkdown),
            "| name |   n |\n"
            "| ---- | --: |\n"
            "| a\\|b |   1 |\n"
            "| c\\nd |     |\n");
}

TEST(Render, CsvQuotesByItsStandardAndTellsNullFromEmpty) {
  const Rows rows = Named({{{"plain", 1},
                            {"a,b", 2},
                            {"say \"hi\"", 3},
                            {"two\nlines", 4},
                            {"cr\r", 5},
                            {"", 6},
                            {"-", 7},
                            {" space ", -1}}});
  EXPECT_EQ(Rendered(rows, RenderFormat::kCsv),
            "name,n\nplain,1\n\"a,b\",2\n\"say \"\"hi\"\"\",3\n\"two\nlines\",4\n\"cr\r\",5\n"
            "\"\",6\n,7\n space ,\n");
  RenderOptions options;
  options.format = RenderFormat::kCsv;
  options.header = false;
  options.null_text = "NULL";
  EXPECT_EQ(Rendered(Named({{{"NULL", 1}, {"-", -1}, {"", 2}}}), options),
            "\"NULL\",1\nNULL,NULL\n\"\",2\n");
}

TEST(Render, ALoneNullIsNoEmptyLine) {
  Rows rows{{{.name = "c", .format = "u"}}, {[](BatchBuilder& b) {
              b.column(0).AppendNull();
              b.column(0).AppendBytes("x");
            }}};
  EXPECT_EQ(Rendered(rows, RenderFormat::kCsv), "c\n\"\"\nx\n");
}

TEST(Render, TsvQuotesTabsOnly) {
  EXPECT_EQ(Rendered(Named({{{"a\tb", 1}, {"a,b", 2}}}), RenderFormat::kTsv),
            "name\tn\n\"a\tb\"\t1\na,b\t2\n");
}

TEST(Render, JsonIsOneArray) {
  EXPECT_EQ(Rendered(Named({{{"a\"\\", 1}}, {{"-", -1}}}), RenderFormat::kJson),
            "[\n{\"name\":\"a\\\"\\\\\",\"n\":1},\n{\"name\":null,\"n\":null}\n]\n");
  EXPECT_EQ(Rendered(Named({}), RenderFormat::kJson), "[]\n");
}

TEST(Render, NdjsonIsOneObjectALine) {
  EXPECT_EQ(Rendered(Named({{{"a\nb", 1}}, {{"\xff", 2}}}), RenderFormat::kNdjson),
            "{\"name\":\"a\\nb\",\"n\":1}\n{\"name\":\"\xef\xbf\xbd\",\"n\":2}\n");
  EXPECT_EQ(Rendered(Named({}), RenderFormat::kNdjson), "");
}

TEST(Render, Line) {
  RenderOptions options;
  options.format = RenderFormat::kLine;
  options.null_text = "NULL";
  EXPECT_EQ(Rendered(Named({{{"a", 1}}, {{"b", -1}}}), options),
            "name = a\n   n = 1\n\nname = b\n   n = NULL\n");
}

// Every format of every type: no crash, and the JSON is JSON whatever the values.
TEST(Render, JsonOfManyTypesParses) {
  const Rows rows{
      {{.name = "b", .format = "b"},
       {.name = "f", .format = "g"},
       {.name = "d", .format = "d:10,2"},
       {.name = "t", .format = "tsu:UTC"},
       {.name = "z", .format = "z"},
       {.name = "q\"\n", .format = "+l", .children = {{.name = "item", .format = "g"}}}},
      {[](BatchBuilder& b) {
        for (const double value : {1.5, std::nan(""), std::numeric_limits<double>::infinity()}) {
          b.column(0).AppendBool(value == 1.5);
          b.column(1).AppendDouble(value);
          b.column(2).AppendBytes(std::string(16, '\x01'));
          b.column(3).AppendInt(1);
          b.column(4).AppendBytes("\xff");
          b.column(5).child(0).AppendDouble(value);
          b.column(5).AppendNested();
        }
      }}};
  const auto parsed = nlohmann::json::parse(Rendered(rows, RenderFormat::kJson), nullptr, false);
  ASSERT_TRUE(parsed.is_array());
  ASSERT_EQ(parsed.size(), 3u);
  EXPECT_EQ(parsed[0]["f"], 1.5);
  EXPECT_TRUE(parsed[1]["f"].is_null());
  EXPECT_TRUE(parsed[2]["q\"\n"][0].is_null());
  EXPECT_EQ(parsed[0]["t"], "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(parsed[0]["z"], "ff");
  for (const RenderFormat format : {RenderFormat::kTable, RenderFormat::kMarkdown,
                                    RenderFormat::kCsv, RenderFormat::kTsv, RenderFormat::kLine}) {
    EXPECT_NE(Rendered(rows, format).find("NaN"), std::string::npos);
  }
}

TEST(Render, LargeBatchesAreRenderedWhole) {
  std::vector<std::pair<std::string, std::int64_t>> many;
  std::string expected;
  for (int i = 0; i < 5'000; ++i) {
    many.emplace_back("r" + std::to_string(i), i);
    expected += "r" + std::to_string(i) + "," + std::to_string(i) + "\n";
  }
  RenderOptions options;
  options.format = RenderFormat::kCsv;
  options.header = false;
  EXPECT_EQ(Rendered(Named({many}), options), expected);
}

TEST(Render, CountsRows) {
  const auto count = Render(StreamOfRows(Named({{{"a", 1}}, {{"b", 1}, {"c", 1}}})), {},
                            [](std::string_view) { return true; });
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 3);
}

TEST(Render, ASinkThatRefusesEndsTheCall) {
  int calls = 0;
  RenderOptions options;
  options.format = RenderFormat::kCsv;
  const auto count = Render(StreamOfRows(Named({{{"a", 1}}, {{"b", 1}}})), options,
                            [&](std::string_view) { return ++calls < 2; });
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().kind(), ErrorKind::kIo);
  EXPECT_EQ(calls, 2);
}

class FailingStream final : public RecordStream {
 public:
  const ArrowSchema& schema() const override { return *schema_; }
  Result<std::optional<OwnedArray>> Next() override {
    return Error(ErrorKind::kCancelled, "stopped");
  }

 private:
  OwnedSchema schema_ = columnar::MakeSchema({{.name = "a", .format = "l"}});
};

TEST(Render, ErrorsOfTheStreamKeepTheirKind) {
  const auto count =
      Render(std::make_unique<FailingStream>(), {}, [](std::string_view) { return true; });
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().kind(), ErrorKind::kCancelled);
}

TEST(Render, BatchesThatAreNotTheirSchemasAreRefused) {
  OwnedSchema narrow = columnar::MakeSchema({{.name = "a", .format = "l"}});
  auto builder = BatchBuilder::Make(*narrow).value();
  builder.column(0).AppendInt(1);
  std::vector<OwnedArray> batches;
  batches.push_back(builder.Finish());
  OwnedSchema wide =
      columnar::MakeSchema({{.name = "a", .format = "l"}, {.name = "b", .format = "u"}});
  const auto count = Render(StreamOf(std::move(wide), std::move(batches)), {},
                            [](std::string_view) { return true; });
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().kind(), ErrorKind::kCorruptData);
}

TEST(Render, ArrowIsNoText) {
  RenderOptions options;
  options.format = *RenderFormatFromText("arrow");
  const auto count =
      Render(StreamOfRows(Named({})), options, [](std::string_view) { return true; });
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().kind(), ErrorKind::kUnsupported);
}

TEST(Render, UnknownFormatsListTheFormats) {
  for (const char* text : {"", "Table", "markdwon", "xml"}) {
    const auto format = RenderFormatFromText(text);
    ASSERT_FALSE(format) << text;
    EXPECT_EQ(format.error().kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(format.error().message().find("table, markdown, csv, tsv, json, ndjson, line, arrow"),
              std::string::npos);
  }
  for (const char* text : {"table", "markdown", "csv", "tsv", "json", "ndjson", "line", "arrow"}) {
    EXPECT_TRUE(RenderFormatFromText(text)) << text;
  }
}

}  // namespace
}  // namespace lakegate
