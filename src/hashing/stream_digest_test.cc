#include "hashing/stream_digest.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "columnar/array_parts.h"
#include "columnar/builder.h"
#include "columnar/schema.h"

namespace lakegate::hashing {
namespace {

using columnar::ArrayParts;
using columnar::BatchBuilder;
using columnar::FieldSpec;
using columnar::MakeSchema;
using columnar::SharedBuffer;
using Text = std::optional<std::string>;

struct Batch {
  OwnedSchema schema;
  OwnedArray array;
};

Digest DigestOf(const Batch& batch) {
  StreamDigest digest = StreamDigest::Open(*batch.schema).value();
  const Status updated = digest.Update(*batch.schema, *batch.array);
  EXPECT_TRUE(updated) << updated.error().ToString();
  return digest.Finish();
}

template <typename Value>
SharedBuffer BufferOf(std::vector<Value> values) {
  auto owner = std::make_shared<std::vector<Value>>(std::move(values));
  const void* const data = owner->data();
  return {data, std::move(owner)};
}

SharedBuffer ValidityOf(const std::vector<bool>& valid) {
  std::vector<std::uint8_t> bits(valid.size() / 8 + 1);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (valid[i]) bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | (1 << (i % 8)));
  }
  return BufferOf(std::move(bits));
}

std::vector<bool> ValidOf(const std::vector<Text>& values) {
  std::vector<bool> valid;
  for (const Text& value : values) valid.push_back(value.has_value());
  return valid;
}

// The batch of one column around `column`.
Batch Wrap(const FieldSpec& field, OwnedArray column) {
  ArrayParts parts;
  parts.length = column->length;
  parts.buffers.push_back({});
  parts.children.push_back(std::move(column));
  return {MakeSchema({field}), columnar::MakeArray(std::move(parts))};
}

Batch TextBatch(const std::string& format, const std::vector<Text>& values) {
  OwnedSchema schema = MakeSchema({{.name = "s", .format = format}});
  BatchBuilder builder = BatchBuilder::Make(*schema).value();
  for (const Text& value : values) {
    value ? builder.column(0).AppendBytes(*value) : builder.column(0).AppendNull();
  }
  return {std::move(schema), builder.Finish()};
}

Batch ViewBatch(const std::vector<Text>& values) {
  std::vector<std::uint8_t> views;
  std::string bytes;
  for (const Text& value : values) {
    std::uint8_t view[16] = {};
    const std::string text = value.value_or("");
    const auto size = static_cast<std::int32_t>(text.size());
    std::memcpy(view, &size, 4);
    if (text.size() <= 12) {
      std::memcpy(view + 4, text.data(), text.size());
    } else {
      const auto offset = static_cast<std::int32_t>(bytes.size());
      std::memcpy(view + 4, text.data(), 4);
      std::memcpy(view + 12, &offset, 4);
      bytes += text;
    }
    views.insert(views.end(), view, view + 16);
  }
  ArrayParts parts;
  parts.length = std::ssize(values);
  parts.null_count = -1;
  const auto size = static_cast<std::int64_t>(bytes.size());
  parts.buffers = {ValidityOf(ValidOf(values)), BufferOf(std::move(views)),
                   BufferOf(std::vector<char>(bytes.begin(), bytes.end())),
                   BufferOf(std::vector<std::int64_t>{size})};
  return Wrap({.name = "s", .format = "vu"}, columnar::MakeArray(std::move(parts)));
}

// Indices into `values` in reverse, so that the dictionary's order means nothing; nulls
// stand by turns in the slot and in the dictionary.
Batch DictionaryBatch(const std::vector<Text>& values) {
  std::vector<Text> reversed(values.rbegin(), values.rend());
  Batch dictionary = TextBatch("u", reversed);
  std::vector<std::int32_t> indices;
  std::vector<bool> valid;
  for (std::size_t i = 0; i < values.size(); ++i) {
    indices.push_back(static_cast<std::int32_t>(values.size() - 1 - i));
    valid.push_back(values[i].has_value() || i % 2 == 0);
  }
  const auto owner = columnar::ShareArray(std::move(dictionary.array));
  ArrayParts parts;
  parts.length = std::ssize(values);
  parts.null_count = -1;
  parts.buffers = {ValidityOf(valid), BufferOf(std::move(indices))};
  parts.dictionary = columnar::Borrow(*(*owner)->children[0], owner);
  return Wrap({.name = "s", .format = "i", .dictionary = {{.name = "", .format = "u"}}},
              columnar::MakeArray(std::move(parts)));
}

