// Winners against a scan over all pairs of rows, over every flat type of key and order.
#include "kernels/best_rows.h"

#include <gtest/gtest.h>

#include "kernels/naive_values.h"

namespace lakegate::kernels {
namespace {

// Keys are the first `keys` columns of `naive`, the rest decides.
std::vector<Row> NaiveWinners(const Naive& naive, std::size_t keys, std::size_t rows) {
  Naive key_part;
  Naive deciding;
  for (std::size_t i = 0; i < naive.keys.size(); ++i) {
    Naive& part = i < keys ? key_part : deciding;
    part.keys.push_back(naive.keys[i]);
    part.columns.push_back(naive.columns[i]);
  }
  std::vector<Row> winners;
  for (std::size_t row = 0; row < rows; ++row) {
    bool wins = true;
    for (std::size_t other = 0; other < rows && wins; ++other) {
      if (other == row || key_part.CompareRows(row, other) != 0) continue;
      const int order = deciding.CompareRows(row, other);
      wins = order < 0 || (order == 0 && row < other);
    }
    if (wins) winners.push_back(static_cast<Row>(row));
  }
  return winners;
}

void CheckWinners(const Collected& table, Rng& rng) {
  const Naive naive = RandomKeys(table, rng);
  const auto columns = static_cast<std::size_t>(table.schema->n_children);
  const auto key_count = static_cast<std::size_t>(Pick(rng, 0, static_cast<std::int64_t>(columns)));
  std::vector<std::int64_t> keys;
  for (std::size_t i = 0; i < key_count; ++i) keys.push_back(static_cast<std::int64_t>(i));
  KernelContext context;
  context.threads = Pick(rng, 1, 4);
  const auto found =
      BestRows(table, keys, std::span(naive.keys).subspan(key_count), "order", context);
  ASSERT_TRUE(found) << found.error().ToString();
  ASSERT_EQ(*found, NaiveWinners(naive, key_count, static_cast<std::size_t>(table.rows)));
}

TEST(BestRowsProperty, AgreesWithAScanOverAllPairs) {
  constexpr std::uint64_t kSeed = 612;
  Rng rng(kSeed);
  for (int round = 0; round < RandomCases(); ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    CheckWinners(RandomTable(rng, Pick(rng, 0, 4), 12), rng);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Rows (key, value) as a table; the value decides, the greatest wins.
Collected Pairs(const std::vector<std::optional<Wide>>& keys,
                const std::vector<std::optional<Wide>>& values) {
  FieldSpec key;
  key.name = "key";
  key.format = "l";
  FieldSpec value;
  value.name = "value";
  value.format = "l";
  Collected table;
  table.schema = columnar::MakeSchema({key, value});
  table.rows = static_cast<std::int64_t>(keys.size());
  columnar::ArrayParts parts;
  parts.length = table.rows;
  parts.buffers.resize(1);
  parts.children.push_back(FixedColumn(keys, 8));
  parts.children.push_back(FixedColumn(values, 8));
  table.batches.push_back(columnar::ShareArray(columnar::MakeArray(std::move(parts))));
  return table;
}

const SortKey kGreatest{"value", SortDirection::kDescending, NullPlacement::kLast};

struct Shape {
  const char* name;
  Wide key_factor;    // key = row * factor, wrapped to 64 bits
  Wide key_count;     // of distinct ones
  Wide value_factor;  // of the value, wrapped to 64 bits
};

TEST(BestRows, KeepsOneRowAGroupInHostileShapes) {
  constexpr std::int64_t kRows = 200'000;
  constexpr Wide kSpread = (Wide(1) << 64) / kRows;
  const std::int64_t one[] = {0};
  for (const Shape& shape : {Shape{"all rows one key", 0, 1, 1},
                             Shape{"every key distinct, spread over 64 bits", kSpread, kRows, 1},
                             Shape{"words that do not fit beside a row", 1, 1000, kSpread},
                             Shape{"spread keys, each many times", kSpread, 1000, kSpread}}) {
    SCOPED_TRACE(shape.name);
    std::vector<std::optional<Wide>> keys;
    std::vector<std::optional<Wide>> values;
    for (Wide row = 0; row < kRows; ++row) {
      keys.push_back(static_cast<std::int64_t>((row % shape.key_count) * shape.key_factor));
      values.push_back(static_cast<std::int64_t>(
          static_cast<std::uint64_t>(row * shape.value_factor) ^ (std::uint64_t{1} << 63)));
    }
    // Values rise with the row, so the last row of each key wins.
    std::vector<Row> expected;
    for (Wide row = kRows - shape.key_count; row < kRows; ++row) {
      expected.push_back(static_cast<Row>(row));
    }
    const Collected table = Pairs(keys, values);
    for (const std::int64_t threads : {1, 2, 4}) {
      KernelContext context;
      context.threads = threads;
      const auto found = BestRows(table, one, std::span(&kGreatest, 1), "order", context);
      ASSERT_TRUE(found) << found.error().ToString();
      ASSERT_EQ(*found, expected);
    }
  }
}

TEST(BestRows, RefusesColumnsItDoesNotKnow) {
  const Collected table = Pairs({Wide(1)}, {Wide(2)});
  const std::int64_t one[] = {0};
  const SortKey missing{"nothing"};
  const auto found = BestRows(table, one, std::span(&missing, 1), "order", KernelContext{});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind(), ErrorKind::kNotFound);
}

TEST(BestRows, StopsWhenCancelled) {
  const Collected table = Pairs({Wide(1), Wide(5)}, {Wide(2), Wide(3)});
  const std::int64_t one[] = {0};
  KernelContext context;
  context.cancel.Cancel();
  const auto found = BestRows(table, one, std::span(&kGreatest, 1), "order", context);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind(), ErrorKind::kCancelled);
}

}  // namespace
}  // namespace lakegate::kernels
