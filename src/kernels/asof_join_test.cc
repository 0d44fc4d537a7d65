#include "lakegate/asof_join.h"

#include <gtest/gtest.h>

#include <limits>

#include "kernels/naive_order.h"
#include "kernels/shrink.h"

namespace lakegate::kernels {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// Columns: path is the key, start (an integer) or num (a float) the ordered column.
Result<ReadResult> Joined(const std::vector<TestRow>& left, const std::vector<TestRow>& right,
                          const AsofJoinOptions& options, KernelContext context = ContextOfTest(),
                          const Encoding& left_encoding = {}, const Encoding& right_encoding = {},
                          std::size_t most = 5) {
  Rng rng(5);
  auto stream = AsofJoin(StreamOfTest(left, left_encoding, rng, most),
                         StreamOfTest(right, right_encoding, rng, most), options, context);
  if (!stream) return stream.error();
  return ReadAll(*std::move(stream));
}

TestRow At(std::int64_t id, std::optional<Wide> start,
           const std::optional<std::string>& path = "p") {
  TestRow row;
  row.id = id;
  row.start = start;
  row.path = path;
  return row;
}

// "left id-right id" of each output row.
std::vector<std::string> Pairs(const ReadResult& result) {
  std::vector<std::string> pairs;
  for (const auto& cells : result.cells) {
    const bool has_right = cells.size() > kColumns;
    pairs.push_back(cells[kIdColumn] + (has_right ? "-" + cells[kColumns + kIdColumn] : ""));
  }
  return pairs;
}

using Texts = std::vector<std::string>;

struct Refusal {
  const char* name;
  AsofJoinOptions options;
  ErrorKind kind;
  const char* part;
};

TEST(AsofJoin, RefusesWhatItCannotRead) {
  const Refusal refusals[] = {
      {"no column", {}, ErrorKind::kInvalidArgument, "left_on"},
      {"keys that do not pair",
       {.left_on = "start", .left_by = {"path"}, .right_by = {"path", "id"}},
       ErrorKind::kInvalidArgument,
       "1 and 2"},
      {"an empty key", {.left_on = "start", .left_by = {""}}, ErrorKind::kInvalidArgument, "empty"},
      {"an empty suffix",
       {.left_on = "start", .right_suffix = ""},
       ErrorKind::kInvalidArgument,
       "right_suffix"},
      {"a negative tolerance",
       {.left_on = "start", .tolerance = -1},
       ErrorKind::kInvalidArgument,
       "negative"},
      {"no such column", {.left_on = "begin"}, ErrorKind::kNotFound, "start"},
      {"no such right column",
       {.left_on = "start", .right_on = "begin"},
       ErrorKind::kNotFound,
       "start"},
      {"no such key", {.left_on = "start", .left_by = {"pth"}}, ErrorKind::kNotFound, "path"},
      {"text is not ordered here", {.left_on = "path"}, ErrorKind::kSchemaMismatch, "'path'"},
      {"an integer and a float",
       {.left_on = "start", .right_on = "num"},
       ErrorKind::kSchemaMismatch,
       "cast"},
      {"keys of two kinds",
       {.left_on = "start", .left_by = {"path"}, .right_by = {"id"}},
       ErrorKind::kSchemaMismatch,
       "path"},
      {"a tolerance with floats",
       {.left_on = "num", .tolerance = 1},
       ErrorKind::kSchemaMismatch,
       "floats"},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    const auto result = Joined({At(0, 1)}, {At(0, 1)}, refusal.options);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), refusal.kind);
    EXPECT_NE(result.error().message().find(refusal.part), std::string::npos)
        << result.error().message();
  }
  EXPECT_EQ(AsofDirectionFromText("back").error().kind(), ErrorKind::kInvalidArgument);
}

TEST(AsofJoin, RefusesTimesOfTwoUnitsAndUnsignedWithSigned) {
  const auto refused = [](const char* left, const char* right) {
    const auto result = Joined({At(0, 1)}, {At(0, 1)}, {.left_on = "start"}, ContextOfTest(),
                               {"u", left}, {"u", right});
    return !result && result.error().kind() == ErrorKind::kSchemaMismatch;
  };
  EXPECT_TRUE(refused("tsu:", "tsn:"));
  EXPECT_TRUE(refused("L", "l"));
  EXPECT_TRUE(refused("tdD", "i"));
  EXPECT_FALSE(refused("i", "l"));
  EXPECT_FALSE(refused("L", "I"));
}