std::vector<Text> SomeTexts(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<Text> values;
  for (std::size_t i = 0; i < count; ++i) {
    if (random() % 5 == 0) {
      values.emplace_back(std::nullopt);
    } else {
      values.emplace_back(std::string(random() % 30, static_cast<char>('a' + random() % 26)));
    }
  }
  return values;
}

TEST(StreamDigest, AgreesWithTheCommittedVector) {
  OwnedSchema schema = MakeSchema({{.name = "n", .format = "l"}, {.name = "s", .format = "u"}});
  BatchBuilder builder = BatchBuilder::Make(*schema).value();
  builder.column(0).AppendInt(1);
  builder.column(0).AppendNull();
  builder.column(0).AppendInt(3);
  builder.column(1).AppendBytes("a");
  builder.column(1).AppendBytes("");
  builder.column(1).AppendNull();
  std::ifstream file(LAKEGATE_HASHING_TESTDATA "/rows_vector.txt");
  std::string expected;
  ASSERT_TRUE(file >> expected);
  EXPECT_EQ(DigestOf({std::move(schema), builder.Finish()}).ToHex(), expected);
}

TEST(StreamDigest, OverlooksHowTextIsRepresented) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<Text> values = SomeTexts(seed, 1 + seed * 7);
    const Digest plain = DigestOf(TextBatch("u", values));
    EXPECT_EQ(plain, DigestOf(TextBatch("U", values))) << seed;
    EXPECT_EQ(plain, DigestOf(ViewBatch(values))) << seed;
    EXPECT_EQ(plain, DigestOf(DictionaryBatch(values))) << seed;
  }
}

// Every type a builder makes, with nulls, as a batch of `rows` rows.
Batch WideBatch(std::uint64_t seed, std::int64_t rows) {
  OwnedSchema schema =
      MakeSchema({{.name = "i", .format = "i"},
                  {.name = "l", .format = "l", .nullable = false},
                  {.name = "u", .format = "L"},
                  {.name = "g", .format = "g"},
                  {.name = "b", .format = "b"},
                  {.name = "s", .format = "u"},
                  {.name = "d", .format = "d:20,2"},
                  {.name = "t", .format = "tsu:UTC"},
                  {.name = "list", .format = "+l", .children = {{.name = "item", .format = "s"}}},
                  {.name = "st",
                   .format = "+s",
                   .children = {{.name = "x", .format = "c"}, {.name = "y", .format = "z"}}}});
  BatchBuilder builder = BatchBuilder::Make(*schema).value();
  std::mt19937_64 random(seed);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto value = static_cast<std::int64_t>(random() % 1000) - 500;
    for (std::int64_t column = 0; column < builder.column_count(); ++column) {
      columnar::ColumnBuilder& target = builder.column(column);
      if (column != 1 && random() % 4 == 0) {
        target.AppendNull();
        continue;
      }
      switch (column) {
        case 2:
          target.AppendUint(random());
          break;
        case 3:
          target.AppendDouble(static_cast<double>(value) / 8);
          break;
        case 4:
          target.AppendBool(value > 0);
          break;
        case 5:
          target.AppendBytes(std::to_string(value));
          break;
        case 6:
          target.AppendBytes(std::string(15, '\x01') + '\xff');
          break;
        case 8:
          for (std::int64_t i = 0; i < value % 4; ++i) target.child(0).AppendInt(i);
          target.AppendNested();
          break;
        case 9:
          target.child(0).AppendInt(value % 100);
          target.child(1).AppendBytes("y");
          target.AppendNested();
          break;
        default:
          target.AppendInt(value);
          break;
      }
    }
  }
  return {std::move(schema), builder.Finish()};
}

