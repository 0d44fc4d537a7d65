// Packed orders against a comparison of values, over every flat type and encoding.
#include "kernels/packed_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "kernels/naive_values.h"
#include "kernels/order_codes.h"

namespace lakegate::kernels {
namespace {

void CheckAgainstNaive(const Collected& table, const Naive& naive, const KernelContext& context) {
  const auto rows = static_cast<std::size_t>(table.rows);
  std::vector<Row> expected(rows);
  std::iota(expected.begin(), expected.end(), Row{0});
  std::stable_sort(expected.begin(), expected.end(),
                   [&](Row a, Row b) { return naive.CompareRows(a, b) < 0; });
  const auto order = PackOrder(table, naive.keys, "keys", context);
  ASSERT_TRUE(order) << order.error().ToString();
  const auto sorted = SortPacked(*order, context);
  ASSERT_TRUE(sorted) << sorted.error().ToString();
  ASSERT_EQ(std::vector<Row>(sorted->begin(), sorted->end()), expected);
  const auto codes = OrderCodes(table, naive.keys, "keys", context);
  ASSERT_TRUE(codes) << codes.error().ToString();
  for (std::size_t i = 1; i < rows; ++i) {
    const std::uint64_t before = codes->codes[expected[i - 1]];
    const std::uint64_t after = codes->codes[expected[i]];
    ASSERT_EQ(before == after, naive.CompareRows(expected[i - 1], expected[i]) == 0);
    ASSERT_LE(before, after);
    ASSERT_EQ(codes->bits == 64 ? 0 : after >> codes->bits, 0u);
  }
}

TEST(PackedOrderProperty, SortsEveryFlatTypeAsItsValuesCompare) {
  constexpr std::uint64_t kSeed = 20'261'126;
  Rng rng(kSeed);
  for (int round = 0; round < RandomCases(); ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    const Collected table = RandomTable(rng, Pick(rng, 0, 4), 12);
    KernelContext context;
    context.threads = RandomThreads(rng);
    CheckAgainstNaive(table, RandomKeys(table, rng), context);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(PackedOrderProperty, SplitsManyRowsOverThreads) {
  constexpr std::uint64_t kSeed = 4;
  Rng rng(kSeed);
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    const Collected table = RandomTable(rng, Pick(rng, 1, 3), 40'000);
    KernelContext context;
    context.threads = Pick(rng, 1, 4);
    CheckAgainstNaive(table, RandomKeys(table, rng), context);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

Collected Int64Table(const std::vector<std::optional<Wide>>& values) {
  FieldSpec field;
  field.name = "c0";
  field.format = "l";
  Collected table;
  table.schema = columnar::MakeSchema({field});
  table.rows = static_cast<std::int64_t>(values.size());
  columnar::ArrayParts parts;
  parts.length = table.rows;
  parts.buffers.resize(1);
  parts.children.push_back(FixedColumn(values, 8));
  table.batches.push_back(columnar::ShareArray(columnar::MakeArray(std::move(parts))));
  return table;
}

TEST(PackedOrder, FindsPlaceForNullsBesideAllSixtyFourBits) {
  constexpr auto kLeast = Wide(std::numeric_limits<std::int64_t>::min());
  constexpr auto kMost = Wide(std::numeric_limits<std::int64_t>::max());
  const Collected table = Int64Table({kMost, std::nullopt, kLeast, Wide(0)});
  for (const auto nulls : {NullPlacement::kFirst, NullPlacement::kLast}) {
    Naive naive;
    naive.keys = {SortKey{"c0", SortDirection::kDescending, nulls}};
    naive.columns = {{Value{false, kMost}, Value{}, Value{false, kLeast}, Value{false, 0}}};
    CheckAgainstNaive(table, naive, KernelContext{});
  }
}

TEST(PackedOrder, PacksNarrowDataIntoAsManyBitsAsItsRangeNeeds) {
  const Collected table = Int64Table({Wide(1'000'000'000'003), Wide(1'000'000'000'000)});
  const SortKey key{"c0"};
  const auto order = PackOrder(table, std::span(&key, 1), "keys", KernelContext{});
  ASSERT_TRUE(order);
  ASSERT_EQ(order->words.size(), 1u);
  EXPECT_EQ(order->words[0].bits(), 2);
}

TEST(PackedOrder, RefusesWhatHasNoOrder) {
  FieldSpec item;
  item.name = "item";
  item.format = "l";
  FieldSpec list;
  list.name = "c0";
  list.format = "+l";
  list.children = {item};
  FieldSpec interval;
  interval.name = "c1";
  interval.format = "tin";
  Collected table;
  table.schema = columnar::MakeSchema({list, interval});
  for (const char* column : {"c0", "c1"}) {
    const SortKey key{column};
    const auto order = PackOrder(table, std::span(&key, 1), "keys", KernelContext{});
    ASSERT_FALSE(order);
    EXPECT_EQ(order.error().kind(), ErrorKind::kUnsupported);
  }
  const SortKey missing{"c9"};
  const auto order = PackOrder(table, std::span(&missing, 1), "keys", KernelContext{});
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().kind(), ErrorKind::kNotFound);
}

TEST(PackedOrder, StopsWhenCancelled) {
  std::vector<std::optional<Wide>> values;
  for (int i = 0; i < 100'000; ++i) values.push_back(Wide((i * 7919) % 100'003));
  const Collected table = Int64Table(values);
  const SortKey key{"c0"};
  const KernelContext context;
  const auto order = PackOrder(table, std::span(&key, 1), "keys", context);
  ASSERT_TRUE(order);
  context.cancel.Cancel();
  const auto sorted = SortPacked(*order, context);
  ASSERT_FALSE(sorted);
  EXPECT_EQ(sorted.error().kind(), ErrorKind::kCancelled);
}

}  // namespace
}  // namespace lakegate::kernels
