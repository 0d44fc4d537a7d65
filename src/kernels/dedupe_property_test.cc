// dedupe against the definition, written down as a scan over all earlier rows.
#include <gtest/gtest.h>

#include "kernels/naive_order.h"
#include "kernels/shrink.h"
#include "lakegate/dedupe.h"

namespace lakegate::kernels {
namespace {

struct Case {
  DedupeOptions options;
  std::vector<TestRow> rows;
};

std::vector<SortKey> Deciding(const DedupeOptions& options) {
  std::vector<SortKey> keys = options.order;
  if (!options.score.empty()) {
    keys.insert(keys.begin(),
                SortKey{options.score, options.score_direction, NullPlacement::kLast});
  }
  return keys;
}

// Members of each group, groups in order of appearance, members in order.
std::vector<std::vector<TestRow>> Groups(const Case& c) {
  std::vector<std::vector<TestRow>> groups;
  for (const TestRow& row : c.rows) {
    const auto at = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
      return NaiveSameKeys(group.front(), row, c.options.keys);
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
    const std::vector<SortKey> keys = Deciding(c.options);
    std::sort(group.begin(), group.end(),
              [&](const TestRow& a, const TestRow& b) { return NaiveBefore(a, b, keys); });
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
  if (c.options.strategy == DedupeStrategy::kKeepBest) {
    c.options.score = "score";
    c.options.score_direction = RandomKey("score", rng).direction;
  }
  if (c.options.strategy != DedupeStrategy::kKeepArbitrary) {
    for (const char* column : {"tie", "path", "score"}) {
      if (Pick(rng, 0, 1) == 0) c.options.order.push_back(RandomKey(column, rng));
    }
  }
  c.rows = RandomRows(rng, 20);
  return c;
}

Result<ReadResult> Deduped(const Case& c, const Encoding& encoding, const KernelContext& context,
                           std::size_t most_rows) {
  Rng rng(most_rows);
  auto stream = Dedupe(StreamOfTest(c.rows, encoding, rng, most_rows), c.options, context);
  if (!stream) return stream.error();
  return ReadAll(*std::move(stream));
}

TEST(DedupeProperty, AgreesWithAScanOverAllRows) {
  constexpr std::uint64_t kSeed = 31'337;
  Rng rng(kSeed);
  const char* const paths[] = {"u", "U", "vu", "d"};
  for (int round = 0; round < RandomCases(); ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    Case c = RandomCase(rng);
    const Encoding encoding{paths[Pick(rng, 0, 3)], "l"};
    KernelContext context = ContextOfTest(Pick(rng, 1, 12));
    context.threads = RandomThreads(rng);
    ASSERT_EQ(LeastFault({&c.rows},
                         [&]() -> std::string {
                           const auto result = Deduped(c, encoding, context, 8);
                           if (!result) return result.error().ToString();
                           if (IsReadAgain(round)) {
                             const auto again = Deduped(c, encoding, ContextOfTest(), 40);
                             if (!again) return again.error().ToString();
                             if (again->rows != result->rows)
                               return Difference(again->rows, result->rows);
                           }
                           return Difference(IdsOf(*result), Naive(c));
                         }),
              "")
        << DedupeStrategyText(c.options.strategy);
  }
}

}  // namespace
}  // namespace lakegate::kernels
