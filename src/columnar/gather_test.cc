#include "columnar/gather.h"

#include <gtest/gtest.h>

#include <numeric>

#include "columnar/collected.h"
#include "columnar/test_arrays.h"

namespace lakegate::columnar {
namespace {

FieldSpec Field(std::string name, std::string format, std::vector<FieldSpec> children = {},
                bool nullable = true) {
  FieldSpec spec;
  spec.name = std::move(name);
  spec.format = std::move(format);
  spec.nullable = nullable;
  spec.children = std::move(children);
  return spec;
}

FieldSpec Dictionary(std::string index, FieldSpec values) {
  FieldSpec spec = Field("d", std::move(index));
  spec.dictionary.push_back(std::move(values));
  return spec;
}

// One column of every kind of type.
std::vector<FieldSpec> EveryType() {
  std::vector<FieldSpec> fields;
  for (const char* flat :
       {"n",   "b",    "c",       "C",      "s",          "S",        "i",   "I",   "l",
        "L",   "e",    "f",       "g",      "u",          "U",        "z",   "Z",   "vu",
        "vz",  "w:3",  "w:0",     "d:10,2", "d:50,3,256", "d:5,1,32", "tdD", "tdm", "tts",
        "ttn", "tsu:", "tsn:UTC", "tDm",    "tiM",        "tiD",      "tin"}) {
    fields.push_back(Field(flat, flat));
  }
  for (const char* list : {"+l", "+L", "+vl", "+vL", "+w:2", "+w:0"}) {
    fields.push_back(Field(list, list, {Field("item", "u")}));
  }
  fields.push_back(Field("s", "+s", {Field("a", "i"), Field("b", "vu")}));
  fields.push_back(
      Field("m", "+m",
            {Field("entries", "+s", {Field("key", "u", {}, false), Field("value", "l")}, false)}));
  fields.push_back(Field("us", "+us:3,7", {Field("a", "i"), Field("b", "u")}));
  fields.push_back(Field("ud", "+ud:5,0", {Field("a", "i"), Field("b", "u")}));
  fields.push_back(Field("r", "+r", {Field("run_ends", "i", {}, false), Field("values", "u")}));
  fields.push_back(Dictionary("i", Field("v", "u")));
  fields.push_back(Dictionary("C", Field("v", "vu")));
  fields.push_back(Dictionary("l", Field("v", "l")));
  fields.push_back(Dictionary("s", Field("v", "+l", {Field("item", "i")})));
  fields.push_back(
      Field("ls", "+l",
            {Field("item", "+s",
                   {Field("x", "+l", {Field("item", "g")}), Dictionary("c", Field("v", "u"))})}));
  return fields;
}

struct Table {
  OwnedSchema schema;
  std::vector<SharedArray> batches;
  std::vector<std::string> texts;
};

Table RandomTable(const std::vector<FieldSpec>& fields, std::int64_t batches, Rng& rng) {
  Table table;
  table.schema = MakeSchema(fields);
  for (std::int64_t b = 0; b < batches; ++b) {
    table.batches.push_back(ShareArray(RandomArray(*table.schema, Pick(rng, 0, 6), rng)));
    const ArrowArray& batch = **table.batches.back();
    EXPECT_TRUE(CheckArray(*table.schema, batch));
    for (auto& text : RowTexts(*table.schema, batch)) table.texts.push_back(std::move(text));
  }
  return table;
}

TEST(Gather, CopiesRowsOfEveryTypeFromManyBatches) {
  constexpr std::uint64_t kSeed = 20'261'123;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  Rng rng(kSeed);
  for (const FieldSpec& field : EveryType()) {
    for (int round = 0; round < 40; ++round) {
      const Table table = RandomTable({field}, Pick(rng, 0, 3), rng);
      const Gatherer gatherer = Gatherer::Make(*table.schema, table.batches, nullptr).value();
      const auto count = static_cast<std::int64_t>(table.texts.size());
      std::vector<std::int64_t> rows;
      std::vector<std::string> expected;
      for (std::int64_t i = Pick(rng, 0, 12); i > 0; --i) {
        const std::int64_t row = Pick(rng, count > 0 ? 0 : -1, count - 1);
        rows.push_back(row);
        expected.push_back(row < 0 ? "null" : table.texts[static_cast<std::size_t>(row)]);
      }
      auto gathered = gatherer.Rows(rows);
      ASSERT_TRUE(gathered) << gathered.error().ToString();
      ASSERT_TRUE(CheckArray(*table.schema, **gathered)) << field.format;
      if (count == 0) continue;  // only null rows were asked for: the next test
      EXPECT_EQ(RowTexts(*table.schema, **gathered), expected) << field.format;
    }
  }
}

TEST(Gather, GivesNullsForTheNullRow) {
  Rng rng(7);
  for (const FieldSpec& field : EveryType()) {
    const Table table = RandomTable({field}, 2, rng);
    const Gatherer gatherer = Gatherer::Make(*table.schema, table.batches, nullptr).value();
    const std::vector<std::int64_t> rows(9, kNullRow);
    auto gathered = gatherer.Rows(rows);
    ASSERT_TRUE(gathered) << gathered.error().ToString();
    ASSERT_TRUE(CheckArray(*table.schema, **gathered)) << field.format;
    for (const std::string& text : RowTexts(*table.schema, **gathered)) {
      EXPECT_TRUE(text == "null" || text == "<0:null>") << field.format << " " << text;
    }
  }
}

TEST(Gather, KeepsViewsAndSharesTheirBytes) {
  Rng rng(11);
  ArrayParts parts;
  parts.length = 1;
  parts.buffers.push_back({});
  AppendViews({"a value longer than twelve bytes"}, rng, &parts);
  ArrayParts batch;
  batch.length = 1;
  batch.buffers.resize(1);
  batch.children.push_back(MakeArray(std::move(parts)));
  const OwnedSchema schema = MakeSchema({Field("v", "vu")});
  const SharedArray shared = ShareArray(MakeArray(std::move(batch)));
  const Gatherer gatherer = Gatherer::Make(*schema, {shared}, nullptr).value();
  const OwnedArray rows = gatherer.Rows(std::vector<std::int64_t>{0, 0}).value();
  const ArrowArray& in = *(*shared)->children[0];
  const ArrowArray& out = *rows->children[0];
  const ViewHeader view = ReadView(in.buffers[1]);
  EXPECT_EQ(out.buffers[2], in.buffers[2 + view.buffer]);
}

TEST(Gather, SlicesConsecutiveRowsOfOneBatch) {
  Rng rng(12);
  for (const FieldSpec& field : EveryType()) {
    Table table;
    table.schema = MakeSchema({field});
    for (int b = 0; b < 3; ++b) {
      table.batches.push_back(ShareArray(RandomArray(*table.schema, 2'000, rng)));
      for (auto& text : RowTexts(*table.schema, **table.batches.back())) {
        table.texts.push_back(std::move(text));
      }
    }
    const Gatherer gatherer = Gatherer::Make(*table.schema, table.batches, nullptr).value();
    for (const std::int64_t first : {2'003, 1'500, 3'999}) {  // inside a batch; over an edge
      std::vector<std::int64_t> rows(1'500);
      std::iota(rows.begin(), rows.end(), first);
      const OwnedArray gathered = gatherer.Rows(rows).value();
      ASSERT_TRUE(CheckArray(*table.schema, *gathered)) << field.format;
      const auto from = table.texts.begin() + first;
      EXPECT_EQ(RowTexts(*table.schema, *gathered), std::vector<std::string>(from, from + 1'500))
          << field.format;
      const bool is_slice = first == 2'003 && field.format == "l" && field.dictionary.empty();
      const ArrowArray& source = *(*table.batches[1])->children[0];
      if (is_slice) {
        EXPECT_EQ(gathered->children[0]->buffers[1], source.buffers[1]);
      }
    }
  }
}

TEST(Gather, UnitesDictionariesByValue) {
  Rng rng(5);
  const std::vector<FieldSpec> fields = {Dictionary("c", Field("v", "u"))};
  for (int round = 0; round < 200; ++round) {
    const Table table = RandomTable(fields, 3, rng);
    const OwnedArray all = Concatenate(*table.schema, table.batches, nullptr).value();
    EXPECT_EQ(RowTexts(*table.schema, *all), table.texts);
    const ColumnView column =
        BatchView::Open(*table.schema, *all).value().column(0).Dictionary().value();
    std::vector<std::string> values;
    for (std::int64_t i = 0; i < column.length(); ++i) values.push_back(TextOf(column, i));
    std::sort(values.begin(), values.end());
    EXPECT_EQ(std::adjacent_find(values.begin(), values.end()), values.end());
  }
}

TEST(Gather, RefusesUnitedDictionariesBeyondTheirIndexType) {
  const OwnedSchema schema = MakeSchema({Dictionary("c", Field("v", "l"))});
  std::vector<SharedArray> batches;
  for (std::int64_t b = 0; b < 2; ++b) {
    std::vector<std::int64_t> values;
    for (std::int64_t i = 0; i < 100; ++i) values.push_back(1000 * b + i);
    ArrayParts dictionary;
    dictionary.length = 100;
    dictionary.buffers = {SharedBuffer{}, ValuesBuffer(values)};
    ArrayParts column;
    column.length = 1;
    column.buffers = {SharedBuffer{}, BytesBuffer(std::string(1, '\0'))};
    column.dictionary = MakeArray(std::move(dictionary));
    ArrayParts batch;
    batch.length = 1;
    batch.buffers.resize(1);
    batch.children.push_back(MakeArray(std::move(column)));
    batches.push_back(ShareArray(MakeArray(std::move(batch))));
  }
  auto gatherer = Gatherer::Make(*schema, batches, nullptr);
  ASSERT_FALSE(gatherer);
  EXPECT_EQ(gatherer.error().kind(), ErrorKind::kUnsupported);
}

TEST(Slice, GivesTheRowsWithoutCopying) {
  Rng rng(99);
  for (const FieldSpec& field : EveryType()) {
    for (int round = 0; round < 10; ++round) {
      const OwnedSchema schema = MakeSchema({field});
      const SharedArray batch = ShareArray(RandomArray(*schema, 8, rng));
      const auto texts = RowTexts(*schema, **batch);
      const std::int64_t first = Pick(rng, 0, 8);
      const std::int64_t length = Pick(rng, 0, 8 - first);
      const OwnedArray slice = SliceBatch(batch, first, length);
      ASSERT_TRUE(CheckArray(*schema, *slice)) << field.format;
      EXPECT_EQ(slice->offset, 0);
      const std::vector<std::string> expected(texts.begin() + first,
                                              texts.begin() + first + length);
      EXPECT_EQ(RowTexts(*schema, *slice), expected) << field.format;
    }
  }
}

TEST(Collect, CountsSharedBytesOnceAndKeepsTheLimit) {
  Rng rng(3);
  const OwnedSchema schema = MakeSchema({Field("a", "l"), Field("b", "vu")});
  const auto stream = [&](int batches) {
    const SharedArray batch = ShareArray(RandomArray(*schema, 50, rng));
    std::vector<OwnedArray> all;
    for (int i = 0; i < batches; ++i) all.push_back(SliceBatch(batch, 0, 50));
    return lakegate::StreamOf(CopySchema(*schema), std::move(all));
  };
  MemoryBudget wide(0);
  const Collected one = Collect(stream(1), &wide, CancelToken(), "input").value();
  MemoryBudget wider(0);
  const Collected many = Collect(stream(3), &wider, CancelToken(), "input").value();
  EXPECT_EQ(many.rows, 150);
  EXPECT_LT(many.bytes, 4 * one.bytes);
  MemoryBudget narrow(100);
  auto refused = Collect(stream(3), &narrow, CancelToken(), "input");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kResourceLimit);
  EXPECT_NE(refused.error().message().find("execution.memory_limit"), std::string::npos);
  const CancelToken cancel;
  cancel.Cancel();
  MemoryBudget budget(0);
  EXPECT_EQ(Collect(stream(1), &budget, cancel, "input").error().kind(), ErrorKind::kCancelled);
}

}  // namespace
}  // namespace lakegate::columnar