TEST(AsofJoin, RefusesADeclaredOrderThatDoesNotHold) {
  const std::vector<TestRow> sorted = {At(0, 1), At(1, 2), At(2, std::nullopt)};
  const std::vector<TestRow> falling = {At(0, 5), At(1, 7), At(2, 6)};
  const std::vector<TestRow> null_first = {At(0, std::nullopt), At(1, 7)};
  AsofJoinOptions options{.left_on = "start", .right_sorted = true};
  const auto result = Joined(sorted, falling, options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::kConstraintViolation);
  EXPECT_NE(result.error().message().find("right side"), std::string::npos);
  EXPECT_NE(result.error().message().find("row 2 has 6 after 7"), std::string::npos)
      << result.error().message();
  EXPECT_EQ(Joined(sorted, null_first, options).error().kind(), ErrorKind::kConstraintViolation);
  EXPECT_TRUE(Joined(falling, sorted, options));
  options.left_sorted = true;
  EXPECT_EQ(Joined(falling, sorted, options).error().kind(), ErrorKind::kConstraintViolation);
}

TEST(AsofJoin, RefusesMoreThanItsMemoryAndACancelledCall) {
  const std::vector<TestRow> rows(500, At(0, 1));
  KernelContext small = ContextOfTest();
  small.memory_limit_bytes = 1000;
  EXPECT_EQ(Joined(rows, rows, {.left_on = "start"}, small).error().kind(),
            ErrorKind::kResourceLimit);
  KernelContext cancelled = ContextOfTest();
  cancelled.cancel.Cancel();
  EXPECT_EQ(Joined(rows, rows, {.left_on = "start"}, cancelled).error().kind(),
            ErrorKind::kCancelled);
}

TEST(AsofJoin, TakesTheNearestOnTheSideTheDirectionSays) {
  const std::vector<TestRow> left = {At(0, 0), At(1, 5), At(2, 6), At(3, 100)};
  const std::vector<TestRow> right = {At(0, 5), At(1, 5), At(2, 8), At(3, 8)};
  AsofJoinOptions options{.left_on = "start"};
  EXPECT_EQ(Pairs(Joined(left, right, options).value()), (Texts{"0-null", "1-1", "2-1", "3-3"}));
  options.direction = AsofDirection::kForward;
  EXPECT_EQ(Pairs(Joined(left, right, options).value()), (Texts{"0-0", "1-0", "2-2", "3-null"}));
  options.direction = AsofDirection::kNearest;
  EXPECT_EQ(Pairs(Joined(left, right, options).value()), (Texts{"0-0", "1-1", "2-1", "3-3"}));
  options.allow_exact = false;
  EXPECT_EQ(Pairs(Joined(left, right, options).value()), (Texts{"0-0", "1-2", "2-1", "3-3"}));
  options.tolerance = 2;
  EXPECT_EQ(Pairs(Joined(left, right, options).value()),
            (Texts{"0-null", "1-null", "2-1", "3-null"}));
}

TEST(AsofJoin, GivesTheRowsThatHowAsksFor) {
  const std::vector<TestRow> left = {At(0, 0), At(1, 5), At(2, std::nullopt)};
  const std::vector<TestRow> right = {At(7, 3)};
  AsofJoinOptions options{.left_on = "start", .how = JoinHow::kInner};
  EXPECT_EQ(Pairs(Joined(left, right, options).value()), (Texts{"1-7"}));
  options.how = JoinHow::kSemi;
  EXPECT_EQ(Pairs(Joined(left, right, options).value()), (Texts{"1"}));
  options.how = JoinHow::kAnti;
  EXPECT_EQ(Pairs(Joined(left, right, options).value()), (Texts{"0", "2"}));
  EXPECT_EQ(Pairs(Joined(left, {}, options).value()), (Texts{"0", "1", "2"}));
  EXPECT_TRUE(Joined({}, right, options)->rows.empty());
}

TEST(AsofJoin, DistancesAreExactAtTheEndsOfTheRange) {
  const std::vector<TestRow> left = {At(0, 0)};
  AsofJoinOptions options{.left_on = "start", .direction = AsofDirection::kNearest};
  EXPECT_EQ(Pairs(Joined(left, {At(0, kLeast), At(1, kMost)}, options).value()), (Texts{"0-1"}));
  EXPECT_EQ(Pairs(Joined({At(0, kLeast)}, {At(1, kMost)}, options).value()), (Texts{"0-1"}));
  options.tolerance = kMost;
  EXPECT_EQ(Pairs(Joined({At(0, kLeast)}, {At(1, kMost)}, options).value()), (Texts{"0-null"}));
}

