#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "columnar/bits.h"
#include "columnar/builder.h"
#include "columnar/test_arrays.h"

namespace lakegate::columnar {
namespace {

FieldSpec Field(std::string name, std::string format, std::vector<FieldSpec> children = {}) {
  FieldSpec spec;
  spec.name = std::move(name);
  spec.format = std::move(format);
  spec.children = std::move(children);
  return spec;
}

TEST(Schema, NamesTypesForPeople) {
  FieldSpec dictionary = Field("d", "c");
  dictionary.dictionary.push_back(Field("v", "u"));
  const std::vector<std::pair<FieldSpec, std::string>> cases = {
      {Field("a", "l"), "int64"},
      {Field("a", "tsu:UTC"), "timestamp[us, UTC]"},
      {Field("a", "tsn:"), "timestamp[ns]"},
      {Field("a", "d:38,10"), "decimal128(38, 10)"},
      {Field("a", "w:16"), "fixed_size_binary[16]"},
      {Field("a", "+l", {Field("item", "i")}), "list<int32>"},
      {Field("a", "+w:3", {Field("item", "i")}), "fixed_size_list<int32, 3>"},
      {Field("a", "+s", {Field("x", "u"), Field("y", "g")}), "struct<x: utf8, y: float64>"},
      {Field("a", "+m", {Field("e", "+s", {Field("k", "u"), Field("v", "l")})}),
       "map<utf8, int64>"},
      {dictionary, "dictionary<int8, utf8>"},
      {Field("a", "?!"), "'?!'"},
  };
  for (const auto& [spec, name] : cases) EXPECT_EQ(TypeName(*MakeField(spec)), name);
}

TEST(Schema, CopiesEverythingAndComparesIt) {
  FieldSpec nested = Field("n", "+s", {Field("x", "u"), Field("y", "g")});
  nested.metadata = {{"unit", "m"}, {"empty", ""}};
  nested.nullable = false;
  const OwnedSchema schema = MakeSchema({Field("a", "l"), nested}, {{"owner", "us"}});
  const OwnedSchema copy = CopySchema(*schema);
  EXPECT_TRUE(SameSchema(*schema, *copy));
  EXPECT_EQ(MetadataValue(*copy, "owner"), "us");
  EXPECT_EQ(MetadataOf(*copy->children[1]), nested.metadata);
  OwnedSchema renamed = CopySchema(*copy->children[1]);
  SetName("m", &renamed);
  EXPECT_TRUE(SameType(*renamed, *schema->children[1]));
  EXPECT_FALSE(SameSchema(*renamed, *schema->children[1]));
  SetName("n", &renamed);
  SetMetadata({{"empty", ""}, {"unit", "m"}}, &renamed);
  EXPECT_TRUE(SameSchema(*renamed, *schema->children[1]));  // sorted metadata
  SetNullable(true, &renamed);
  EXPECT_FALSE(SameSchema(*renamed, *schema->children[1]));
}

TEST(Schema, ListsTheColumnsThereAreWhenOneIsMissing) {
  const OwnedSchema schema = MakeSchema({Field("path", "u"), Field("b", "l"), Field("b", "l")});
  EXPECT_EQ(FindColumn(*schema, "path").value(), 0);
  const auto missing = FindColumn(*schema, "pth", "left_on");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::kNotFound);
  EXPECT_NE(missing.error().message().find("path, b"), std::string::npos);
  EXPECT_NE(missing.error().message().find("left_on"), std::string::npos);
  EXPECT_EQ(FindColumn(*schema, "b").error().kind(), ErrorKind::kSchemaMismatch);
}

TEST(Schema, RefusesMalformedOnes) {
  OwnedSchema list = MakeField(Field("a", "+l"));
  EXPECT_EQ(CheckSchema(*list).error().kind(), ErrorKind::kCorruptData);
  EXPECT_EQ(CheckSchema(*MakeField(Field("a", "q"))).error().kind(), ErrorKind::kUnsupported);
  for (const char* format : {"", "w:", "w:-1", "w:x", "d:", "d:5", "d:5,x", "d:5,1,17", "ts",
                             "tsx:", "tdx", "+", "+w:x", "+q", "vx"}) {
    EXPECT_EQ(ParseFormat(format).error().kind(), ErrorKind::kUnsupported) << format;
  }
  FieldSpec deep = Field("x", "i");
  for (int i = 0; i < 70; ++i) deep = Field("x", "+l", {deep});
  EXPECT_EQ(CheckSchema(*MakeField(deep)).error().kind(), ErrorKind::kCorruptData);
}

TEST(Builder, BuildsWhatViewsRead) {
  const OwnedSchema schema =
      MakeSchema({Field("i", "i"), Field("L", "L"), Field("g", "g"), Field("b", "b"),
                  Field("u", "u"), Field("l", "+l", {Field("item", "l")}),
                  Field("s", "+s", {Field("x", "u")}), Field("w", "w:2"), Field("t", "tsu:")});
  BatchBuilder builder = BatchBuilder::Make(*schema).value();
  builder.column(0).AppendInt(std::numeric_limits<std::int32_t>::min());
  builder.column(1).AppendUint(std::numeric_limits<std::uint64_t>::max());
  builder.column(2).AppendDouble(0.25);
  builder.column(3).AppendBool(true);
  builder.column(4).AppendBytes("text");
  builder.column(5).child(0).AppendInt(1);
  builder.column(5).child(0).AppendNull();
  builder.column(5).AppendNested();
  builder.column(6).child(0).AppendBytes("in");
  builder.column(6).AppendNested();
  builder.column(7).AppendBytes("ab");
  builder.column(8).AppendInt(-1);
  for (std::int64_t i = 0; i < builder.column_count(); ++i) builder.column(i).AppendNull();
  const OwnedArray batch = builder.Finish();
  ASSERT_TRUE(CheckArray(*schema, *batch));
  EXPECT_EQ(RowTexts(*schema, *batch),
            (std::vector<std::string>{
                "-2147483648|18446744073709551615|0.25|true|'text'|[1,null,]|{'in';}|6162|-1",
                "null|null|null|null|null|null|null|null|null"}));
  EXPECT_EQ(builder.Finish()->length, 0);
  EXPECT_EQ(ColumnBuilder::Make(*MakeField(Field("v", "vu"))).error().kind(),
            ErrorKind::kUnsupported);
}

TEST(View, ReadsNumbersOfEveryWidthAsDoubles) {
  const auto read = [](std::string format, std::string bytes) {
    ArrayParts parts;
    parts.length = 1;
    parts.buffers = {SharedBuffer{}, BytesBuffer(bytes)};
    const OwnedArray array = MakeArray(std::move(parts));
    const OwnedSchema schema = MakeField(Field("a", std::move(format)));
    return ColumnView::Open(*schema, *array).value().Double(0);
  };
  EXPECT_EQ(read("e", std::string("\x00\x3c", 2)), 1.0);
  EXPECT_EQ(read("e", std::string("\x01\x80", 2)), -std::ldexp(1, -24));
  EXPECT_TRUE(std::isnan(read("e", std::string("\x01\x7c", 2))));
  EXPECT_EQ(read("d:10,2", std::string("\x39\x30", 2) + std::string(14, '\0')), 123.45);
  EXPECT_EQ(read("d:10,2", std::string("\x9c", 1) + std::string(15, '\xff')), -1.0);
  EXPECT_EQ(read("L", std::string(8, '\xff')), 18446744073709551615.0);
}

struct Broken {
  std::string name;
  std::string format;
  std::function<void(ArrowArray*)> spoil;
};

TEST(CheckArray, RefusesMalformedArrays) {
  static const void* null_buffers[3] = {nullptr, nullptr, nullptr};
  static std::int32_t bad_offsets[] = {90, 80, 70, 60, 50, 40, 30, 20, 10, 9, 8, 7};
  static std::int32_t far_offsets[] = {900, 900, 900, 900, 900, 900, 900, 900, 900, 900, 900, 900};
  static std::int8_t bad_codes[16] = {99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};
  static ViewHeader bad_views[12];
  for (auto& view : bad_views) view = ViewHeader{50, 0, 9, 0};
  static const auto set = [](ArrowArray* array, int at, const void* data) {
    array->buffers[at] = data;
  };
  const std::vector<Broken> cases = {
      {"wrong buffer count", "l", [](ArrowArray* a) { a->n_buffers = 1; }},
      {"no buffers", "l", [](ArrowArray* a) { a->buffers = nullptr; }},
      {"no values", "l", [](ArrowArray* a) { a->buffers = null_buffers; }},
      {"negative length", "l", [](ArrowArray* a) { a->length = -1; }},
      {"negative offset", "l", [](ArrowArray* a) { a->offset = -1; }},
      {"huge length", "l", [](ArrowArray* a) { a->length = std::int64_t{1} << 60; }},
      {"decreasing offsets", "u", [](ArrowArray* a) { set(a, 1, bad_offsets); }},
      {"missing children", "+l", [](ArrowArray* a) { a->n_children = 0; }},
      {"null children", "+l", [](ArrowArray* a) { a->children = nullptr; }},
      {"offsets behind child", "+l", [](ArrowArray* a) { set(a, 1, far_offsets); }},
      {"short child", "+s", [](ArrowArray* a) { a->children[0]->length = 0; }},
      {"unknown union code", "+us:0", [](ArrowArray* a) { set(a, 0, bad_codes); }},
      {"view outside", "vu", [](ArrowArray* a) { set(a, 0, nullptr), set(a, 1, bad_views); }},
      {"nulls without validity", "l", [](ArrowArray* a) { set(a, 0, nullptr), a->null_count = 3; }},
  };
  Rng rng(1);
  for (const Broken& broken : cases) {
    const bool nested = broken.format[0] == '+';
    const OwnedSchema schema = MakeField(nested ? Field("a", broken.format, {Field("x", "i")})
                                                : Field("a", broken.format));
    OwnedArray array = RandomArray(*schema, 8, rng);
    ASSERT_TRUE(CheckArray(*schema, *array)) << broken.name;
    ArrowArray intact = *array;
    const std::vector<const void*> buffers(intact.buffers, intact.buffers + intact.n_buffers);
    const std::int64_t child_length = nested ? intact.children[0]->length : 0;
    broken.spoil(array.get());
    const Status status = CheckArray(*schema, *array);
    ASSERT_FALSE(status) << broken.name;
    EXPECT_EQ(status.error().kind(), ErrorKind::kCorruptData) << broken.name;
    *array.get() = intact;  // so that it can be released
    std::copy(buffers.begin(), buffers.end(), intact.buffers);
    if (nested) intact.children[0]->length = child_length;
  }
}

TEST(CheckArray, RefusesDictionaryIndicesOutsideTheDictionary) {
  FieldSpec spec = Field("d", "c");
  spec.dictionary.push_back(Field("v", "u"));
  const OwnedSchema schema = MakeField(spec);
  Rng rng(4);
  OwnedArray array = RandomArray(*schema, 5, rng);
  static const std::int8_t bad[] = {-1, -1, -1, -1, -1, -1, -1, -1};
  array.get()->buffers[0] = nullptr;
  array.get()->buffers[1] = bad;
  EXPECT_EQ(CheckArray(*schema, *array).error().kind(), ErrorKind::kCorruptData);
  ArrowArray without = *array;
  without.dictionary = nullptr;
  EXPECT_EQ(CheckArray(*schema, without).error().kind(), ErrorKind::kCorruptData);
}

TEST(Stream, CrossesTheCInterfaceAndBack) {
  Rng rng(8);
  OwnedSchema schema = MakeSchema({Field("a", "l"), Field("b", "u")}, {{"k", "v"}});
  std::vector<OwnedArray> batches;
  std::vector<std::string> texts;
  for (int i = 0; i < 3; ++i) {
    batches.push_back(RandomArray(*schema, 4, rng));
    for (auto& text : RowTexts(*schema, *batches.back())) texts.push_back(std::move(text));
  }
  ArrowArrayStream raw{};
  ExportStream(StreamOf(CopySchema(*schema), std::move(batches)), &raw);
  ArrowStream back = ImportStream(&raw).value();
  EXPECT_EQ(raw.release, nullptr);
  EXPECT_TRUE(SameSchema(back->schema(), *schema));
  std::vector<std::string> read;
  while (auto batch = back->Next().value()) {
    for (auto& text : RowTexts(*schema, **batch)) read.push_back(std::move(text));
  }
  EXPECT_EQ(read, texts);
  EXPECT_FALSE(back->Next().value().has_value());
  EXPECT_EQ(ImportStream(&raw).error().kind(), ErrorKind::kInvalidArgument);
}

class FailingStream final : public RecordStream {
 public:
  explicit FailingStream(ErrorKind kind) : schema_(MakeSchema({Field("a", "l")})), kind_(kind) {}
  const ArrowSchema& schema() const override { return *schema_; }
  Result<std::optional<OwnedArray>> Next() override { return Error(kind_, "no more"); }

