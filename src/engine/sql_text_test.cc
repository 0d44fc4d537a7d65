#include "engine/sql_text.h"

#include <gtest/gtest.h>

#include <string>

namespace lakegate::engine {
namespace {

void ExpectLimit(const std::string& sql, const SqlLimits& limits, const std::string& name) {
  const auto facts = SqlFacts(sql, limits);
  ASSERT_FALSE(facts) << name;
  EXPECT_EQ(facts.error().kind(), ErrorKind::kSqlPolicyViolation) << facts.error().ToString();
  const auto* violation = std::get_if<PolicyViolation>(&facts.error().detail());
  ASSERT_NE(violation, nullptr);
  EXPECT_EQ(violation->violation, "limit");
  EXPECT_EQ(violation->name, name);
  EXPECT_EQ(violation->setting, "sql_" + name);
}

TEST(SqlText, SplitsByTheEnginesOwnTokens) {
  const auto ranges = SplitSql("SELECT ';' -- ;\n; /* ; */ ;\n SELECT $$;$$", {});
  ASSERT_TRUE(ranges) << ranges.error().ToString();
  ASSERT_EQ(ranges->size(), 2u);
  EXPECT_EQ((*ranges)[0].line, 1);
  EXPECT_EQ((*ranges)[1].line, 3);
  EXPECT_EQ((*ranges)[1].column, 2);
}

TEST(SqlText, CommentsAloneAreNoStatement) {
  const auto ranges = SplitSql("-- nothing\n/* at all */ ;;", {});
  ASSERT_TRUE(ranges) << ranges.error().ToString();
  EXPECT_TRUE(ranges->empty());
}

TEST(SqlText, FactsNameWhatAStatementReads) {
  const auto facts =
      SqlFacts("WITH c AS (SELECT * FROM a) SELECT count(*) FROM c JOIN b ON true", {});
  ASSERT_TRUE(facts) << facts.error().ToString();
  EXPECT_NE(facts->find("\"a\""), std::string::npos) << *facts;
  EXPECT_NE(facts->find("\"b\""), std::string::npos);
  EXPECT_NE(facts->find("count"), std::string::npos);
}

TEST(SqlText, CapsComeBeforeTheParser) {
  SqlLimits limits;
  limits.max_bytes = 10;
  ExpectLimit("SELECT 12345678", limits, "max_bytes");
  limits = {};
  limits.max_tokens = 5;
  ExpectLimit("SELECT 1, 2, 3, 4", limits, "max_tokens");
  ExpectLimit("SELECT " + std::string(500, '(') + "1" + std::string(500, ')'), {}, "max_nesting");
}

TEST(SqlText, RefusesWhatIsNoSql) {
  const auto facts = SqlFacts("SELECT FROM", {});
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().kind(), ErrorKind::kInvalidSql);
  EXPECT_TRUE(std::holds_alternative<SqlPosition>(facts.error().detail()));
  const auto bytes = SqlFacts("SELECT '\xff'", {});
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().kind(), ErrorKind::kInvalidSql);
  EXPECT_EQ(SplitSql("SELECT '\xff'", {}).error().kind(), ErrorKind::kInvalidSql);
}

}  // namespace
}  // namespace lakegate::engine
