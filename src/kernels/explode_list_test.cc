#include "lakegate/explode_list.h"

#include <gtest/gtest.h>

#include "columnar/builder.h"
#include "columnar/test_arrays.h"
#include "kernels/ordering.h"
#include "kernels/shrink.h"
#include "kernels/test_tables.h"

namespace lakegate::kernels {
namespace {

using columnar::FieldSpec;

FieldSpec Field(std::string name, std::string format, std::vector<FieldSpec> children = {}) {
  FieldSpec field;
  field.name = std::move(name);
  field.format = std::move(format);
  field.children = std::move(children);
  return field;
}

constexpr const char* kListFormats[] = {"+l", "+L", "+vl", "+vL", "+w:3"};

// id, name, xs (a list of `item`) in one of the list layouts.
OwnedSchema SchemaWith(const std::string& list, const std::string& item = "i",
                       const columnar::Metadata& metadata = {}) {
  return columnar::MakeSchema(
      {Field("id", "l"), Field("name", "u"), Field("xs", list, {Field("item", item)})}, metadata);
}

struct Table {
  OwnedSchema schema;
  std::vector<columnar::SharedArray> batches;

  ArrowStream Stream() const {
    std::vector<OwnedArray> batch;
    for (const auto& shared : batches) batch.push_back(columnar::Borrow(**shared, shared));
    return StreamOf(CopySchema(*schema), std::move(batch));
  }
};

Table RandomTable(const std::string& list, Rng& rng, std::int64_t batches, std::int64_t rows,
                  const std::string& item = "i") {
  Table table{SchemaWith(list, item), {}};
  for (std::int64_t i = 0; i < batches; ++i) {
    table.batches.push_back(
        columnar::ShareArray(columnar::RandomArray(*table.schema, Pick(rng, 0, rows), rng)));
  }
  return table;
}

struct Exploded {
  OwnedSchema schema;
  std::vector<std::string> rows;
  std::vector<std::int64_t> batch_rows;
};

Result<Exploded> Explode(const Table& table, const ExplodeListOptions& options,
                         std::int64_t batch_rows = 1024, std::int64_t threads = 1) {
  KernelContext context = ContextOfTest(batch_rows);
  context.threads = threads;
  auto stream = ExplodeList(table.Stream(), options, context);
  if (!stream) return stream.error();
  Exploded exploded;
  exploded.schema = CopySchema((*stream)->schema());
  while (true) {
    auto next = (*stream)->Next();
    if (!next) return next.error();
    if (!next->has_value()) return exploded;
    EXPECT_TRUE(columnar::CheckArray(*exploded.schema, ***next));
    for (auto& row : columnar::RowTexts(*exploded.schema, ***next)) {
      exploded.rows.push_back(std::move(row));
    }
    exploded.batch_rows.push_back((**next)->length);
  }
}

struct Refusal {
  const char* name;
  ExplodeListOptions options;
  ErrorKind kind;
  const char* part;
};

TEST(ExplodeList, RefusesWhatItCannotRead) {
  Rng rng(1);
  const Table table = RandomTable("+l", rng, 1, 5);
  const Refusal refusals[] = {
      {"no lists", {}, ErrorKind::kInvalidArgument, "At least one"},
      {"an empty name", {.lists = {""}}, ErrorKind::kInvalidArgument, "empty"},
      {"a list twice", {.lists = {"xs", "xs"}}, ErrorKind::kInvalidArgument, "twice"},
      {"a list that is a parent",
       {.lists = {"xs"}, .parents = {"xs"}},
       ErrorKind::kInvalidArgument,
       "twice"},
      {"two names for one list",
       {.lists = {"xs"}, .values = {"a", "b"}},
       ErrorKind::kInvalidArgument,
       "2 names for 1 lists"},
      {"no such list", {.lists = {"x"}}, ErrorKind::kNotFound, "xs"},
      {"no such parent", {.lists = {"xs"}, .parents = {"ids"}}, ErrorKind::kNotFound, "id"},
      {"no list", {.lists = {"name"}}, ErrorKind::kSchemaMismatch, "'name'"},
      {"a value that is called like a parent",
       {.lists = {"xs"}, .values = {"id"}},
       ErrorKind::kInvalidArgument,
       "'id'"},
      {"an index that is called like a value",
       {.lists = {"xs"}, .index = "xs"},
       ErrorKind::kInvalidArgument,
       "'xs'"},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    const auto result = Explode(table, refusal.options);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), refusal.kind);
    EXPECT_NE(result.error().message().find(refusal.part), std::string::npos)
        << result.error().message();
  }
}

