// The index of range joins against every pair of rows looked at.
#include "kernels/range_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kernels/naive_values.h"
#include "kernels/shrink.h"

namespace lakegate::kernels {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();
// Positions of the columns of a TestRow.
constexpr std::int64_t kPath = 0;
constexpr std::int64_t kStart = 2;
constexpr std::int64_t kEnd = 3;
constexpr std::int64_t kTie = 5;

columnar::Collected CollectedOf(const std::vector<TestRow>& rows, const Encoding& encoding,
                                Rng& rng) {
  columnar::MemoryBudget budget(0);
  return columnar::Collect(StreamOfTest(rows, encoding, rng, 7), &budget, CancelToken(), "rows")
      .value();
}

struct Case {
  RangeShape shape;
  std::vector<TestRow> build;
  std::vector<TestRow> probe;
  Encoding build_encoding;
  Encoding probe_encoding;
  std::size_t most = 1;  // pairs at once
  bool each_once = false;
};

bool Fits(const Case& c, const TestRow& build, const TestRow& probe) {
  for (const std::int64_t key : c.shape.keys) {
    if (key == kPath && (!build.path || !probe.path || build.path != probe.path)) return false;
    if (key == kTie && (!build.tie || !probe.tie || build.tie != probe.tie)) return false;
  }
  const auto below = [&](Wide a, Wide b) { return c.shape.below_or_equal ? a <= b : a < b; };
  const auto above = [&](Wide a, Wide b) { return c.shape.above_or_equal ? a >= b : a > b; };
  return build.start && build.end && probe.start && probe.end &&
         below(*build.start, *probe.start) && above(*build.end, *probe.end);
}

std::string FaultOf(const Case& c, std::uint64_t seed) {
  Rng rng(seed);
  const auto index =
      RangeIndex::Make(CollectedOf(c.build, c.build_encoding, rng), c.shape, ContextOfTest());
  if (!index) return index.error().ToString();
  auto cursor = index->Probe(CollectedOf(c.probe, c.probe_encoding, rng), c.each_once);
  if (!cursor) return cursor.error().ToString();
  std::vector<Row> probes(c.most);
  std::vector<Row> builds(c.most);
  std::vector<std::pair<Row, Row>> given;
  while (true) {
    const std::size_t count = index->Next(&*cursor, c.most, probes.data(), builds.data());
    for (std::size_t i = 0; i < count; ++i) given.emplace_back(probes[i], builds[i]);
    if (count < c.most) break;
  }
  std::vector<std::pair<Row, Row>> expected;
  for (Row p = 0; p < c.probe.size(); ++p) {
    for (Row b = 0; b < c.build.size(); ++b) {
      if (Fits(c, c.build[b], c.probe[p])) expected.emplace_back(p, b);
    }
  }
  // Probe rows as they come, and the matches of each from the greatest `below` down.
  const auto in_order = [&](const auto& x, const auto& y) {
    return x.first < y.first ||
           (x.first == y.first && *c.build[x.second].start >= *c.build[y.second].start);
  };
  for (std::size_t i = 1; i < given.size(); ++i) {
    if (!in_order(given[i - 1], given[i])) return "out of order";
  }
  if (c.each_once) {
    const std::set<std::pair<Row, Row>> all(expected.begin(), expected.end());
    std::vector<Row> with_match;
    for (const auto& [p, b] : all) {
      if (with_match.empty() || with_match.back() != p) with_match.push_back(p);
    }
    std::vector<Row> once;
    for (const auto& pair : given) {
      if (!all.contains(pair)) return "a pair that is none";
      once.push_back(pair.first);
    }
    return once == with_match ? "" : "not every probe row with a match, once";
  }
  std::sort(given.begin(), given.end());
  const auto text = [](const std::vector<std::pair<Row, Row>>& pairs) {
    std::vector<std::string> lines;
    lines.reserve(pairs.size());
    for (const auto& [p, b] : pairs) lines.push_back(fmt::format("{}-{}", p, b));
    return lines;
  };
  return Difference(text(given), text(expected));
}

std::optional<Wide> RandomBound(Rng& rng) {
  switch (Pick(rng, 0, 19)) {
    case 0:
      return std::nullopt;
    case 1:
      return Pick(rng, 0, 1) == 0 ? kLeast : kGreatest;
    default:
      return Pick(rng, -4, 12);
  }
}

std::vector<TestRow> RandomRows(Rng& rng, std::int64_t most) {
  std::vector<TestRow> rows(static_cast<std::size_t>(Pick(rng, 0, most)));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].path = std::string(1, static_cast<char>('a' + Pick(rng, 0, 2)));
    if (Pick(rng, 0, 9) == 0) rows[i].path.reset();
    rows[i].tie = Pick(rng, 0, 1);
    if (Pick(rng, 0, 9) == 0) rows[i].tie.reset();
    rows[i].start = RandomBound(rng);
    rows[i].end = RandomBound(rng);
    rows[i].id = static_cast<std::int64_t>(i);
  }
  return rows;
}

