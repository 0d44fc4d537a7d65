#include "hashing/canonical.h"

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "hashing/stable_id.h"

namespace lakegate::hashing {
namespace {

using Fill = std::function<void(CanonicalEncoder&)>;

// The values of testdata/canonical_vectors.txt, by name.
const std::map<std::string, Fill>& NamedValues() {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  static const std::map<std::string, Fill> values = {
      {"null", [](auto& e) { e.Null(); }},
      {"true", [](auto& e) { e.Bool(true); }},
      {"false", [](auto& e) { e.Bool(false); }},
      {"int_0", [](auto& e) { e.Int(0); }},
      {"int_-1", [](auto& e) { e.Int(-1); }},
      {"int_max", [](auto& e) { e.Int(kMax); }},
      {"int_min", [](auto& e) { e.Int(kMin); }},
      {"unsigned_above_int", [](auto& e) { e.Unsigned(std::uint64_t{1} << 63); }},
      {"unsigned_max", [](auto& e) { e.Unsigned(~std::uint64_t{0}); }},
      {"float_0", [](auto& e) { e.Float(0.0); }},
      {"float_negative_0", [](auto& e) { e.Float(-0.0); }},
      {"float_1.5", [](auto& e) { e.Float(1.5); }},
      {"float_nan", [](auto& e) { e.Float(-std::nan("7")); }},
      {"float_infinity", [](auto& e) { e.Float(HUGE_VAL); }},
      {"text_empty", [](auto& e) { e.Text(""); }},
      {"text_abc", [](auto& e) { e.Text("abc"); }},
      {"text_unicode", [](auto& e) { e.Text("h\u00e9 \u4e2d \U0001F600"); }},
      {"binary_abc", [](auto& e) { e.Binary("abc"); }},
      {"decimal_-1.23", [](auto& e) { e.Decimal(2, "\x85\xff\xff\xff"); }},
      {"date_19000", [](auto& e) { e.Date(19000); }},
      {"timestamp_us", [](auto& e) { e.Temporal(Tag::kTimestamp, 2, -5); }},
      {"list_ab_c", [](auto& e) { e.Begin(Tag::kList, 2), e.Text("ab"), e.Text("c"); }},
      {"list_a_bc", [](auto& e) { e.Begin(Tag::kList, 2), e.Text("a"), e.Text("bc"); }},
      {"list_abc", [](auto& e) { e.Begin(Tag::kList, 1), e.Text("abc"); }},
      {"list_null", [](auto& e) { e.Begin(Tag::kList, 1), e.Null(); }},
      {"list_empty", [](auto& e) { e.Begin(Tag::kList, 0); }},
      {"struct_1_null", [](auto& e) { e.Begin(Tag::kStruct, 2), e.Int(1), e.Null(); }},
  };
  return values;
}

std::string HexOf(std::span<const std::uint8_t> bytes) {
  std::string hex;
  for (const std::uint8_t byte : bytes) hex += fmt::format("{:02x}", byte);
  return hex;
}

TEST(CanonicalEncoding, AgreesWithTheCommittedVectors) {
  std::ifstream file(LAKEGATE_HASHING_TESTDATA "/canonical_vectors.txt");
  std::string line;
  std::size_t compared = 0;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::string name, bytes, hash64, hash128;
    ASSERT_TRUE(fields >> name >> bytes >> hash64 >> hash128);
    ASSERT_TRUE(NamedValues().contains(name)) << name;
    CanonicalEncoder encoder;
    NamedValues().at(name)(encoder);
    EXPECT_EQ(HexOf(encoder.bytes()), bytes) << name;
    EXPECT_EQ(fmt::format("{:016x}", StableHash64(encoder.bytes())), hash64) << name;
    EXPECT_EQ(StableHash128(encoder.bytes()).ToHex(), hash128) << name;
    ++compared;
  }
  EXPECT_EQ(compared, NamedValues().size());
}

TEST(CanonicalEncoding, SharesNoBytesBetweenDifferentValues) {
  std::set<std::string> seen;
  for (const auto& [name, fill] : NamedValues()) {
    if (name == "float_negative_0") continue;  // equal to float_0
    CanonicalEncoder encoder;
    fill(encoder);
    EXPECT_TRUE(seen.insert(HexOf(encoder.bytes())).second) << name;
  }
}

TEST(CanonicalEncoding, IsNeverAPrefixOfAnotherValue) {
  for (const auto& [name, fill] : NamedValues()) {
    CanonicalEncoder one;
    fill(one);
    for (const auto& [other_name, other_fill] : NamedValues()) {
      CanonicalEncoder other;
      other_fill(other);
      if (one.text() == other.text()) continue;
      EXPECT_FALSE(other.text().starts_with(one.text())) << name << " and " << other_name;
    }
  }
}

TEST(CanonicalEncoding, GivesEqualNumbersEqualBytes) {
  CanonicalEncoder as_signed;
  CanonicalEncoder as_unsigned;
  as_signed.Int(42);
  as_unsigned.Unsigned(42);
  EXPECT_EQ(as_signed.text(), as_unsigned.text());
}

TEST(StableId, TellsPartsApart) {
  using Parts = std::vector<std::string_view>;
  const std::string id = StableId("span", Parts{"a.py", "10", "20"});
  EXPECT_TRUE(id.starts_with("span_"));
  EXPECT_EQ(id.size(), 5u + 32u);
  EXPECT_EQ(id, StableId("span", Parts{"a.py", "10", "20"}));
  EXPECT_NE(id, StableId("span", Parts{"a.py", "102", "0"}));
  EXPECT_NE(id, StableId("span", Parts{"a.py", "10", "20", ""}));
  EXPECT_NE(id, StableId("span", Parts{"a.py10", "", "20"}));
  EXPECT_NE(StableHash64OfText("a"), StableHash64OfText("b"));
}

}  // namespace
}  // namespace lakegate::hashing