TEST(ExplodeList, RefusesACancelledCallAndABrokenBatch) {
  Rng rng(1);
  const Table table = RandomTable("+l", rng, 3, 5);
  KernelContext context = ContextOfTest();
  auto stream = ExplodeList(table.Stream(), {.lists = {"xs"}}, context);
  ASSERT_TRUE(stream);
  context.cancel.Cancel();
  EXPECT_EQ((*stream)->Next().error().kind(), ErrorKind::kCancelled);

  const OwnedSchema schema = columnar::MakeSchema({Field("xs", "+l", {Field("item", "i")})});
  columnar::ArrayParts items;
  items.length = 1;
  items.buffers = {{}, columnar::ValuesBuffer(std::vector<std::int32_t>{1})};
  columnar::ArrayParts list;
  list.length = 1;
  list.buffers = {{}, columnar::ValuesBuffer(std::vector<std::int32_t>{0, 9})};
  list.children.push_back(columnar::MakeArray(std::move(items)));
  columnar::ArrayParts batch;
  batch.length = 1;
  batch.buffers.resize(1);
  batch.children.push_back(columnar::MakeArray(std::move(list)));
  std::vector<OwnedArray> batches;
  batches.push_back(columnar::MakeArray(std::move(batch)));
  auto broken = ExplodeList(StreamOf(CopySchema(*schema), std::move(batches)), {.lists = {"xs"}},
                            ContextOfTest());
  ASSERT_TRUE(broken);
  EXPECT_EQ((*broken)->Next().error().kind(), ErrorKind::kCorruptData);
}

// xs and ys of the given lengths, one row each.
Table TwoLists(const std::vector<std::pair<int, int>>& lengths) {
  Table table{columnar::MakeSchema({Field("xs", "+l", {Field("item", "i")}),
                                    Field("ys", "+l", {Field("item", "i")})}),
              {}};
  const auto column = [&](bool first) {
    std::vector<std::int32_t> offsets = {0};
    for (const auto& [x, y] : lengths) offsets.push_back(offsets.back() + (first ? x : y));
    std::vector<std::int32_t> values(static_cast<std::size_t>(offsets.back()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i);
    columnar::ArrayParts items;
    items.length = offsets.back();
    items.buffers = {{}, columnar::ValuesBuffer(values)};
    columnar::ArrayParts list;
    list.length = static_cast<std::int64_t>(lengths.size());
    list.buffers = {{}, columnar::ValuesBuffer(offsets)};
    list.children.push_back(columnar::MakeArray(std::move(items)));
    return columnar::MakeArray(std::move(list));
  };
  columnar::ArrayParts batch;
  batch.length = static_cast<std::int64_t>(lengths.size());
  batch.buffers.resize(1);
  batch.children.push_back(column(true));
  batch.children.push_back(column(false));
  table.batches.push_back(columnar::ShareArray(columnar::MakeArray(std::move(batch))));
  return table;
}

TEST(ExplodeList, ListsOfARowAreOfOneLength) {
  const ExplodeListOptions options{.lists = {"xs", "ys"}, .index = "i"};
  const auto even = Explode(TwoLists({{2, 2}, {0, 0}, {1, 1}}), options);
  ASSERT_TRUE(even) << even.error().ToString();
  EXPECT_EQ(even->rows, (std::vector<std::string>{"0|0|0", "1|1|1", "0|2|2"}));
  const auto odd = Explode(TwoLists({{2, 2}, {1, 3}}), options);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_NE(odd.error().message().find("row 1"), std::string::npos) << odd.error().message();
}

TEST(ExplodeList, GivesTheItemsThemselvesWhereNothingIsDropped) {
  const Table table = TwoLists({{2, 2}, {3, 3}});
  auto stream = ExplodeList(table.Stream(), {.lists = {"xs", "ys"}}, ContextOfTest());
  ASSERT_TRUE(stream);
  auto batch = (*stream)->Next();
  ASSERT_TRUE(batch && batch->has_value());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ((**batch)->children[i]->buffers[1],
              (*table.batches[0])->children[i]->children[0]->buffers[1]);
  }
}