 private:
  OwnedSchema schema_;
  ErrorKind kind_;
};

TEST(Stream, KeepsGivingTheProducersError) {
  for (const auto& [kind, arrives] : {std::pair(ErrorKind::kCancelled, ErrorKind::kCancelled),
                                      std::pair(ErrorKind::kCorruptData, ErrorKind::kIo)}) {
    ArrowArrayStream raw{};
    ExportStream(std::make_unique<FailingStream>(kind), &raw);
    ArrowStream back = ImportStream(&raw).value();
    for (int i = 0; i < 2; ++i) {
      const auto next = back->Next();
      ASSERT_FALSE(next);
      EXPECT_EQ(next.error().kind(), arrives);
      EXPECT_NE(next.error().message().find("no more"), std::string::npos);
    }
  }
}

TEST(Stream, RefusesASchemaThatIsNoStruct) {
  ArrowArrayStream raw{};
  ExportStream(StreamOf(MakeField(Field("a", "l")), {}), &raw);
  EXPECT_EQ(ImportStream(&raw).error().kind(), ErrorKind::kCorruptData);
  EXPECT_EQ(raw.release, nullptr);
}

TEST(BufferPool, RecyclesWithinItsBound) {
  const auto pool = BufferPool::Make(1 << 20);
  const std::uint8_t* first = nullptr;
  {
    const Buffer buffer = pool->Allocate(100'000);
    first = buffer.data();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 64, 0u);
    EXPECT_GE(buffer.capacity(), 100'000);
    EXPECT_LE(buffer.capacity(), 125'000);
  }
  {
    const Buffer again = pool->Allocate(99'000);
    EXPECT_EQ(again.data(), first);
    const Buffer large = pool->Allocate(3 << 20);
    EXPECT_NE(large.data(), nullptr);
  }
  const PoolStatistics statistics = pool->statistics();
  EXPECT_EQ(statistics.requests, 3);
  EXPECT_EQ(statistics.recycled, 1);
  EXPECT_EQ(statistics.live_bytes, 0);
  EXPECT_LE(statistics.idle_bytes, 1 << 20);
  EXPECT_GE(statistics.trimmed_bytes, 3 << 20);
  pool->Trim();
  EXPECT_EQ(pool->statistics().idle_bytes, 0);
}

TEST(BufferPool, ServesManyThreads) {
  const auto pool = BufferPool::Make(1 << 22);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&pool, t] {
      for (std::int64_t i = 0; i < 2000; ++i) {
        Buffer a = pool->Allocate(i * 7 % 5000);
        std::memset(a.data(), t, static_cast<std::size_t>(a.capacity()));
        Buffer b = std::move(a);
        ASSERT_EQ(b.data()[b.capacity() - 1], t);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(pool->statistics().live_bytes, 0);
  EXPECT_EQ(pool->statistics().requests, 8000);
}

TEST(BufferPool, OutlivesItsMaker) {
  auto pool = BufferPool::Make();
  Buffer buffer = pool->Allocate(10);
  pool.reset();
  buffer.data()[0] = 1;
  EXPECT_EQ(buffer.data()[0], 1);
}

TEST(Bits, AreCountedFromAnyBitOn) {
  Rng rng(8);
  std::vector<std::uint8_t> bits(40);
  for (auto& byte : bits) byte = static_cast<std::uint8_t>(Pick(rng, 0, 255));
  for (std::int64_t first = 0; first < 130; ++first) {
    for (std::int64_t count = 0; first + count <= 320; count += 7) {
      std::int64_t expected = 0;
      for (std::int64_t i = 0; i < count; ++i) expected += GetBit(bits.data(), first + i) ? 1 : 0;
      ASSERT_EQ(CountSetBits(bits.data(), first, count), expected) << first << " " << count;
    }
  }
}

}  // namespace
}  // namespace lakegate::columnar