TEST(StreamDigest, OverlooksBatchBordersAndOffsets) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Batch whole = WideBatch(seed, 777);
    const Digest expected = DigestOf(whole);
    const auto shared = columnar::ShareArray(std::move(whole.array));
    std::mt19937_64 random(seed);
    StreamDigest digest = StreamDigest::Open(*whole.schema).value();
    for (std::int64_t at = 0; at < 777;) {
      const std::int64_t take =
          std::min<std::int64_t>(777 - at, static_cast<std::int64_t>(random() % 100));
      const OwnedArray slice = columnar::SliceBatch(shared, at, take);
      ASSERT_TRUE(digest.Update(*whole.schema, *slice));
      at += take;
    }
    EXPECT_EQ(digest.rows(), 777);
    EXPECT_EQ(digest.Finish(), expected) << "seed " << seed;
  }
}

TEST(StreamDigest, SeesEveryRowItsOrderAndItsColumn) {
  const auto digest = [](std::vector<Text> values) { return DigestOf(TextBatch("u", values)); };
  const Digest base = digest({"a", "b", "c"});
  EXPECT_EQ(base, digest({"a", "b", "c"}));
  EXPECT_NE(base, digest({"b", "a", "c"}));
  EXPECT_NE(base, digest({"a", "b"}));
  EXPECT_NE(base, digest({"a", "b", "c", std::nullopt}));
  EXPECT_NE(base, digest({"a", "", "bc"}));
  EXPECT_NE(digest({""}), digest({std::nullopt}));
  EXPECT_NE(digest({}), digest({std::nullopt}));

  const auto pair = [](const std::string& a, const std::string& b) {
    OwnedSchema schema = MakeSchema({{.name = "a", .format = "u"}, {.name = "b", .format = "u"}});
    BatchBuilder builder = BatchBuilder::Make(*schema).value();
    builder.column(0).AppendBytes(a);
    builder.column(1).AppendBytes(b);
    return DigestOf({std::move(schema), builder.Finish()});
  };
  EXPECT_NE(pair("x", "y"), pair("y", "x"));
  EXPECT_NE(pair("xy", ""), pair("x", "y"));
}

Batch FloatBatch(const std::string& format, const std::vector<double>& values) {
  OwnedSchema schema = MakeSchema({{.name = "f", .format = format}});
  BatchBuilder builder = BatchBuilder::Make(*schema).value();
  for (const double value : values) builder.column(0).AppendDouble(value);
  return {std::move(schema), builder.Finish()};
}

TEST(StreamDigest, HasOneNanAndOneZero) {
  EXPECT_EQ(DigestOf(FloatBatch("g", {0.0, std::nan("1")})),
            DigestOf(FloatBatch("g", {-0.0, -std::nan("2")})));
  EXPECT_NE(DigestOf(FloatBatch("g", {0.0})), DigestOf(FloatBatch("g", {1.0})));
  // Equal values, different types: the logical schema tells them apart.
  EXPECT_NE(DigestOf(FloatBatch("g", {0.5})), DigestOf(FloatBatch("f", {0.5})));
}

TEST(StreamDigest, ReadsHalfFloatsByValue) {
  // 1.5, -2, the smallest subnormal, infinity; then values that differ in one bit each.
  const auto half = [](std::vector<std::uint16_t> bits) {
    ArrayParts parts;
    parts.length = std::ssize(bits);
    parts.buffers = {SharedBuffer{}, BufferOf(std::move(bits))};
    return DigestOf(Wrap({.name = "h", .format = "e"}, columnar::MakeArray(std::move(parts))));
  };
  EXPECT_EQ(half({0x3e00, 0xc000, 0x0001, 0x7c00, 0x8000}),
            half({0x3e00, 0xc000, 0x0001, 0x7c00, 0x0000}));
  EXPECT_EQ(half({0x7e00}), half({0xfe01}));
  EXPECT_NE(half({0x3e00}), half({0x3e01}));
  EXPECT_NE(half({0x0001}), half({0x0002}));
}