TEST(ExplodeList, CutsAListThatIsLongerThanABatch) {
  const auto result =
      Explode(TwoLists({{10, 10}, {1, 1}}), {.lists = {"xs", "ys"}, .index = "i"}, 4);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->batch_rows, (std::vector<std::int64_t>{4, 4, 3}));
  EXPECT_EQ(result->rows[9], "9|9|9");
  EXPECT_EQ(result->rows[10], "0|10|10");
}

TEST(ExplodeList, ClaimsTheOrderThatParentsKeep) {
  columnar::Metadata metadata;
  WriteOrdering(Ordering{OrderingLevel::kExplicit, {{"id"}, {"xs"}}}, &metadata);
  const Table table{SchemaWith("+l", "i", metadata), {}};
  const auto result = Explode(table, {.lists = {"xs"}, .index = "i", .keep_empty = true});
  ASSERT_TRUE(result);
  const auto claim = ReadOrdering(columnar::MetadataOf(*result->schema));
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->keys, std::vector<SortKey>{{"id"}});
  EXPECT_NE(result->schema->children[2]->flags & ARROW_FLAG_NULLABLE, 0);
}

// The definition, row by row.
std::vector<std::string> Naive(const Table& table, const ExplodeListOptions& options) {
  std::vector<std::string> rows;
  for (const auto& batch : table.batches) {
    const auto view = columnar::BatchView::Open(*table.schema, **batch).value();
    const columnar::ColumnView& list = view.column(2);
    const columnar::ColumnView items = list.Child(0).value();
    for (std::int64_t row = 0; row < view.length(); ++row) {
      const std::string parents =
          columnar::TextOf(view.column(0), row) + "|" + columnar::TextOf(view.column(1), row) + "|";
      const auto [first, end] = list.ListRange(row);
      for (std::int64_t i = first; i < end; ++i) {
        const std::string index = options.index.empty() ? "" : fmt::format("{}|", i - first);
        rows.push_back(parents + index + columnar::TextOf(items, i));
      }
      if (first == end && options.keep_empty) {
        rows.push_back(parents + (options.index.empty() ? "" : "null|") + "null");
      }
    }
  }
  return rows;
}

std::vector<columnar::SharedArray> OneRowEach(const Table& table) {
  std::vector<columnar::SharedArray> rows;
  for (const auto& batch : table.batches) {
    for (std::int64_t row = 0; row < (*batch)->length; ++row) {
      rows.push_back(columnar::ShareArray(columnar::SliceBatch(batch, row, 1)));
    }
  }
  return rows;
}

TEST(ExplodeListProperty, AgreesWithTheDefinitionInEveryLayout) {
  constexpr std::uint64_t kSeed = 577'215;
  Rng rng(kSeed);
  const char* const items[] = {"i", "u", "vu", "b", "g"};
  for (int round = 0; round < RandomCases(); ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    Table table =
        RandomTable(kListFormats[Pick(rng, 0, 4)], rng, Pick(rng, 0, 3), 8, items[Pick(rng, 0, 4)]);
    ExplodeListOptions options{.lists = {"xs"}, .values = {"x"}};
    if (Pick(rng, 0, 1) == 0) options.index = "i";
    options.keep_empty = Pick(rng, 0, 1) == 0;
    const std::int64_t batch_rows = Pick(rng, 1, 9);
    const std::int64_t threads = RandomThreads(rng);
    const Fault fault = [&]() -> std::string {
      const auto result = Explode(table, options, batch_rows, threads);
      if (!result) return result.error().ToString();
      return Difference(result->rows, Naive(table, options));
    };
    const std::string whole = fault();
    if (whole.empty()) continue;
    table.batches = OneRowEach(table);
    Shrink(&table.batches, fault);
    FAIL() << whole << "of " << table.batches.size() << " rows:\n" << fault();
  }
}

}  // namespace
}  // namespace lakegate::kernels