TEST(AsofJoin, RightNamesTakeTheSuffixAndBecomeNullable) {
  const auto result = Joined({At(0, 1)}, {At(0, 1)}, {.left_on = "start"});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->schema->n_children, 2 * kColumns);
  EXPECT_STREQ(result->schema->children[kColumns]->name, "path_right");
  EXPECT_NE(result->schema->children[kColumns]->flags & ARROW_FLAG_NULLABLE, 0);
}

// The definition: every right row is looked at.
struct Naive {
  const AsofJoinOptions& options;
  bool floats;

  std::optional<long double> Value(const TestRow& row) const {
    if (!floats) {
      return row.start ? std::optional(static_cast<long double>(*row.start)) : std::nullopt;
    }
    if (!row.num || std::isnan(*row.num)) return std::nullopt;
    return *row.num;
  }

  Texts Lines(const std::vector<TestRow>& left, const std::vector<TestRow>& right) const {
    Texts lines;
    for (const TestRow& row : left) {
      const TestRow* const partner = Partner(row, right);
      if (options.how == JoinHow::kSemi || options.how == JoinHow::kAnti) {
        const bool wanted = (partner != nullptr) == (options.how == JoinHow::kSemi);
        if (wanted) lines.push_back(fmt::format("{}", row.id));
      } else if (partner != nullptr) {
        lines.push_back(fmt::format("{}-{}", row.id, partner->id));
      } else if (options.how == JoinHow::kLeft) {
        lines.push_back(fmt::format("{}-null", row.id));
      }
    }
    return lines;
  }

  const TestRow* Partner(const TestRow& left, const std::vector<TestRow>& right) const {
    const TestRow* best = nullptr;
    for (const TestRow& row : right) {
      if (!Meets(left, row)) continue;
      if (best == nullptr || IsBetter(left, row, *best)) best = &row;
    }
    return best;
  }

  bool Meets(const TestRow& left, const TestRow& right) const {
    const auto a = Value(left);
    const auto b = Value(right);
    if (!a || !b) return false;
    if (!options.left_by.empty() && (!left.path || left.path != right.path)) return false;
    if (*a == *b) return options.allow_exact;
    if (options.direction == AsofDirection::kBackward && *b > *a) return false;
    if (options.direction == AsofDirection::kForward && *b < *a) return false;
    const auto distance = *a < *b ? *b - *a : *a - *b;
    return !options.tolerance || distance <= static_cast<long double>(*options.tolerance);
  }

  // Nearer; at one distance the earlier value; of one value the last row at or before, the
  // first row after.
  bool IsBetter(const TestRow& left, const TestRow& row, const TestRow& best) const {
    const long double at = *Value(left);
    const long double a = *Value(row);
    const long double b = *Value(best);
    const auto away = [at](long double x) { return x == at ? 0.0L : x < at ? at - x : x - at; };
    if (away(a) != away(b)) return away(a) < away(b);
    if (a != b) return a < b;
    const bool backward = options.direction == AsofDirection::kBackward || a < at ||
                          (a == at && options.direction == AsofDirection::kNearest);
    return backward == (row.id > best.id);
  }
};

std::vector<TestRow> RandomSide(Rng& rng, bool sorted, bool floats) {
  std::vector<TestRow> rows = RandomRows(rng, 15);
  constexpr std::int64_t kSpecial[] = {kLeast, kLeast + 1, -1, 0, 1, 2, 3, 7, kMost};
  for (TestRow& row : rows) {
    if (row.start) row.start = kSpecial[Pick(rng, 0, 8)];
    if (row.num && Pick(rng, 0, 1) == 0) row.num = static_cast<double>(Pick(rng, -3, 3));
  }
  if (sorted) {
    const SortKey key{floats ? "num" : "start"};
    std::stable_sort(rows.begin(), rows.end(), [&](const TestRow& a, const TestRow& b) {
      // Where NaN stands among nulls does not matter: neither has a place in the order.
      const bool a_last = floats ? !a.num || std::isnan(*a.num) : !a.start;
      const bool b_last = floats ? !b.num || std::isnan(*b.num) : !b.start;
      if (a_last || b_last) return !a_last && b_last;
      return NaiveCompare(a, b, key) < 0;
    });
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].id = static_cast<std::int64_t>(i);
  }
  return rows;
}

