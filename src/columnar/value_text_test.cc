#include "columnar/value_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "columnar/builder.h"
#include "columnar/calendar_text.h"
#include "columnar/number_text.h"
#include "columnar/schema.h"

namespace lakegate::columnar {
namespace {

std::string Written(const std::function<void(std::string*)>& write) {
  std::string out;
  write(&out);
  return out;
}

// One column, its values appended by `fill`.
struct Column {
  OwnedSchema schema;
  OwnedArray array;

  Column(const FieldSpec& spec, const std::function<void(ColumnBuilder&)>& fill)
      : schema(MakeField(spec)) {
    ColumnBuilder builder = ColumnBuilder::Make(*schema).value();
    fill(builder);
    array = builder.Finish();
  }

  ValueText Open() const {
    const ColumnView view = ColumnView::Open(*schema, *array).value();
    return ValueText::Open(view).value();
  }
  std::string Text(std::int64_t row) const {
    return Written([&](std::string* out) { Open().AppendText(row, out); });
  }
  std::string Json(std::int64_t row) const {
    return Written([&](std::string* out) { Open().AppendJson(row, out); });
  }
};

Column Of(std::string format, const std::function<void(ColumnBuilder&)>& fill) {
  return Column({.name = "c", .format = std::move(format)}, fill);
}

Column OfInt(std::string format, std::int64_t value) {
  return Of(std::move(format), [&](ColumnBuilder& b) { b.AppendInt(value); });
}

struct Case {
  const char* format;
  std::int64_t value;
  const char* text;
};

TEST(ValueText, IntegersAndTimesByTheirFormat) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const Case cases[] = {
      {"c", -128, "-128"},
      {"l", kMin, "-9223372036854775808"},
      {"I", 4'294'967'295, "4294967295"},
      {"tdD", 0, "1970-01-01"},
      {"tdD", -1, "1969-12-31"},
      {"tdD", 11'016, "2000-02-29"},
      {"tdD", -719'468 - 60, "0000-01-01"},
      {"tdD", 2'932'896, "9999-12-31"},
      {"tdD", 2'932'897, "2932897"},
      {"tdD", -4'371'587, "-9999-01-01"},
      {"tdD", -4'371'588, "-4371588"},
      {"tdm", 86'400'000, "1970-01-02"},
      {"tdm", 1, "1970-01-01T00:00:00.001"},
      {"tts", 86'399, "23:59:59"},
      {"ttm", 1'500, "00:00:01.500"},
      {"ttu", 1, "00:00:00.000001"},
      {"ttn", 1'000'000, "00:00:00.001"},
      {"ttn", -1, "-1"},
      {"tts", 86'400, "86400"},
      {"tss:", -1, "1969-12-31T23:59:59"},
      {"tsm:", -1, "1969-12-31T23:59:59.999"},
      {"tsu:", 1'500'000, "1970-01-01T00:00:01.500"},
      {"tsn:", 1, "1970-01-01T00:00:00.000000001"},
      {"tsn:", kMin, "1677-09-21T00:12:43.145224192"},
      {"tsn:", kMax, "2262-04-11T23:47:16.854775807"},
      {"tss:", kMax, "9223372036854775807"},
      {"tss:", kMin, "-9223372036854775808"},
      {"tss:UTC", 0, "1970-01-01T00:00:00Z"},
      {"tss:+02:00", 0, "1970-01-01T02:00:00+02:00"},
      {"tss:-0330", 0, "1969-12-31T20:30:00-0330"},
      {"tss:+00:00", 0, "1970-01-01T00:00:00Z"},
      {"tss:Europe/Berlin", 0, "1970-01-01T00:00:00Z"},
      {"tDs", 0, "PT0S"},
      {"tDs", 93'784, "P1DT2H3M4S"},
      {"tDm", -1'500, "-PT1.500S"},
      {"tDs", 86'400, "P1D"},
      {"tDn", kMin, "-P106751DT23H47M16.854775808S"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(OfInt(each.format, each.value).Text(0), each.text) << each.format << each.value;
  }
}

TEST(ValueText, UnsignedIntegersDoNotWrap) {
  const Column column =
      Of("L", [](ColumnBuilder& b) { b.AppendUint(std::numeric_limits<std::uint64_t>::max()); });
  EXPECT_EQ(column.Text(0), "18446744073709551615");
  EXPECT_EQ(column.Json(0), "18446744073709551615");
}

TEST(ValueText, FloatsReadBackAndLookLikeFloats) {
  const std::pair<double, const char*> cases[] = {
      {1, "1.0"},
      {-0.0, "-0.0"},
      {0.1, "0.1"},
      {1e300, "1e+300"},
      {1.0 / 3, "0.3333333333333333"},
      {5e-324, "5e-324"},
  };
  for (const auto& [value, text] : cases) {
    const Column column = Of("g", [&](ColumnBuilder& b) { b.AppendDouble(value); });
    EXPECT_EQ(column.Text(0), text);
    EXPECT_EQ(column.Json(0), text);
    EXPECT_EQ(std::strtod(column.Text(0).c_str(), nullptr), value);
  }
  EXPECT_EQ(Of("f", [](ColumnBuilder& b) { b.AppendDouble(0.1F); }).Text(0), "0.1");
}

TEST(ValueText, NaNAndInfinityAreTextButNullInJson) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::pair<double, const char*> cases[] = {
      {std::nan(""), "NaN"}, {-std::nan(""), "NaN"}, {infinity, "inf"}, {-infinity, "-inf"}};
  for (const auto& [value, text] : cases) {
    for (const char* format : {"f", "g"}) {
      const Column column = Of(format, [&](ColumnBuilder& b) { b.AppendDouble(value); });
      EXPECT_EQ(column.Text(0), text);
      EXPECT_EQ(column.Json(0), "null");
    }
  }
}

std::string Bytes(std::initializer_list<unsigned> bytes, std::size_t width, unsigned fill = 0) {
  std::string out;
  for (const unsigned byte : bytes) out.push_back(static_cast<char>(byte));
  out.resize(width, static_cast<char>(fill));
  return out;
}

TEST(ValueText, DecimalsOfEveryWidthAreExact) {
  struct DecimalCase {
    const char* format;
    std::string bytes;
    const char* text;
  };
  const DecimalCase cases[] = {
      {"d:10,2", Bytes({0x39, 0x30}, 16), "123.45"},
      {"d:10,2", Bytes({0xc7, 0xcf}, 16, 0xff), "-123.45"},
      {"d:10,2", Bytes({}, 16), "0.00"},
      {"d:10,0", Bytes({7}, 16), "7"},
      {"d:10,3", Bytes({7}, 16), "0.007"},
      {"d:10,3", Bytes({0xf9}, 16, 0xff), "-0.007"},
      {"d:10,-2", Bytes({7}, 16), "700"},
      {"d:10,-2", Bytes({}, 16), "0"},
      {"d:38,0", Bytes({}, 15, 0xff) + '\x7f', "170141183460469231731687303715884105727"},
      {"d:38,0", Bytes({}, 15) + '\x80', "-170141183460469231731687303715884105728"},
      {"d:76,10,256", Bytes({1}, 32), "0.0000000001"},
      {"d:76,0,256", Bytes({}, 32, 0xff), "-1"},
  };
  for (const DecimalCase& each : cases) {
    const Column column = Of(each.format, [&](ColumnBuilder& b) { b.AppendBytes(each.bytes); });
    EXPECT_EQ(column.Text(0), each.text) << each.format;
    EXPECT_EQ(column.Json(0), each.text) << each.format;
  }
  EXPECT_EQ(OfInt("d:9,2,32", -5).Text(0), "-0.05");
  EXPECT_EQ(OfInt("d:18,2,64", 12'345).Text(0), "123.45");
}

TEST(ValueText, Intervals) {
  const auto interval = [](std::int64_t months, std::int64_t days, std::int64_t nanoseconds) {
    return Written([&](std::string* out) { AppendInterval(months, days, nanoseconds, out); });
  };
  EXPECT_EQ(interval(0, 0, 0), "PT0S");
  EXPECT_EQ(interval(14, 3, 4'000'000'000), "P1Y2M3DT4S");
  EXPECT_EQ(interval(-14, -3, -1), "P-1Y-2M-3DT-0.000000001S");
  EXPECT_EQ(interval(0, 1, 3'600'000'000'000), "P1DT1H");
  EXPECT_EQ(interval(0, 0, std::numeric_limits<std::int64_t>::min()),
            "PT-2562047H-47M-16.854775808S");
}

TEST(ValueText, StringsAndBinary) {
  for (const char* format : {"u", "U"}) {
    const Column column = Of(format, [](ColumnBuilder& b) {
      b.AppendBytes("a\"b\\c\n\t\x01ü");
      b.AppendBytes("bad \xff\xc3 end\xe2\x82");
      b.AppendNull();
      b.AppendBytes("");
    });
    EXPECT_EQ(column.Json(0), R"("a\"b\\c\n\t\u0001ü")");
    EXPECT_EQ(column.Text(0), "a\"b\\c\n\t\x01ü");
    EXPECT_EQ(column.Text(1), "bad \xef\xbf\xbd\xef\xbf\xbd end\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_EQ(column.Text(2), "");
    EXPECT_EQ(column.Json(2), "null");
    EXPECT_TRUE(column.Open().IsNull(2));
    EXPECT_EQ(column.Json(3), "\"\"");
    EXPECT_FALSE(column.Open().IsNull(3));
  }
  const Column binary = Of("z", [](ColumnBuilder& b) { b.AppendBytes(std::string("\0\xAb", 2)); });
  EXPECT_EQ(binary.Text(0), "00ab");
  EXPECT_EQ(binary.Json(0), "\"00ab\"");
}

TEST(ValueText, NestedValuesAreJson) {
  const FieldSpec item{.name = "item", .format = "u"};
  const Column list({.name = "c", .format = "+l", .children = {item}}, [](ColumnBuilder& b) {
    b.child(0).AppendBytes("a");
    b.child(0).AppendNull();
    b.AppendNested();
    b.AppendNested();
    b.AppendNull();
  });
  EXPECT_EQ(list.Text(0), R"(["a",null])");
  EXPECT_EQ(list.Json(1), "[]");
  EXPECT_EQ(list.Json(2), "null");

  const Column map({.name = "c",
                    .format = "+m",
                    .children = {{.name = "entries",
                                  .format = "+s",
                                  .nullable = false,
                                  .children = {{.name = "key", .format = "i", .nullable = false},
                                               {.name = "value", .format = "tdD"}}}}},
                   [](ColumnBuilder& b) {
                     ColumnBuilder& entries = b.child(0);
                     entries.child(0).AppendInt(7);
                     entries.child(1).AppendInt(0);
                     entries.AppendNested();
                     entries.child(0).AppendInt(8);
                     entries.child(1).AppendNull();
                     entries.AppendNested();
                     b.AppendNested();
                   });
  EXPECT_EQ(map.Text(0), R"({"7":"1970-01-01","8":null})");

  const Column record({.name = "c",
                       .format = "+s",
                       .children = {{.name = "q\"", .format = "b"}, {.name = "x", .format = "g"}}},
                      [](ColumnBuilder& b) {
                        b.child(0).AppendBool(true);
                        b.child(1).AppendDouble(std::nan(""));
                        b.AppendNested();
                      });
  EXPECT_EQ(record.Text(0), R"({"q\"":true,"x":null})");
}

TEST(ValueText, RowsForMessagesAreShortened) {
  const Column a({.name = "path", .format = "u"},
                 [](ColumnBuilder& b) { b.AppendBytes(std::string(500, 'x')); });
  const Column b({.name = "n", .format = "l"}, [](ColumnBuilder& c) { c.AppendNull(); });
  EXPECT_EQ(RowText({b.Open()}, 0, 100), "{n: null}");
  const std::string row = RowText({b.Open(), a.Open()}, 0, 40);
  EXPECT_LE(row.size(), 43u);
  EXPECT_TRUE(row.starts_with("{n: null, path: \"xxx")) << row;
}

TEST(CalendarText, FixedOffsetsAreToldFromNamedZones) {
  EXPECT_EQ(FixedOffsetSeconds("+02:00"), 7'200);
  EXPECT_EQ(FixedOffsetSeconds("-0330"), -12'600);
  EXPECT_EQ(FixedOffsetSeconds("+02"), 7'200);
  EXPECT_EQ(FixedOffsetSeconds("UTC"), 0);
  for (const char* zone :
       {"", "Europe/Berlin", "+", "+2", "+25:00", "+02:60", "+02:0", "+0a:00", "+02:000", "CET"}) {
    EXPECT_FALSE(FixedOffsetSeconds(zone).has_value()) << zone;
  }
}

}  // namespace
}  // namespace lakegate::columnar
