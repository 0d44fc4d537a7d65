// Every text of the corpus under every preset, through Session::Judge.
#include <gtest/gtest.h>

#include "lakegate/session.h"
#include "session/test_guard_corpus.h"

namespace lakegate::session {
namespace {

Profile ProfileWithPolicy(std::string_view policy) {
  ProfileSources sources;
  sources.explicit_settings.push_back(
      {.name = "sql_policy", .value = std::string(policy), .origin = "test"});
  auto profile = Profile::Build(sources);
  EXPECT_TRUE(profile.has_value()) << profile.error().ToString();
  return *profile;
}

// "ok", "invalid", or the violation's word; an error of any other kind by its own name.
std::string WordOf(const Error& error) {
  if (error.kind() == ErrorKind::kInvalidSql) return "invalid";
  const auto* violation = std::get_if<PolicyViolation>(&error.detail());
  if (error.kind() == ErrorKind::kSqlPolicyViolation && violation != nullptr) {
    return violation->violation;
  }
  return error.ToString();
}

std::string WordOf(const Result<Judgement>& judged) {
  if (!judged) return WordOf(judged.error());
  return judged->refusal ? WordOf(*judged->refusal) : "ok";
}

TEST(GuardCorpus, IsJudgedAsItSaysUnderEveryPreset) {
  const std::vector<CorpusText> texts = ReadGuardCorpus();
  ASSERT_GE(texts.size(), 400U);
  std::size_t refused = 0;
  std::size_t allowed = 0;
  for (std::size_t policy = 0; policy < kCorpusPolicies.size(); ++policy) {
    const Profile profile = ProfileWithPolicy(kCorpusPolicies[policy]);
    for (const CorpusText& text : texts) {
      const std::string found = WordOf(Session::Judge(text.sql, profile));
      EXPECT_EQ(found, text.expected[policy])
          << text.place << " under " << kCorpusPolicies[policy] << ": " << text.sql.substr(0, 200);
      (found == "ok" ? allowed : refused) += 1;
    }
  }
  EXPECT_GT(refused, allowed);
}

// Whoever reads a refusal can act on it: a name, and a place inside the text where a name has one.
TEST(GuardCorpus, RefusalsSayWhatAndWhere) {
  const Profile profile = ProfileWithPolicy("read_only");
  for (const CorpusText& text : ReadGuardCorpus()) {
    const auto judged = Session::Judge(text.sql, profile);
    if (!judged || !judged->refusal) continue;
    // A text without any statement is no policy's matter.
    if (judged->refusal->kind() == ErrorKind::kInvalidSql) continue;
    const auto* violation = std::get_if<PolicyViolation>(&judged->refusal->detail());
    ASSERT_NE(violation, nullptr) << text.place;
    if (violation->violation == "limit") continue;
    const auto lines = std::count(text.sql.begin(), text.sql.end(), '\n') + 1;
    EXPECT_GE(violation->position.line, 1) << text.place;
    EXPECT_LE(violation->position.line, lines) << text.place;
    EXPECT_GE(violation->position.column, 1) << text.place;
  }
}

}  // namespace
}  // namespace lakegate::session
