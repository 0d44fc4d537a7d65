// dedupe against the definition, written down as a scan over all earlier rows.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/test_tables.h"
#include "lakegate/dedupe.h"

namespace lakegate::kernels {
namespace {

struct Case {
  DedupeOptions options;
  std::vector<TestRow> rows;
};

bool SameDouble(const std::optional<double>& a, const std::optional<double>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return (std::isnan(*a) && std::isnan(*b)) || *a == *b;
}

bool SameKeys(const TestRow& a, const TestRow& b, const std::vector<std::string>& keys) {
  for (const auto& key : keys) {
    if (key == "path" && a.path != b.path) return false;
    if (key == "num" && !SameDouble(a.num, b.num)) return false;
    if (key == "start" && a.start != b.start) return false;
  }
  return true;
}

// A comparable stand-in: (is it a NaN, value), so that NaN is greatest and zeros are equal.
std::optional<std::pair<bool, double>> Value(const TestRow& row, const std::string& column) {
  std::optional<double> value = column == "score" ? row.score : std::optional<double>();
  if (column == "tie" && row.tie) value = static_cast<double>(*row.tie);
  if (!value) return std::nullopt;
  return std::isnan(*value) ? std::pair(true, 0.0) : std::pair(false, *value + 0.0);
}

int Compare(const TestRow& a, const TestRow& b, const SortKey& key) {
  if (key.column == "path") {  // only ascending with nulls last is drawn
    if (a.path == b.path) return 0;
    if (!a.path || !b.path) return a.path ? -1 : 1;
    return *a.path < *b.path ? -1 : 1;
  }
  const auto x = Value(a, key.column);
  const auto y = Value(b, key.column);
  if (x == y) return 0;
  if (!x || !y) return x.has_value() == (key.nulls == NullPlacement::kLast) ? -1 : 1;
  return (*x < *y) == (key.direction == SortDirection::kAscending) ? -1 : 1;
}

bool Before(const TestRow& a, const TestRow& b, const DedupeOptions& options) {
  std::vector<SortKey> keys = options.order;
  if (!options.score.empty()) {
    keys.insert(keys.begin(),
                SortKey{options.score, options.score_direction, NullPlacement::kLast});
  }
  for (const SortKey& key : keys) {
    const int order = Compare(a, b, key);
    if (order != 0) return order < 0;
  }
  return a.id < b.id;
}

// Members of each group, groups in order of appearance, members in order.
std::vector<std::vector<TestRow>> Groups(const Case& c) {
  std::vector<std::vector<TestRow>> groups;
  for (const TestRow& row : c.rows) {
    const auto at = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
      return SameKeys(group.front(), row, c.options.keys);
    });
    if (at == groups.end()) {
      groups.push_back({row});
    } else {
      at->push_back(row);
    }
  }
  return groups;
}

std::vector<std::string> Naive(const Case& c) {
  std::vector<std::string> lines;
  auto groups = Groups(c);
  std::vector<std::int64_t> survivors;
  for (auto& group : groups) {
    std::sort(group.begin(), group.end(),
              [&](const TestRow& a, const TestRow& b) { return Before(a, b, c.options); });
    std::string list = "[";
    for (const TestRow& row : group) list += fmt::format("{},", row.id);
    lines.push_back(list + "]");
    survivors.push_back(group.front().id);
  }
  if (c.options.strategy == DedupeStrategy::kCollapseList) return lines;
  lines.clear();
  std::sort(survivors.begin(), survivors.end());
  for (const std::int64_t id : survivors) lines.push_back(fmt::format("{}", id));
  return lines;
}

Case RandomCase(Rng& rng) {
  Case c;
  constexpr DedupeStrategy kStrategies[] = {DedupeStrategy::kKeepFirst, DedupeStrategy::kKeepBest,
                                            DedupeStrategy::kKeepArbitrary,
                                            DedupeStrategy::kCollapseList};
  c.options.strategy = kStrategies[Pick(rng, 0, 3)];
  for (const char* key : {"path", "num", "start"}) {
    if (Pick(rng, 0, 1) == 0) c.options.keys.push_back(key);
  }
  if (c.options.keys.empty()) c.options.keys.push_back("path");
  const auto direction = [&] {
    return Pick(rng, 0, 1) == 0 ? SortDirection::kAscending : SortDirection::kDescending;
  };
  const auto nulls = [&] {
    return Pick(rng, 0, 1) == 0 ? NullPlacement::kFirst : NullPlacement::kLast;
  };
  if (c.options.strategy == DedupeStrategy::kKeepBest) {
    c.options.score = "score";
    c.options.score_direction = direction();
  }
  if (c.options.strategy != DedupeStrategy::kKeepArbitrary) {
    if (Pick(rng, 0, 1) == 0) c.options.order.push_back({"tie", direction(), nulls()});
    if (Pick(rng, 0, 2) == 0) c.options.order.push_back({"path"});
    if (Pick(rng, 0, 2) == 0) c.options.order.push_back({"score", direction(), nulls()});
  }
  constexpr double kSpecial[] = {0.0, -0.0, std::numeric_limits<double>::quiet_NaN(), 2,
                                 -std::numeric_limits<double>::infinity()};
  const char* const paths[] = {"", "a", "b", "a path longer than twelve bytes"};
  for (std::int64_t i = Pick(rng, 0, 20); i > 0; --i) {
    TestRow row;
    row.id = static_cast<std::int64_t>(c.rows.size());
    row.path = paths[Pick(rng, 0, 3)];
    row.num = kSpecial[Pick(rng, 0, 4)];
    row.start = Pick(rng, 0, 1) == 0 ? Wide(std::numeric_limits<std::int64_t>::min()) : Wide(1);
    row.score = kSpecial[Pick(rng, 0, 4)];
    row.tie = Pick(rng, 0, 1) == 0 ? std::numeric_limits<std::int64_t>::min()
                                   : std::numeric_limits<std::int64_t>::max();
    if (Pick(rng, 0, 5) == 0) row.path.reset();
    if (Pick(rng, 0, 5) == 0) row.num.reset();
    if (Pick(rng, 0, 5) == 0) row.start.reset();
    if (Pick(rng, 0, 5) == 0) row.score.reset();
    if (Pick(rng, 0, 5) == 0) row.tie.reset();
    c.rows.push_back(row);
  }
  return c;
}

TEST(DedupeProperty, AgreesWithAScanOverAllRows) {
  constexpr std::uint64_t kSeed = 31'337;
  Rng rng(kSeed);
  const char* const paths[] = {"u", "U", "vu", "d"};
  for (int round = 0; round < 12'000; ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    const Case c = RandomCase(rng);
    const Encoding encoding{paths[Pick(rng, 0, 3)], "l"};
    auto stream =
        Dedupe(StreamOfTest(c.rows, encoding, rng), c.options, ContextOfTest(Pick(rng, 1, 5)));
    ASSERT_TRUE(stream) << stream.error().ToString();
    auto result = ReadAll(*std::move(stream));
    ASSERT_TRUE(result) << result.error().ToString();
    std::vector<std::string> ids;
    for (const auto& cells : result->cells) ids.push_back(cells[kIdColumn]);
    ASSERT_EQ(ids, Naive(c)) << DedupeStrategyText(c.options.strategy);
    auto again = Dedupe(StreamOfTest(c.rows, encoding, rng, 40), c.options, ContextOfTest());
    ASSERT_TRUE(again) << again.error().ToString();
    ASSERT_EQ(ReadAll(*std::move(again)).value().rows, result->rows);
  }
}

}  // namespace
}  // namespace lakegate::kernels
