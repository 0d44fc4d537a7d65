#include "lakegate/winner_select.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "kernels/naive_order.h"
#include "kernels/shrink.h"

namespace lakegate::kernels {
namespace {

Result<ReadResult> Winners(const std::vector<TestRow>& rows, const WinnerSelectOptions& options,
                           KernelContext context = ContextOfTest(), const Encoding& encoding = {}) {
  Rng rng(3);
  auto stream = WinnerSelect(StreamOfTest(rows, encoding, rng, 8), options, context);
  if (!stream) return stream.error();
  return ReadAll(*std::move(stream));
}

TestRow Scored(std::int64_t id, const std::optional<std::string>& path,
               const std::optional<double>& score) {
  TestRow row;
  row.id = id;
  row.path = path;
  row.score = score;
  return row;
}

struct Refusal {
  const char* name;
  WinnerSelectOptions options;
  ErrorKind kind;
  const char* part;
};

TEST(WinnerSelect, RefusesWhatItCannotRead) {
  const Refusal refusals[] = {
      {"no score", {.keys = {"path"}}, ErrorKind::kInvalidArgument, "score"},
      {"score is a key",
       {.keys = {"path", "score"}, .score = "score"},
       ErrorKind::kInvalidArgument,
       "is a key too"},
      {"key twice", {.keys = {"id", "id"}, .score = "score"}, ErrorKind::kInvalidArgument, "twice"},
      {"empty key", {.keys = {""}, .score = "score"}, ErrorKind::kInvalidArgument, "empty"},
      {"empty tie breaker",
       {.keys = {"path"}, .score = "score", .tie_breakers = {{""}}},
       ErrorKind::kInvalidArgument,
       "tie breaker"},
      {"no such key", {.keys = {"pth"}, .score = "score"}, ErrorKind::kNotFound, "path"},
      {"no such score", {.keys = {"path"}, .score = "scor"}, ErrorKind::kNotFound, "score"},
      {"no such tie breaker",
       {.keys = {"path"}, .score = "score", .tie_breakers = {{"ti"}}},
       ErrorKind::kNotFound,
       "tie"},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    const auto result = Winners({Scored(0, "a", 1)}, refusal.options);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), refusal.kind);
    EXPECT_NE(result.error().message().find(refusal.part), std::string::npos)
        << result.error().message();
  }
}

TEST(WinnerSelect, RefusesMoreThanItsMemoryAndACancelledCall) {
  const std::vector<TestRow> rows(500, Scored(0, "a", 1));
  KernelContext small = ContextOfTest();
  small.memory_limit_bytes = 1000;
  EXPECT_EQ(Winners(rows, {.score = "score"}, small).error().kind(), ErrorKind::kResourceLimit);
  KernelContext cancelled = ContextOfTest();
  cancelled.cancel.Cancel();
  EXPECT_EQ(Winners(rows, {.score = "score"}, cancelled).error().kind(), ErrorKind::kCancelled);
}

TEST(WinnerSelect, ANullScoreNeverBeatsAValueInEitherDirection) {
  const std::vector<TestRow> rows = {Scored(0, "a", std::nullopt), Scored(1, "a", 5),
                                     Scored(2, "a", 7), Scored(3, "b", std::nullopt),
                                     Scored(4, "b", std::nullopt)};
  WinnerSelectOptions options{.keys = {"path"}, .score = "score"};
  EXPECT_EQ(IdsOf(Winners(rows, options).value()), (std::vector<std::string>{"2", "3"}));
  options.score_direction = SortDirection::kAscending;
  EXPECT_EQ(IdsOf(Winners(rows, options).value()), (std::vector<std::string>{"1", "3"}));
}

TEST(WinnerSelect, WithoutKeysThereIsOneWinnerAndOfNothingNone) {
  const std::vector<TestRow> rows = {Scored(0, "a", 1), Scored(1, std::nullopt, 3),
                                     Scored(2, "b", 3)};
  EXPECT_EQ(IdsOf(Winners(rows, {.score = "score"}).value()), (std::vector<std::string>{"1"}));
  EXPECT_TRUE(Winners({}, {.score = "score"})->rows.empty());
}

TEST(WinnerSelect, NullKeysAreOneGroupAndNanIsTheGreatestScore) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<TestRow> rows = {Scored(0, std::nullopt, 1), Scored(1, std::nullopt, nan),
                                     Scored(2, std::nullopt, 9)};
  EXPECT_EQ(IdsOf(Winners(rows, {.keys = {"path"}, .score = "score"}).value()),
            (std::vector<std::string>{"1"}));
}

// The definition: a row wins when no row of its group comes before it.
std::vector<std::string> Naive(const std::vector<TestRow>& rows,
                               const WinnerSelectOptions& options) {
  std::vector<SortKey> keys = options.tie_breakers;
  keys.insert(keys.begin(), {options.score, options.score_direction, NullPlacement::kLast});
  std::vector<std::string> ids;
  for (const TestRow& row : rows) {
    const bool beaten = std::any_of(rows.begin(), rows.end(), [&](const TestRow& other) {
      return other.id != row.id && NaiveSameKeys(other, row, options.keys) &&
             NaiveBefore(other, row, keys);
    });
    if (!beaten) ids.push_back(fmt::format("{}", row.id));
  }
  return ids;
}

TEST(WinnerSelectProperty, AgreesWithTheDefinition) {
  constexpr std::uint64_t kSeed = 2'026;
  Rng rng(kSeed);
  const char* const paths[] = {"u", "U", "vu", "d"};
  for (int round = 0; round < RandomCases(); ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    WinnerSelectOptions options;
    for (const char* key : {"path", "num", "start"}) {
      if (Pick(rng, 0, 1) == 0) options.keys.push_back(key);
    }
    options.score = "score";
    options.score_direction = RandomKey("score", rng).direction;
    for (const char* column : {"tie", "path", "num"}) {
      if (Pick(rng, 0, 2) == 0) options.tie_breakers.push_back(RandomKey(column, rng));
    }
    std::vector<TestRow> rows = RandomRows(rng, 20);
    const Encoding encoding{paths[Pick(rng, 0, 3)], "l"};
    KernelContext context = ContextOfTest(Pick(rng, 1, 12));
    context.threads = RandomThreads(rng);
    ASSERT_EQ(LeastFault({&rows},
                         [&]() -> std::string {
                           const auto result = Winners(rows, options, context, encoding);
                           if (!result) return result.error().ToString();
                           return Difference(IdsOf(*result), Naive(rows, options));
                         }),
              "");
  }
}

}  // namespace
}  // namespace lakegate::kernels
