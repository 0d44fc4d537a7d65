#include "base/text.h"

#include <gtest/gtest.h>

namespace lakegate::base {
namespace {

using Names = std::vector<std::string>;

TEST(NearestName, FindsWhatWasMeant) {
  const Names names = {"memory_limit", "spill_limit", "spill_directory", "threads"};
  EXPECT_EQ(NearestName("memroy_limit", names), "memory_limit");
  EXPECT_EQ(NearestName("MEMORY_LIMIT", names), "memory_limit");
  EXPECT_EQ(NearestName("thread", names), "threads");
  EXPECT_EQ(NearestName("spil_dir", names), std::nullopt);
  EXPECT_EQ(NearestName("memory", names), std::nullopt);
}

TEST(NearestName, NamesNothingThatNobodyMeant) {
  const Names names = {"calls", "x"};
  EXPECT_EQ(NearestName("functions", names), std::nullopt);
  EXPECT_EQ(NearestName("y", names), std::nullopt);
  EXPECT_EQ(NearestName("", names), std::nullopt);
  EXPECT_EQ(NearestName("calls", {}), std::nullopt);
  EXPECT_EQ(NearestName(std::string(100'000, 'c'), names), std::nullopt);
}

TEST(NearestName, GivesTiesToTheFirst) {
  const Names names = {"cat_b", "cat_a"};
  EXPECT_EQ(NearestName("cat_c", names), "cat_b");
}

TEST(DidYouMean, IsASentenceOrNothing) {
  const Names names = {"calls"};
  EXPECT_EQ(DidYouMean("cals", names), " Did you mean 'calls'?");
  EXPECT_EQ(DidYouMean("functions", names), "");
}

TEST(ListNames, CutsLongLists) {
  EXPECT_EQ(ListNames({}), "none");
  const Names names = {"a", "b", "c"};
  EXPECT_EQ(ListNames(names), "a, b, c");
  EXPECT_EQ(ListNames(names, 2), "a, b and 1 more");
}

TEST(QuoteIdentifier, LeavesNoWayOut) {
  EXPECT_EQ(QuoteIdentifier("path"), "\"path\"");
  EXPECT_EQ(QuoteIdentifier(""), "\"\"");
  EXPECT_EQ(QuoteIdentifier("a\"; DROP TABLE t; --"), "\"a\"\"; DROP TABLE t; --\"");
  EXPECT_EQ(QuoteQualified(Names{"a.b", "c"}), "\"a.b\".\"c\"");
  EXPECT_EQ(QuoteLiteral("it's"), "'it''s'");
}

TEST(Utf8, RefusesWhatIsNotWellFormed) {
  for (const std::string_view text : {"", "ascii", "\u00e9\u4e2d\U0001F600", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(text));
  }
  for (const std::string_view text :
       {"\x80", "\xff", "\xc0\xaf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xe4\xb8"}) {
    EXPECT_FALSE(IsUtf8(text));
  }
}

TEST(Shorten, CutsBetweenCharacters) {
  EXPECT_EQ(Shorten("short", 10), "short");
  EXPECT_EQ(Shorten("0123456789ab", 10), "0123456\u2026");
  EXPECT_EQ(Shorten("\u4e2d\u4e2d\u4e2d\u4e2d", 8), "\u4e2d\u2026");
  EXPECT_EQ(Shorten("abcdef", 1), "\u2026");
}

TEST(TrimAscii, TakesSpaceOffBothEnds) {
  EXPECT_EQ(TrimAscii(" \t a b \n"), "a b");
  EXPECT_EQ(TrimAscii("  "), "");
}

}  // namespace
}  // namespace lakegate::base
