// Packed orders against a comparison of values, over every flat type and encoding.
#include "kernels/packed_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "columnar/collected.h"
#include "columnar/test_arrays.h"
#include "kernels/column_values.h"
#include "kernels/order_codes.h"
#include "kernels/test_tables.h"

namespace lakegate::kernels {
namespace {

using columnar::Collected;
using columnar::ColumnView;
using columnar::FieldSpec;
using columnar::Pick;
using columnar::Rng;
using columnar::TypeId;

constexpr const char* kFormats[] = {
    "n",   "b",   "c",   "C",      "s",          "S",        "i",   "I",   "l",   "L",
    "e",   "f",   "g",   "u",      "U",          "z",        "Z",   "vu",  "vz",  "w:3",
    "w:0", "w:9", "tdD", "d:10,2", "d:50,3,256", "d:5,1,32", "tdm", "tts", "ttn", "tsu:UTC"};

Collected RandomTable(Rng& rng, std::int64_t columns, std::int64_t most_rows) {
  std::vector<FieldSpec> fields;
  for (std::int64_t i = 0; i < columns; ++i) {
    FieldSpec field;
    field.format = kFormats[Pick(rng, 0, std::size(kFormats) - 1)];
    if (Pick(rng, 0, 3) == 0) {
      FieldSpec dictionary;
      dictionary.format = Pick(rng, 0, 1) == 0 ? "c" : "L";
      dictionary.dictionary.push_back(field);
      field = dictionary;
    }
    field.name = fmt::format("c{}", i);
    fields.push_back(field);
  }
  Collected table;
  table.schema = columnar::MakeSchema(fields);
  for (std::int64_t batches = Pick(rng, 0, 3); batches > 0; --batches) {
    columnar::ArrayParts parts;
    parts.length = Pick(rng, 1, most_rows);
    parts.buffers.resize(1);
    for (std::int64_t i = 0; i < columns; ++i) {
      parts.children.push_back(
          columnar::RandomArray(*table.schema->children[i], parts.length, rng));
    }
    table.rows += parts.length;
    table.batches.push_back(columnar::ShareArray(columnar::MakeArray(std::move(parts))));
  }
  return table;
}

// A value of a sort: what two of the same type compare by, written down independently.
struct Value {
  bool is_null = true;
  Wide number = 0;
  double real = 0;
  std::string bytes = {};  // most significant first
};

Value ValueOf(const ColumnView& view, std::int64_t row) {
  Value value;
  value.is_null = view.IsNull(row);
  if (value.is_null) return value;
  const columnar::DataType& type = view.type();
  if (type.id == TypeId::kBool) {
    value.number = view.Bool(row) ? 1 : 0;
  } else if (type.id == TypeId::kUint64) {
    value.number = view.Uint64(row);
  } else if (columnar::IsFloat(type.id)) {
    value.real = view.Double(row);
  } else if (type.id == TypeId::kDecimal128 || type.id == TypeId::kDecimal256) {
    const std::string_view raw = view.Raw(row);
    value.bytes.assign(raw.rbegin(), raw.rend());
    value.bytes[0] = static_cast<char>(value.bytes[0] ^ '\x80');
  } else if (columnar::IsInteger(type.id) || columnar::IsTemporal(type.id) ||
             columnar::IsDecimal(type.id)) {
    value.number = view.Int64(row);
  } else {
    value.bytes = view.Bytes(row);
  }
  return value;
}

int Compare(const Value& a, const Value& b, const SortKey& key) {
  if (a.is_null || b.is_null) {
    if (a.is_null == b.is_null) return 0;
    return a.is_null == (key.nulls == NullPlacement::kFirst) ? -1 : 1;
  }
  int order = 0;
  if (a.number != b.number) {
    order = a.number < b.number ? -1 : 1;
  } else if (std::isnan(a.real) || std::isnan(b.real)) {
    order = (std::isnan(a.real) ? 1 : 0) - (std::isnan(b.real) ? 1 : 0);
  } else if (a.real != b.real) {
    order = a.real < b.real ? -1 : 1;
  } else {
    order = a.bytes.compare(b.bytes);
  }
  return key.direction == SortDirection::kDescending ? -order : order;
}

struct Naive {
  std::vector<std::vector<Value>> columns;
  std::vector<SortKey> keys;

  int CompareRows(std::size_t a, std::size_t b) const {
    for (std::size_t k = 0; k < keys.size(); ++k) {
      const int order = Compare(columns[k][a], columns[k][b], keys[k]);
      if (order != 0) return order < 0 ? -1 : 1;
    }
    return 0;
  }
};

Naive RandomKeys(const Collected& table, Rng& rng) {
  Naive naive;
  for (std::int64_t i = 0; i < table.schema->n_children; ++i) {
    SortKey key{fmt::format("c{}", i)};
    if (Pick(rng, 0, 1) == 0) key.direction = SortDirection::kDescending;
    if (Pick(rng, 0, 1) == 0) key.nulls = NullPlacement::kFirst;
    naive.keys.push_back(key);
    auto& values = naive.columns.emplace_back();
    const std::vector<ColumnView> views = ViewsOf(table, i).value();
    for (const ColumnView& view : views) {
      for (std::int64_t row = 0; row < view.length(); ++row) values.push_back(ValueOf(view, row));
    }
  }
  return naive;
}

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
  for (int round = 0; round < 12'000; ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    const Collected table = RandomTable(rng, Pick(rng, 0, 4), 12);
    KernelContext context;
    context.threads = Pick(rng, 1, 4);
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