TEST(RangeIndex, GivesThePairsThatComparisonsDecide) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Rng rng(seed);
  const std::vector<std::int64_t> keys[] = {{}, {kPath}, {kTie}, {kPath, kTie}};
  const char* const encodings[] = {"u", "U", "vu", "d"};
  for (int round = 0; round < RandomCases(); ++round) {
    Case c;
    c.shape = {.keys = keys[Pick(rng, 0, 3)],
               .below = kStart,
               .above = kEnd,
               .below_or_equal = Pick(rng, 0, 1) == 0,
               .above_or_equal = Pick(rng, 0, 1) == 0};
    c.build = RandomRows(rng, Pick(rng, 0, 9) == 0 ? 120 : 12);
    c.probe = RandomRows(rng, 12);
    c.build_encoding.path = encodings[Pick(rng, 0, 3)];
    c.probe_encoding.path = encodings[Pick(rng, 0, 3)];
    c.most = static_cast<std::size_t>(Pick(rng, 1, 9));
    c.each_once = Pick(rng, 0, 4) == 0;
    const std::uint64_t own = rng();
    const std::string fault = LeastFault({&c.build, &c.probe}, [&] { return FaultOf(c, own); });
    ASSERT_EQ(fault, "") << fmt::format(
        "keys {} below_or_equal {} above_or_equal {} each_once {} most {} encodings {} {}",
        c.shape.keys.size(), c.shape.below_or_equal, c.shape.above_or_equal, c.each_once, c.most,
        c.build_encoding.path, c.probe_encoding.path);
  }
}

// Shapes that make one search long, where others are skipped: counted against sums.
TEST(RangeIndex, FindsFewAmongManyThatAreNone) {
  Rng rng(1);
  constexpr std::int64_t kRows = 20'000;
  Case c;
  c.shape = {.keys = {}, .below = kStart, .above = kEnd};
  // Nested in one another, and one short span after each.
  for (std::int64_t i = 0; i < kRows; ++i) {
    TestRow row;
    row.start = i;
    row.end = i % 2 == 0 ? 3 * kRows - i : i + 1;
    c.build.push_back(row);
  }
  for (std::int64_t i = 0; i < 200; ++i) {
    TestRow row;
    row.start = kRows;            // all begin below
    row.end = 3 * kRows - i - 1;  // those that end above: i of the first
    c.probe.push_back(row);
  }
  const auto index =
      RangeIndex::Make(CollectedOf(c.build, {}, rng), c.shape, ContextOfTest()).value();
  auto cursor = index.Probe(CollectedOf(c.probe, {}, rng), false).value();
  std::vector<Row> probes(100);
  std::vector<Row> builds(100);
  std::size_t pairs = 0;
  for (std::size_t count = 100; count == 100; pairs += count) {
    count = index.Next(&cursor, 100, probes.data(), builds.data());
  }
  std::size_t expected = 0;
  for (std::int64_t i = 0; i < 200; ++i) expected += static_cast<std::size_t>(i / 2 + 1);
  EXPECT_EQ(pairs, expected);
}

TEST(RangeIndex, RefusesWhatItCannotRead) {
  Rng rng(1);
  const std::vector<TestRow> rows(3);
  const auto make = [&](const RangeShape& shape, const Encoding& encoding) {
    return RangeIndex::Make(CollectedOf(rows, encoding, rng), shape, ContextOfTest());
  };
  const RangeShape shape = {.keys = {kPath}, .below = kStart, .above = kEnd};
  EXPECT_EQ(make(shape, {.path = "u", .span = "i"}).error().kind(), ErrorKind::kSchemaMismatch);
  const auto index = make(shape, {});
  ASSERT_TRUE(index);
  RangeShape cancelled_shape = shape;
  KernelContext context = ContextOfTest();
  context.cancel.Cancel();
  EXPECT_EQ(RangeIndex::Make(CollectedOf(rows, {}, rng), cancelled_shape, context).error().kind(),
            ErrorKind::kCancelled);
  // Without a row, or without a column that could match.
  EXPECT_TRUE(RangeIndex::Make(CollectedOf({}, {}, rng), shape, ContextOfTest()));
}

}  // namespace
}  // namespace lakegate::kernels
