#include "render/table_layout.h"

#include <gtest/gtest.h>

namespace lakegate::render {
namespace {

TEST(DisplayWidth, CountsTerminalCells) {
  const std::pair<const char*, std::int64_t> cases[] = {
      {"", 0},        {"abc", 3}, {"ü", 1},      {"日本", 4},       {"한글", 4},
      {"e\u0301", 1}, {"😀", 2},  {"\u200b", 0}, {"ａ", 2},         {"…", 1},
      {"a\x1b", 1},   {"Ω≈ç", 3}, {"👍🏽", 2},   {"\U00020000", 2}, {"─", 1},
  };
  for (const auto& [text, width] : cases) EXPECT_EQ(DisplayWidth(text), width) << text;
}

TEST(CutToWidth, CutsBetweenCharactersAndSaysSo) {
  EXPECT_EQ(CutToWidth("abc", 3), "abc");
  EXPECT_EQ(CutToWidth("abcd", 3), "ab…");
  EXPECT_EQ(CutToWidth("abcd", 0), "abcd");
  EXPECT_EQ(CutToWidth("日本語", 6), "日本語");
  EXPECT_EQ(CutToWidth("日本語", 5), "日本…");
  EXPECT_EQ(CutToWidth("日本語", 4), "日…");
  EXPECT_EQ(CutToWidth("ab", 1), "…");
  EXPECT_EQ(CutToWidth("e\u0301e\u0301e\u0301", 2), "e\u0301…");
}

}  // namespace
}  // namespace lakegate::render
