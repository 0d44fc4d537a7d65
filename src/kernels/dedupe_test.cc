#include "lakegate/dedupe.h"

#include <gtest/gtest.h>

#include <functional>

#include "columnar/builder.h"
#include "kernels/ordering.h"
#include "kernels/test_tables.h"

namespace lakegate::kernels {
namespace {

using Lines = std::vector<std::string>;

TestRow Row4(std::int64_t id, std::optional<std::string> path, std::optional<double> score,
             std::optional<std::int64_t> tie = 0) {
  TestRow row;
  row.id = id;
  row.path = std::move(path);
  row.score = score;
  row.tie = tie;
  return row;
}

Result<ReadResult> RunDedupe(const std::vector<TestRow>& rows, const DedupeOptions& options,
                             const KernelContext& context = ContextOfTest()) {
  Rng rng(1);
  auto stream = Dedupe(StreamOfTest(rows, {}, rng), options, context);
  if (!stream) return stream.error();
  return ReadAll(*std::move(stream));
}

Lines Ids(const ReadResult& result) {
  Lines ids;
  for (const auto& cells : result.cells) ids.push_back(cells[kIdColumn]);
  return ids;
}

TEST(Dedupe, KeepsTheRowTheStrategyNames) {
  const std::vector<TestRow> rows = {Row4(0, "a", 0.6, 2),         Row4(1, "b", std::nullopt, 1),
                                     Row4(2, "a", 1.0, 3),         Row4(3, std::nullopt, 0.1),
                                     Row4(4, "a", 1.0, 1),         Row4(5, std::nullopt, 0.2),
                                     Row4(6, "b", std::nullopt, 0)};
  const auto ids = [&](DedupeOptions options) {
    options.keys = {"path"};
    return Ids(RunDedupe(rows, options).value());
  };
  EXPECT_EQ(ids({.strategy = DedupeStrategy::kKeepArbitrary}), (Lines{"0", "1", "3"}));
  EXPECT_EQ(ids({.strategy = DedupeStrategy::kKeepFirst}), (Lines{"0", "1", "3"}));
  EXPECT_EQ(ids({.strategy = DedupeStrategy::kKeepFirst, .order = {{"tie"}}}),
            (Lines{"3", "4", "6"}));
  EXPECT_EQ(ids({.strategy = DedupeStrategy::kKeepBest, .score = "score"}), (Lines{"1", "2", "5"}));
  EXPECT_EQ(ids({.strategy = DedupeStrategy::kKeepBest, .order = {{"tie"}}, .score = "score"}),
            (Lines{"4", "5", "6"}));
  EXPECT_EQ(ids({.strategy = DedupeStrategy::kCollapseList, .order = {{"tie"}}}),
            (Lines{"[4,0,2,]", "[6,1,]", "[3,5,]"}));
}

TEST(Dedupe, NeverLetsANullScoreWin) {
  const std::vector<TestRow> rows = {Row4(0, "a", std::nullopt), Row4(1, "a", -5.0)};
  for (const auto direction : {SortDirection::kAscending, SortDirection::kDescending}) {
    const DedupeOptions options{.keys = {"path"},
                                .strategy = DedupeStrategy::kKeepBest,
                                .score = "score",
                                .score_direction = direction};
    EXPECT_EQ(Ids(RunDedupe(rows, options).value()), Lines{"1"});
  }
}

TEST(Dedupe, CollapsesToListsAndKeepsColumnsInPlace) {
  Rng rng(1);
  columnar::Metadata metadata = {{"owner", "us"}};
  WriteOrdering({OrderingLevel::kExplicit, {{"path"}, {"start"}}}, &metadata);
  const DedupeOptions options{.keys = {"path"}, .strategy = DedupeStrategy::kCollapseList};
  const auto stream =
      Dedupe(StreamOfTest({}, {}, rng, 5, metadata), options, ContextOfTest()).value();
  const ArrowSchema& schema = stream->schema();
  EXPECT_EQ(columnar::ColumnNames(schema),
            (Lines{"path", "num", "start", "end", "score", "tie", "id"}));
  EXPECT_EQ(columnar::TypeName(*schema.children[0]), "utf8");
  EXPECT_EQ(columnar::TypeName(*schema.children[6]), "list<int64>");
  EXPECT_EQ(columnar::NameOf(*schema.children[6]->children[0]), "item");
  EXPECT_FALSE(columnar::IsNullable(*schema.children[6]));
  EXPECT_EQ(columnar::MetadataValue(schema, "owner"), "us");
  // Rows are still in path order; start is a list now.
  EXPECT_EQ(ReadOrdering(columnar::MetadataOf(schema)).value(),
            (Ordering{OrderingLevel::kExplicit, {{"path"}}}));
}

TEST(Dedupe, KeepsSchemaAndOrderingClaim) {
  Rng rng(1);
  const DedupeOptions options{.keys = {"path"}, .strategy = DedupeStrategy::kKeepArbitrary};
  const auto plain = Dedupe(StreamOfTest({}, {"d", "tsu:"}, rng), options, ContextOfTest()).value();
  EXPECT_TRUE(columnar::SameType(plain->schema(), *SchemaOfTest({"d", "tsu:"})));
  EXPECT_EQ(columnar::MetadataValue(plain->schema(), kOrderingLevelKey), "implicit");
  columnar::Metadata broken = {{std::string(kOrderingLevelKey), "explicit"},
                               {std::string(kOrderingKeysKey), "not json"}};
  EXPECT_EQ(ReadOrdering(broken).error().kind(), ErrorKind::kInvalidArgument);
  const auto stream =
      Dedupe(StreamOfTest({}, {}, rng, 5, broken), options, ContextOfTest()).value();
  EXPECT_EQ(columnar::MetadataValue(stream->schema(), kOrderingLevelKey), "implicit");
  EXPECT_EQ(columnar::MetadataValue(stream->schema(), kOrderingKeysKey), std::nullopt);
}

struct Refusal {
  std::string name;
  DedupeOptions options;
  ErrorKind kind;
  std::string says;
};

TEST(Dedupe, RefusesWrongOptionsAndColumns) {
  const std::vector<Refusal> cases = {
      {"no keys", {}, ErrorKind::kInvalidArgument, "no keys"},
      {"empty key", {.keys = {""}}, ErrorKind::kInvalidArgument, "empty"},
      {"key twice", {.keys = {"path", "path"}}, ErrorKind::kInvalidArgument, "twice"},
      {"no score",
       {.keys = {"path"}, .strategy = DedupeStrategy::kKeepBest},
       ErrorKind::kInvalidArgument,
       "score"},
      {"unread score",
       {.keys = {"path"}, .score = "score"},
       ErrorKind::kInvalidArgument,
       "keep_first"},
      {"unread direction",
       {.keys = {"path"}, .score_direction = SortDirection::kAscending},
       ErrorKind::kInvalidArgument,
       "score_direction"},
      {"unread order",
       {.keys = {"path"}, .strategy = DedupeStrategy::kKeepArbitrary, .order = {{"tie"}}},
       ErrorKind::kInvalidArgument,
       "order"},
      {"missing key",
       {.keys = {"paht"}},
       ErrorKind::kNotFound,
       "path, num, start, end, score, tie, id"},
      {"missing order", {.keys = {"path"}, .order = {{"when"}}}, ErrorKind::kNotFound, "order"},
      {"missing score column",
       {.keys = {"path"}, .strategy = DedupeStrategy::kKeepBest, .score = "confidence"},
       ErrorKind::kNotFound,
       "score"},
  };
  for (const Refusal& c : cases) {
    const auto result = RunDedupe({}, c.options);
    ASSERT_FALSE(result) << c.name;
    EXPECT_EQ(result.error().kind(), c.kind) << c.name << " " << result.error().ToString();
    EXPECT_NE(result.error().message().find(c.says), std::string::npos)
        << c.name << " " << result.error().ToString();
  }
  EXPECT_EQ(DedupeStrategyFromText("keep_last").error().kind(), ErrorKind::kInvalidArgument);
  for (const char* word : {"keep_first", "keep_best", "keep_arbitrary", "collapse_list"}) {
    EXPECT_EQ(DedupeStrategyText(DedupeStrategyFromText(word).value()), word);
  }
}

TEST(Dedupe, RefusesNestedKeysAndOrder) {
  columnar::FieldSpec list{
      .name = "list", .format = "+l", .children = {{.name = "item", .format = "l"}}};
  columnar::FieldSpec id{.name = "id", .format = "l"};
  const auto run = [&](const DedupeOptions& options) {
    return Dedupe(StreamOf(columnar::MakeSchema({list, id}), {}), options, ContextOfTest());
  };
  EXPECT_EQ(run({.keys = {"list"}}).error().kind(), ErrorKind::kUnsupported);
  EXPECT_EQ(run({.keys = {"id"}, .order = {{"list"}}}).error().kind(), ErrorKind::kUnsupported);
  EXPECT_TRUE(run({.keys = {"id"}}));
}

TEST(Dedupe, StopsAtTheLimitAndWhenCancelled) {
  const DedupeOptions options{.keys = {"path"}};
  KernelContext context = ContextOfTest();
  context.memory_limit_bytes = 100;
  const std::vector<TestRow> rows(40, Row4(0, "a", 1));
  EXPECT_EQ(RunDedupe(rows, options, context).error().kind(), ErrorKind::kResourceLimit);
  const KernelContext cancelled = ContextOfTest();
  cancelled.cancel.Cancel();
  EXPECT_EQ(RunDedupe(rows, options, cancelled).error().kind(), ErrorKind::kCancelled);
}

// Every flat type as key and as order: the kernel against the values as text.
TEST(Dedupe, GroupsByEveryFlatType) {
  constexpr std::uint64_t kSeed = 77;
  Rng rng(kSeed);
  for (const char* format :
       {"n",    "b",       "c",          "C",        "s",        "S",   "i",   "I",   "l",
        "L",    "f",       "u",          "U",        "z",        "Z",   "vu",  "vz",  "w:1",
        "w:0",  "d:5,1",   "d:50,3,256", "d:5,1,32", "d:9,0,64", "tdD", "tdm", "tts", "ttn",
        "tsu:", "tsn:UTC", "tDm",        "tiM",      "tiD",      "tin"}) {
    SCOPED_TRACE(fmt::format("seed {} {}", kSeed, format));
    columnar::FieldSpec plain{.name = "k", .format = format};
    columnar::FieldSpec encoded{.name = "k", .format = "c", .dictionary = {plain}};
    for (const auto& spec : {plain, encoded}) {
      const OwnedSchema schema = columnar::MakeSchema({spec});
      std::vector<OwnedArray> batches;
      Lines expected;
      for (int b = 0; b < 4; ++b) {
        batches.push_back(columnar::RandomArray(*schema, 40, rng));
        for (auto& text : columnar::RowTexts(*schema, *batches.back())) {
          const bool seen = std::find(expected.begin(), expected.end(), text) != expected.end();
          if (!seen) expected.push_back(std::move(text));
        }
      }
      const DedupeOptions options{.keys = {"k"}, .strategy = DedupeStrategy::kKeepArbitrary};
      auto stream =
          Dedupe(StreamOf(CopySchema(*schema), std::move(batches)), options, ContextOfTest());
      ASSERT_TRUE(stream) << stream.error().ToString();
      EXPECT_EQ(ReadAll(*std::move(stream)).value().rows, expected);
    }
  }
}

TEST(DedupeHostile, FinishesWithOneKeyAndWithDistinctKeys) {
  constexpr std::int64_t kLarge = 200'000;
  for (const bool distinct : {false, true}) {
    for (const auto strategy : {DedupeStrategy::kKeepFirst, DedupeStrategy::kCollapseList}) {
      const OwnedSchema schema =
          columnar::MakeSchema({{.name = "k", .format = "l"}, {.name = "v", .format = "u"}});
      columnar::BatchBuilder builder = columnar::BatchBuilder::Make(*schema).value();
      for (std::int64_t i = 0; i < kLarge; ++i) {
        builder.column(0).AppendInt(distinct ? i << 32 : 7);
        builder.column(1).AppendBytes(std::to_string(kLarge - i));
      }
      std::vector<OwnedArray> batches;
      batches.push_back(builder.Finish());
      auto stream =
          Dedupe(StreamOf(CopySchema(*schema), std::move(batches)),
                 {.keys = {"k"}, .strategy = strategy, .order = {{"v"}}}, ContextOfTest(65'536));
      ASSERT_TRUE(stream) << stream.error().ToString();
      std::int64_t rows = 0;
      while (auto batch = (*stream)->Next().value()) rows += (*batch)->length;
      EXPECT_EQ(rows, distinct ? kLarge : 1);
    }
  }
}

}  // namespace
}  // namespace lakegate::kernels
