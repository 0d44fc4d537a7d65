#include "base/quantity.h"

#include <random>

#include <gtest/gtest.h>

namespace lakegate::base {
namespace {

struct Case {
  std::string_view text;
  std::int64_t value;
};

TEST(ByteSize, ReadsUnitsOfBothKinds) {
  constexpr Case kCases[] = {{"0", 0},
                             {"17", 17},
                             {"17 B", 17},
                             {"1 KiB", 1024},
                             {"1 KB", 1000},
                             {"512 MiB", std::int64_t{512} << 20},
                             {"512mib", std::int64_t{512} << 20},
                             {"  2 GiB ", std::int64_t{2} << 30},
                             {"1.5 GiB", std::int64_t{3} << 29},
                             {"1_000 KB", 1'000'000},
                             {"3 TiB", std::int64_t{3} << 40},
                             {"9223372036854775807", INT64_MAX}};
  for (const Case& c : kCases) {
    const auto parsed = ParseByteSize(c.text);
    ASSERT_TRUE(parsed) << c.text;
    EXPECT_EQ(*parsed, c.value) << c.text;
  }
}

TEST(ByteSize, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", " ", "MiB", "12 potatoes", "-1", "-5 MiB", "+5", "1e9", "0x10", "1..5 GiB", "12 PiB",
        "9223372036854775808", "9223372036854775807 KiB", "99999999999 TiB", "1 MiB 2", "1 MiB;"}) {
    const auto parsed = ParseByteSize(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(parsed.error().message().find("MiB"), std::string::npos);
  }
}

TEST(ByteSize, FormatReadsBackExactly) {
  EXPECT_EQ(FormatByteSize(0), "0 B");
  EXPECT_EQ(FormatByteSize(1536), "1536 B");
  EXPECT_EQ(FormatByteSize(std::int64_t{4} << 30), "4 GiB");
  std::mt19937_64 random(7);
  for (int i = 0; i < 1000; ++i) {
    const auto bytes = static_cast<std::int64_t>(random() >> (1 + random() % 63));
    EXPECT_EQ(ParseByteSize(FormatByteSize(bytes)).value(), bytes);
  }
}

TEST(ByteSize, RoundsForPeople) {
  EXPECT_EQ(FormatByteSizeRounded(900), "900 B");
  EXPECT_EQ(FormatByteSizeRounded(1536), "1.5 KiB");
  EXPECT_EQ(FormatByteSizeRounded(std::int64_t{1} << 40), "1.0 TiB");
}

TEST(Duration, ReadsUnits) {
  constexpr Case kCases[] = {{"0", 0},           {"250 ms", 250},   {"30 s", 30'000},
                             {"5 min", 300'000}, {"2h", 7'200'000}, {"7 d", 604'800'000},
                             {"1.5 s", 1500},    {"0 ms", 0}};
  for (const Case& c : kCases) {
    const auto parsed = ParseDurationMs(c.text);
    ASSERT_TRUE(parsed) << c.text;
    EXPECT_EQ(*parsed, c.value) << c.text;
    EXPECT_EQ(ParseDurationMs(FormatDurationMs(c.value)).value(), c.value);
  }
}

TEST(Duration, RefusesABareNumberAndUnknownUnits) {
  for (const std::string_view text :
       {"", "30", "30 m", "5 weeks", "-1 s", "s", "1 s 2 ms", "9223372036854775807 d"}) {
    const auto parsed = ParseDurationMs(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kInvalidArgument);
  }
}

TEST(UtcTime, WritesRfc3339) {
  EXPECT_EQ(FormatUtc(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatUtc(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatUtc(1'709'210'096'789), "2024-02-29T12:34:56.789Z");
}

TEST(UtcTime, ReadsWhatItWritesAndOffsets) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 1000; ++i) {
    const auto moment = static_cast<std::int64_t>(random() % 4'000'000'000'000);
    EXPECT_EQ(ParseUtc(FormatUtc(moment)).value(), moment);
  }
  EXPECT_EQ(ParseUtc("1970-01-01T01:00:00+01:00").value(), 0);
  EXPECT_EQ(ParseUtc("1969-12-31T19:00:00-05:00").value(), 0);
  EXPECT_EQ(ParseUtc("1970-01-01 00:00:01Z").value(), 1000);
  EXPECT_EQ(ParseUtc("1970-01-01T00:00:00.1239Z").value(), 123);
}

TEST(UtcTime, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "now", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
        "2024-01-01", "2024-01-01T00:00:00", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00Zx", "2024-01-01T00:00:00+1:00",
        "24-01-01T00:00:00Z"}) {
    const auto parsed = ParseUtc(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kInvalidArgument);
  }
}

}  // namespace
}  // namespace lakegate::base
