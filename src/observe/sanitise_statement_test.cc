#include "observe/sanitise_statement.h"

#include <random>

#include <gtest/gtest.h>

namespace lakegate::observe {
namespace {

struct Case {
  std::string_view sql;
  std::string_view sanitised;
};

TEST(SanitiseStatement, ReplacesLiteralsAndKeepsTheRest) {
  constexpr Case kCases[] = {
      {"", ""},
      {"select 1", "select ?"},
      {"SELECT a, \"b c\" FROM t WHERE s = 'x'", "SELECT a, \"b c\" FROM t WHERE s = ?"},
      {"select 'it''s' , ''", "select ? , ?"},
      {"select e'a\\'secret', E'\\\\' , x", "select e?, E? , x"},
      {"select 1.5e-3+2, .5, 0xFF, 1_000", "select ?+?, ?, ?, ?"},
      {"select t1.c2, a1 from t1", "select t1.c2, a1 from t1"},
      {"select $1, $name, $$secret$$, $q$se$$cret$q$ x", "select $1, $name, ?, ? x"},
      {"select a -- secret\n, b", "select a , b"},
      {"select a /* secret /* nested */ secret */ , b", "select a , b"},
      {"  select\n\t a  ", "select a"},
      {"select \"1 'x'\"", "select \"1 'x'\""},
      {"select `a 'b'`", "select `a 'b'`"},
      {"select '\u4e2d' as \u4e2d", "select ? as \u4e2d"},
      {"x between 1 and 2", "x between ? and ?"},
      {"select -5 - 3", "select -? - ?"},
      {"select '--x', '/*y'", "select ?, ?"},
      {"select N'abc', X'ff'", "select N?, X?"}};
  for (const Case& c : kCases) EXPECT_EQ(SanitiseStatement(c.sql), c.sanitised) << c.sql;
}

TEST(SanitiseStatement, ReplacesToTheEndWhatNeverEnds) {
  for (const std::string_view sql :
       {"select 'secret", "select $$secret", "select $t$secret$$", "select e'secret\\'",
        "select 1 /* secret", "a -- secret", "select 'a''secret"}) {
    EXPECT_EQ(SanitiseStatement(sql).find("secret"), std::string::npos) << sql;
  }
  EXPECT_EQ(SanitiseStatement("select \"open"), "select \"open");
  EXPECT_EQ(SanitiseStatement("$"), "$");
  EXPECT_EQ(SanitiseStatement("'"), "?");
  EXPECT_EQ(SanitiseStatement("/*"), "");
}

// Wherever a quoted canary stands among random tokens, it does not come out.
TEST(SanitiseStatement, LetsNoQuotedCanaryThrough) {
  constexpr std::uint64_t kSeed = 3;
  constexpr std::string_view kTokens[] = {"select ", "a", "1",   ",",      " ",       "''",
                                          "\n",      "(", ")",   "-- c\n", "/* c */", "\"q\"",
                                          "$1",      "e", "'s'", "=",      "$a$ $a$"};
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 10'000; ++round) {
    std::string sql;
    const std::size_t tokens = random() % 10;
    for (std::size_t i = 0; i < tokens; ++i) sql += kTokens[random() % std::size(kTokens)];
    sql += random() % 2 == 0 ? " 'canary' " : " $$canary$$ ";
    for (std::size_t i = 0; i < tokens; ++i) sql += kTokens[random() % std::size(kTokens)];
    ASSERT_EQ(SanitiseStatement(sql).find("canary"), std::string::npos)
        << "seed " << kSeed << ": " << sql;
  }
}

}  // namespace
}  // namespace lakegate::observe