TEST(AsofJoinProperty, AgreesWithLookingAtEveryRow) {
  constexpr std::uint64_t kSeed = 1'618;
  Rng rng(kSeed);
  const char* const paths[] = {"u", "U", "vu", "d"};
  for (int round = 0; round < RandomCases(); ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    AsofJoinOptions options;
    const bool floats = Pick(rng, 0, 2) == 0;
    options.left_on = floats ? "num" : "start";
    if (Pick(rng, 0, 1) == 0) options.left_by = {"path"};
    options.direction = static_cast<AsofDirection>(Pick(rng, 0, 2));
    options.how = static_cast<JoinHow>(Pick(rng, 0, 3));
    options.allow_exact = Pick(rng, 0, 1) == 0;
    if (!floats && Pick(rng, 0, 1) == 0) options.tolerance = Pick(rng, 0, 1) == 0 ? 2 : kMost;
    options.left_sorted = Pick(rng, 0, 1) == 0;
    options.right_sorted = Pick(rng, 0, 1) == 0;
    auto left = RandomSide(rng, options.left_sorted, floats);
    auto right = RandomSide(rng, options.right_sorted, floats);
    KernelContext context = ContextOfTest(Pick(rng, 1, 12));
    context.threads = RandomThreads(rng);
    const Encoding left_encoding{paths[Pick(rng, 0, 3)], "l"};
    const Encoding right_encoding{paths[Pick(rng, 0, 3)], "l"};
    ASSERT_EQ(
        LeastFault({&left, &right},
                   [&]() -> std::string {
                     const auto result =
                         Joined(left, right, options, context, left_encoding, right_encoding, 7);
                     if (!result) return result.error().ToString();
                     return Difference(Pairs(*result), Naive{options, floats}.Lines(left, right));
                   }),
        "");
  }
}

struct Shape {
  std::int64_t left;
  std::int64_t right;
  bool keys;
};

// Sizes at which probes walk through the slots in step, walk past many, and are halved in step.
TEST(AsofJoinProperty, AgreesOverManyRows) {
  constexpr std::uint64_t kSeed = 2'718;
  Rng rng(kSeed);
  constexpr Shape kShapes[] = {{1'500, 900, false}, {1'500, 300, true}, {300, 3'000, false},
                               {60, 4'000, false},  {60, 4'000, true},  {900, 20, false}};
  for (int round = 0; round < 36; ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    const Shape& shape = kShapes[round % 6];
    AsofJoinOptions options{.left_on = "start", .how = JoinHow::kInner};
    if (shape.keys) options.left_by = {"path"};
    options.direction = static_cast<AsofDirection>(round / 6 % 3);
    options.allow_exact = Pick(rng, 0, 1) == 0;
    if (Pick(rng, 0, 2) == 0) options.tolerance = 3;
    options.left_sorted = round % 2 == 0;
    const std::int64_t most = Pick(rng, 0, 1) == 0 ? 500 : 100'000;
    const auto side = [&](std::int64_t rows, bool sorted) {
      std::vector<TestRow> made;
      for (std::int64_t i = 0; i < rows; ++i) {
        made.push_back(At(i, Pick(rng, 0, most), Pick(rng, 0, 3) == 0 ? "q" : "p"));
      }
      if (!sorted) return made;
      std::stable_sort(made.begin(), made.end(),
                       [](const TestRow& a, const TestRow& b) { return *a.start < *b.start; });
      for (std::int64_t i = 0; i < rows; ++i) made[static_cast<std::size_t>(i)].id = i;
      return made;
    };
    const auto left = side(shape.left, options.left_sorted);
    const auto right = side(shape.right, false);
    KernelContext context = ContextOfTest(400);
    context.threads = RandomThreads(rng);
    const auto result = Joined(left, right, options, context, {}, {}, 700);
    ASSERT_TRUE(result) << result.error().ToString();
    ASSERT_EQ(Difference(Pairs(*result), Naive{options, false}.Lines(left, right)), "");
  }
}

// Many rows: ordered probes in several ranges, with every thread count, give one answer.
TEST(AsofJoin, DoesNotDependOnThreadsOrBatches) {
  Rng rng(11);
  std::vector<TestRow> left;
  std::vector<TestRow> right;
  for (std::int64_t i = 0; i < 70'000; ++i) left.push_back(At(i, Pick(rng, 0, 1'000'000)));
  for (std::int64_t i = 0; i < 5'000; ++i) right.push_back(At(i, Pick(rng, 0, 1'000'000)));
  const AsofJoinOptions options{.left_on = "start", .how = JoinHow::kInner};
  std::vector<std::string> expected;
  for (const std::int64_t threads : {1, 2, 4}) {
    KernelContext context = ContextOfTest(20'000 + threads);
    context.threads = threads;
    const auto result = Joined(left, right, options, context, {}, {}, 20'000);
    ASSERT_TRUE(result);
    if (expected.empty()) expected = Pairs(*result);
    ASSERT_EQ(Pairs(*result), expected) << threads;
  }
}

}  // namespace
}  // namespace lakegate::kernels
