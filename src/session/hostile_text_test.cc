// Hostile statements one after another in one process, each followed by `select 42`: the process
// lives, the next query works, what the guard refuses never runs, and memory returns.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "session/test_guard_corpus.h"
#include "session/test_session.h"

#if defined(__SANITIZE_ADDRESS__)
// <sanitizer/allocator_interface.h>, which not every compiler package has.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace lakegate::session {
namespace {

constexpr std::int64_t kDefaultCount = 1'000;
constexpr std::size_t kLongestSeed = 4'096;
constexpr std::int64_t kAllowedGrowth = std::int64_t{64} << 20;

std::int64_t StatementCount() {
  const char* count = std::getenv("LAKEGATE_HOSTILE_STATEMENTS");
  return count == nullptr ? kDefaultCount : std::atoll(count);
}

// What the process holds. The address sanitizer keeps freed memory resident for a while, so it
// is asked for what is allocated.
std::int64_t HeldBytes() {
#if defined(__SANITIZE_ADDRESS__)
  return static_cast<std::int64_t>(__sanitizer_get_current_allocated_bytes());
#else
  std::ifstream file("/proc/self/statm");
  std::int64_t pages = 0;
  std::int64_t resident = 0;
  file >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
#endif
}

// Texts of the corpus, wrapped into one another, spliced and broken. Equal seeds give equal texts.
class HostileTexts {
 public:
  explicit HostileTexts(std::uint64_t seed) : random_(seed) {
    for (CorpusText& text : ReadGuardCorpus()) {
      if (text.sql.size() <= kLongestSeed) seeds_.push_back(std::move(text.sql));
    }
  }

  std::string Next() {
    std::string text = Seed();
    for (std::size_t step = Below(4); step > 0; --step) text = Changed(std::move(text));
    return text;
  }

 private:
  std::size_t Below(std::size_t bound) { return random_() % bound; }
  const std::string& Seed() { return seeds_[Below(seeds_.size())]; }

  std::string Changed(std::string text) {
    switch (Below(12)) {
      case 0:
        return "EXPLAIN " + text;
      case 1:
        return "EXPLAIN ANALYZE " + text;
      case 2:
        return "PREPARE p AS " + text;
      case 3:
        return "WITH x AS (" + text + ") SELECT * FROM x";
      case 4:
        return "SELECT * FROM (" + text + ") AS x";
      case 5:
        return text + "; " + Seed();
      case 6:
        return text + " UNION ALL " + Seed();
      case 7:
        return "/* " + text + " */ " + Seed();
      case 8:
        return "SELECT 1 WHERE EXISTS (" + text + ")";
      case 9:
        return "COPY (" + text + ") TO '/tmp/lakegate-denied/x.csv'";
      default:
        return Broken(std::move(text));
    }
  }

  // A piece cut out, doubled, or one byte of another kind put in.
  std::string Broken(std::string text) {
    if (text.empty()) return text;
    const std::size_t at = Below(text.size());
    const std::size_t size = Below(std::min<std::size_t>(text.size() - at, 16) + 1);
    constexpr std::string_view kBytes = "'\"();,.*$-/\\[]{}<>=:\n\t ~|&%#@!?\x01";
    switch (Below(3)) {
      case 0:
        return text.erase(at, size);
      case 1:
        return text.insert(at, text.substr(at, size));
      default:
        text[at] = kBytes[Below(kBytes.size())];
        return text;
    }
  }

  std::mt19937_64 random_;
  std::vector<std::string> seeds_;
};

bool IsRefused(const Result<Judgement>& judged) {
  if (!judged) return true;
  return judged->refusal.has_value();
}

// No statement of this kind may end as a bug of ours.
void ExpectKnownOutcome(const std::string& text, const std::string& outcome) {
  for (const char* bug : {"kInternal", "kVersionMismatch", "kPlugin"}) {
    EXPECT_NE(outcome, bug) << text;
  }
}

TEST(HostileText, LeavesTheProcessAliveAndItsMemoryReturns) {
  const TestFolder folder;
  const auto session = OpenIn(folder, {{"time_limit", "5 s"}});
  const Profile profile = ProfileIn(folder);
  HostileTexts texts(20'261'126);
  const std::int64_t count = StatementCount();
  std::int64_t half = 0;
  std::int64_t refused = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string text = texts.Next();
    const bool denied = IsRefused(Session::Judge(text, profile));
    refused += denied ? 1 : 0;
    const std::string outcome = RowsOf(session->Sql(text));
    ExpectKnownOutcome(text, outcome);
    if (denied) {
      EXPECT_TRUE(outcome == "kSqlPolicyViolation" || outcome == "kInvalidSql")
          << outcome << ": " << text;
    }
    ASSERT_EQ(RowsOf(session->Sql("select 42")), "42\n") << text;
    if (i == count / 2) half = HeldBytes();
  }
  EXPECT_GT(refused, count / 2);
  EXPECT_LT(HeldBytes() - half, kAllowedGrowth);
  EXPECT_FALSE(std::filesystem::exists("/tmp/lakegate-denied"));
}

}  // namespace
}  // namespace lakegate::session