TEST(StreamDigest, ReadsRunEndEncodedColumnsAsTheirValues) {
  Batch values = TextBatch("u", {"a", std::nullopt, "b"});
  const auto owner = columnar::ShareArray(std::move(values.array));
  ArrayParts ends;
  ends.length = 3;
  ends.buffers = {SharedBuffer{}, BufferOf(std::vector<std::int32_t>{2, 3, 5})};
  ArrayParts parts;
  parts.length = 5;
  parts.children.push_back(columnar::MakeArray(std::move(ends)));
  parts.children.push_back(columnar::Borrow(*(*owner)->children[0], owner));
  const Batch encoded = Wrap({.name = "s",
                              .format = "+r",
                              .children = {{.name = "run_ends", .format = "i", .nullable = false},
                                           {.name = "values", .format = "u"}}},
                             columnar::MakeArray(std::move(parts)));
  EXPECT_EQ(DigestOf(encoded), DigestOf(TextBatch("u", {"a", "a", std::nullopt, "b", "b"})));
}

TEST(StreamDigest, RefusesAnotherSchemaAndUnions) {
  const Batch texts = TextBatch("u", {"a"});
  StreamDigest digest = StreamDigest::Open(*texts.schema).value();
  const Batch floats = FloatBatch("g", {1.0});
  EXPECT_EQ(digest.Update(*floats.schema, *floats.array).error().kind(),
            ErrorKind::kSchemaMismatch);
  const Batch two = WideBatch(1, 1);
  EXPECT_EQ(digest.Update(*two.schema, *two.array).error().kind(), ErrorKind::kSchemaMismatch);

  const OwnedSchema field = columnar::MakeField({.name = "a", .format = "l"});
  EXPECT_EQ(StreamDigest::Open(*field).error().kind(), ErrorKind::kCorruptData);

  ArrayParts parts;
  parts.length = 1;
  parts.buffers = {BufferOf(std::vector<std::int8_t>{0})};
  parts.children.push_back(columnar::MakeArray({.length = 1, .null_count = 1}));
  const Batch with_union =
      Wrap({.name = "u", .format = "+us:0", .children = {{.name = "n", .format = "n"}}},
           columnar::MakeArray(std::move(parts)));
  StreamDigest union_digest = StreamDigest::Open(*with_union.schema).value();
  const Status refused = union_digest.Update(*with_union.schema, *with_union.array);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kUnsupported);
  EXPECT_NE(refused.error().message().find("'u'"), std::string::npos);
}

class FailingStream final : public RecordStream {
 public:
  explicit FailingStream(ArrowStream inner) : inner_(std::move(inner)) {}
  const ArrowSchema& schema() const override { return inner_->schema(); }
  Result<std::optional<OwnedArray>> Next() override {
    auto next = inner_->Next();
    if (next && !*next) return Error(ErrorKind::kCancelled, "stopped");
    return next;
  }

 private:
  ArrowStream inner_;
};

TEST(DigestWhileReading, PassesRowsAndErrorsThrough) {
  const auto stream = [] {
    std::vector<OwnedArray> batches;
    batches.push_back(std::move(TextBatch("u", {"a", "b"}).array));
    batches.push_back(std::move(TextBatch("u", {"c"}).array));
    return StreamOf(std::move(TextBatch("u", {}).schema), std::move(batches));
  };
  DigestedStream digested = DigestWhileReading(stream()).value();
  std::int64_t rows = 0;
  while (true) {
    const auto batch = digested.stream->Next().value();
    if (!batch) break;
    rows += (*batch)->length;
  }
  EXPECT_EQ(rows, 3);
  digested.stream.reset();
  EXPECT_EQ(digested.digest->Finish(), DigestOf(TextBatch("u", {"a", "b", "c"})));

  DigestedStream failing = DigestWhileReading(std::make_unique<FailingStream>(stream())).value();
  EXPECT_TRUE(failing.stream->Next());
  EXPECT_TRUE(failing.stream->Next());
  EXPECT_EQ(failing.stream->Next().error().kind(), ErrorKind::kCancelled);
}

}  // namespace
}  // namespace lakegate::hashing
