// Ids of rows against one row encoded and hashed alone.
#include "hashing/row_ids.h"

#include <gtest/gtest.h>

#include <numeric>

#include "columnar/test_arrays.h"
#include "hashing/blake3.h"
#include "hashing/stable_id.h"

namespace lakegate::hashing {
namespace {

using columnar::BatchView;
using columnar::FieldSpec;
using columnar::MakeSchema;
using columnar::Rng;

FieldSpec Field(std::string name, std::string format) {
  FieldSpec field;
  field.name = std::move(name);
  field.format = std::move(format);
  return field;
}

std::vector<std::int64_t> AllOf(const BatchView& view) {
  std::vector<std::int64_t> columns(static_cast<std::size_t>(view.column_count()));
  std::iota(columns.begin(), columns.end(), 0);
  return columns;
}

std::string Hex(const std::uint8_t* bytes, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

// The definition: a list of the values of one row.
std::vector<std::uint8_t> EncodingOf(const BatchView& view, std::int64_t row) {
  CanonicalEncoder encoder;
  encoder.Begin(Tag::kList, static_cast<std::uint64_t>(view.column_count()));
  for (std::int64_t i = 0; i < view.column_count(); ++i) {
    ColumnEncoder::Open(view.column(i)).value().Encode(row, 1, encoder);
  }
  return {encoder.bytes().begin(), encoder.bytes().end()};
}

void ExpectDefinition(const ArrowSchema& schema, const ArrowArray& batch, std::int64_t first) {
  const BatchView view = BatchView::Open(schema, batch).value();
  const RowEncoder rows = RowEncoder::Open(view, AllOf(view)).value();
  const auto count = static_cast<std::size_t>(view.length() - first);
  std::vector<std::uint8_t> ids(count * kRowId128Bytes);
  std::vector<std::uint8_t> digests(count * kRowDigestBytes);
  RowIds128(rows, first, static_cast<std::int64_t>(count), ids.data());
  RowDigests(rows, first, static_cast<std::int64_t>(count), digests.data());
  for (std::size_t i = 0; i < count; ++i) {
    const auto encoding = EncodingOf(view, first + static_cast<std::int64_t>(i));
    ASSERT_EQ(Hex(&ids[i * kRowId128Bytes], kRowId128Bytes), StableHash128(encoding).ToHex());
    ASSERT_EQ(Hex(&digests[i * kRowDigestBytes], kRowDigestBytes), Blake3Of(encoding).ToHex());
  }
}

TEST(RowIds, AreThoseOfEachRowAloneForEveryType) {
  constexpr std::uint64_t kSeed = 4'711;
  Rng rng(kSeed);
  FieldSpec dictionary = Field("d", "i");
  dictionary.dictionary.push_back(Field("", "u"));
  FieldSpec list = Field("l", "+l");
  list.children.push_back(Field("item", "i"));
  const std::vector<FieldSpec> fields = {Field("a", "l"),
                                         Field("b", "i"),
                                         Field("c", "c"),
                                         Field("e", "C"),
                                         Field("f", "L"),
                                         Field("g", "g"),
                                         Field("h", "f"),
                                         Field("i", "u"),
                                         Field("j", "U"),
                                         Field("k", "vu"),
                                         Field("m", "z"),
                                         Field("n", "tdD"),
                                         Field("o", "tsu:"),
                                         Field("p", "b"),
                                         Field("q", "d:9,2"),
                                         dictionary,
                                         list};
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    std::vector<FieldSpec> some;
    for (const FieldSpec& field : fields) {
      if (columnar::Pick(rng, 0, 2) == 0) some.push_back(field);
    }
    const OwnedSchema schema = MakeSchema(some);
    const OwnedArray batch = columnar::RandomArray(*schema, columnar::Pick(rng, 1, 40), rng);
    ExpectDefinition(*schema, *batch, columnar::Pick(rng, 0, batch->length - 1));
    if (HasFatalFailure()) return;
  }
}

// Rows of every length about the borders of a block and of a chunk, many in one batch.
TEST(RowIds, DoNotDependOnHowLongTheNeighboursAre) {
  std::vector<std::string> texts;
  for (std::size_t size = 0; size < 1200; ++size)
    texts.push_back(std::string(size * 7 % 1200, 'x'));
  texts.push_back(std::string(100'000, 'y'));
  columnar::ArrayParts column;
  column.length = static_cast<std::int64_t>(texts.size());
  column.buffers.push_back({});
  columnar::AppendOffsetsAndBytes<std::int32_t>(texts, &column);
  columnar::ArrayParts parts;
  parts.length = column.length;
  parts.buffers.push_back({});
  parts.children.push_back(columnar::MakeArray(std::move(column)));
  const OwnedArray batch = columnar::MakeArray(std::move(parts));
  ExpectDefinition(*MakeSchema({Field("t", "u")}), *batch, 0);
}

TEST(RowIds, AgreeWithTheStableIdOfTheSameTexts) {
  columnar::ArrayParts parts;
  parts.length = 1;
  parts.buffers.push_back({});
  for (const char* text : {"ab", "c"}) {
    columnar::ArrayParts column;
    column.length = 1;
    column.buffers.push_back({});
    columnar::AppendOffsetsAndBytes<std::int32_t>({text}, &column);
    parts.children.push_back(columnar::MakeArray(std::move(column)));
  }
  const OwnedSchema schema = MakeSchema({Field("a", "u"), Field("b", "u")});
  const OwnedArray batch = columnar::MakeArray(std::move(parts));
  const BatchView view = BatchView::Open(*schema, *batch).value();
  const RowEncoder rows = RowEncoder::Open(view, AllOf(view)).value();
  std::uint8_t id[kRowId128Bytes];
  RowIds128(rows, 0, 1, id);
  const std::string_view parts_of_id[] = {"ab", "c"};
  EXPECT_EQ("p_" + Hex(id, sizeof id), StableId("p", parts_of_id));
  const std::string_view cut_differently[] = {"a", "bc"};
  EXPECT_NE("p_" + Hex(id, sizeof id), StableId("p", cut_differently));
}

TEST(RowEncoder, RefusesAUnion) {
  FieldSpec both = Field("u", "+us:0");
  both.children.push_back(Field("x", "i"));
  const OwnedSchema schema = MakeSchema({both});
  Rng rng(1);
  const OwnedArray batch = columnar::RandomArray(*schema, 3, rng);
  const BatchView view = BatchView::Open(*schema, *batch).value();
  const auto refused = RowEncoder::Open(view, AllOf(view));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace lakegate::hashing
