#include "lakegate/interval_align.h"

#include <gtest/gtest.h>

#include "columnar/builder.h"
#include "kernels/ordering.h"
#include "kernels/test_tables.h"

namespace lakegate::kernels {
namespace {

using Lines = std::vector<std::string>;

TestRow Span(std::int64_t id, std::optional<Wide> start, std::optional<Wide> end,
             std::optional<std::string> path = "p") {
  TestRow row;
  row.id = id;
  row.start = start;
  row.end = end;
  row.path = std::move(path);
  return row;
}

Result<ReadResult> Align(const std::vector<TestRow>& left, const std::vector<TestRow>& right,
                         const IntervalAlignOptions& options,
                         const KernelContext& context = ContextOfTest()) {
  Rng rng(1);
  auto stream =
      IntervalAlign(StreamOfTest(left, {}, rng), StreamOfTest(right, {}, rng), options, context);
  if (!stream) return stream.error();
  return ReadAll(*std::move(stream));
}

struct Named {
  std::string name;
  AlignMode mode;
  std::vector<TestRow> left;
  std::vector<TestRow> right;
  Lines expected;  // "left id, right id, kind, score" of how=left
};

TEST(IntervalAlign, GivesTheContractsAnswers) {
  const std::vector<Named> cases = {
      {"innermost enclosing",
       AlignMode::kContainingBest,
       {Span(0, 5, 6)},
       {Span(0, 0, 100), Span(1, 4, 8), Span(2, 2, 50)},
       {"0 1 CONTAINING -4"}},
      {"an equal span encloses",
       AlignMode::kContainingBest,
       {Span(0, 5, 6)},
       {Span(0, 5, 6)},
       {"0 0 CONTAINING -1"}},
      {"tightest inside",
       AlignMode::kContainedBest,
       {Span(0, 0, 10)},
       {Span(0, 1, 9), Span(1, 3, 5), Span(2, 7, 9), Span(3, 9, 12)},
       {"0 1 CONTAINED -2"}},
      {"longest overlap",
       AlignMode::kOverlapBest,
       {Span(0, 5, 10)},
       {Span(0, 0, 7), Span(1, 7, 30), Span(2, 10, 90)},
       {"0 1 OVERLAP 3"}},
      {"equal overlaps: right start, then right end",
       AlignMode::kOverlapBest,
       {Span(0, 4, 8)},
       {Span(0, 6, 9), Span(1, 2, 6), Span(2, 1, 6)},
       {"0 2 OVERLAP 2"}},
      {"touching never overlaps",
       AlignMode::kOverlapAll,
       {Span(0, 5, 10)},
       {Span(0, 0, 5), Span(1, 10, 20)},
       {"0 null NO_MATCH null"}},
      {"an empty span overlaps nothing",
       AlignMode::kOverlapAll,
       {Span(0, 5, 5), Span(1, 0, 9)},
       {Span(0, 5, 5), Span(1, 0, 9)},
       {"0 null NO_MATCH null", "1 1 OVERLAP 9"}},
      {"an empty span lies inside closed bounds",
       AlignMode::kContainedAll,
       {Span(0, 5, 10)},
       {Span(0, 5, 5), Span(1, 10, 10), Span(2, 11, 11)},
       {"0 0 CONTAINED 0", "0 1 CONTAINED 0"}},
      {"an empty span equals an empty span",
       AlignMode::kExact,
       {Span(0, 5, 5)},
       {Span(0, 5, 6), Span(1, 5, 5), Span(2, 5, 5)},
       {"0 1 EXACT 0"}},
      {"all overlaps, longest first",
       AlignMode::kOverlapAll,
       {Span(0, 0, 10)},
       {Span(0, 8, 20), Span(1, 0, 10), Span(2, 3, 6)},
       {"0 1 OVERLAP 10", "0 2 OVERLAP 3", "0 0 OVERLAP 2"}},
      {"nearest: touching and overlapping are at distance 0",
       AlignMode::kNearest,
       {Span(0, 10, 20)},
       {Span(0, 20, 30), Span(1, 2, 9), Span(2, 12, 13)},
       {"0 2 NEAREST 0"}},
      {"nearest on the left",
       AlignMode::kNearest,
       {Span(0, 10, 20)},
       {Span(0, 25, 30), Span(1, 2, 7)},
       {"0 1 NEAREST -3"}},
      {"null and backward bounds, null key",
       AlignMode::kExact,
       {Span(0, std::nullopt, 5), Span(1, 5, std::nullopt), Span(2, 6, 5),
        Span(3, 1, 2, std::nullopt), Span(4, 1, 2)},
       {Span(0, 1, 2, std::nullopt), Span(1, 6, 5), Span(2, std::nullopt, 2)},
       {"0 null NO_KEY_OR_SPAN null", "1 null NO_KEY_OR_SPAN null", "2 null NO_KEY_OR_SPAN null",
        "3 null NO_KEY_OR_SPAN null", "4 null NO_MATCH null"}},
      {"nothing on the right",
       AlignMode::kOverlapAll,
       {Span(0, 1, 2)},
       {},
       {"0 null NO_MATCH null"}},
      {"nothing on the left", AlignMode::kOverlapAll, {}, {Span(0, 1, 2)}, {}},
  };
  for (const Named& c : cases) {
    IntervalAlignOptions options;
    options.left_on = {"path"};
    options.mode = c.mode;
    options.how = JoinHow::kLeft;
    const auto result = Align(c.left, c.right, options);
    ASSERT_TRUE(result) << c.name << " " << result.error().ToString();
    Lines lines;
    for (const auto& cells : result->cells) {
      lines.push_back(fmt::format("{} {} {} {}", cells[kIdColumn], cells[kColumns + kIdColumn],
                                  cells[2 * kColumns], cells[2 * kColumns + 1]));
    }
    EXPECT_EQ(lines, c.expected) << c.name;
  }
}

TEST(IntervalAlign, ReportsLengthsOfTheWidestSpans) {
  const Wide least = std::numeric_limits<std::int64_t>::min();
  const Wide most = std::numeric_limits<std::int64_t>::max();
  IntervalAlignOptions options;
  options.mode = AlignMode::kCoverage;
  const auto result =
      Align({Span(0, least, most)}, {Span(0, least, -1), Span(1, 0, most)}, options);
  ASSERT_TRUE(result) << result.error().ToString();
  EXPECT_EQ(result->cells[0][kColumns + 1], "9223372036854775807");  // reported at most
  EXPECT_EQ(result->cells[0][kColumns + 2], "1");
}

TEST(IntervalAlign, KeepsLeftNamesAndSuffixesRightOnesUntilUnique) {
  const auto field = [](std::string name, std::string format, bool nullable = false) {
    columnar::FieldSpec spec;
    spec.name = std::move(name);
    spec.format = std::move(format);
    spec.nullable = nullable;
    spec.metadata = {{"unit", "bytes"}};
    return spec;
  };
  const auto left = [&] {
    return StreamOf(columnar::MakeSchema({field("start", "l"), field("end", "l"), field("a", "u"),
                                          field("match_kind", "u")},
                                         {{"owner", "left"}}),
                    {});
  };
  const auto right = [&] {
    return StreamOf(columnar::MakeSchema({field("start", "l"), field("end", "l"), field("a", "u"),
                                          field("a_right", "l"), field("b", "l")},
                                         {{"owner", "right"}}),
                    {});
  };
  IntervalAlignOptions options;
  options.how = JoinHow::kLeft;
  const auto stream = IntervalAlign(left(), right(), options, ContextOfTest()).value();
  const ArrowSchema& schema = stream->schema();
  EXPECT_EQ(columnar::ColumnNames(schema),
            (Lines{"start", "end", "a", "match_kind", "start_right", "end_right", "a_right_right",
                   "a_right", "b", "match_kind_right", "match_score"}));
  EXPECT_FALSE(columnar::IsNullable(*schema.children[0]));
  EXPECT_TRUE(columnar::IsNullable(*schema.children[4]));
  EXPECT_EQ(columnar::MetadataValue(*schema.children[0], "unit"), "bytes");
  EXPECT_EQ(columnar::MetadataValue(*schema.children[4], "unit"), "bytes");
  EXPECT_EQ(columnar::MetadataValue(schema, "owner"), "left");
  EXPECT_EQ(columnar::MetadataValue(schema, kOrderingLevelKey), "implicit");
  options.how = JoinHow::kSemi;
  const auto semi = IntervalAlign(left(), right(), options, ContextOfTest()).value();
  EXPECT_EQ(columnar::ColumnNames(semi->schema()), (Lines{"start", "end", "a", "match_kind"}));
}

TEST(IntervalAlign, KeepsTheOrderingClaimOfTheLeftTable) {
  Rng rng(1);
  columnar::Metadata metadata;
  const Ordering claim{OrderingLevel::kExplicit,
                       {{"path", SortDirection::kDescending, NullPlacement::kFirst}, {"start"}}};
  WriteOrdering(claim, &metadata);
  auto stream = IntervalAlign(StreamOfTest({}, {}, rng, 5, metadata), StreamOfTest({}, {}, rng), {},
                              ContextOfTest());
  ASSERT_TRUE(stream);
  EXPECT_EQ(ReadOrdering(columnar::MetadataOf((*stream)->schema())).value(), claim);
}

struct Refusal {
  std::string name;
  std::function<void(IntervalAlignOptions*)> spoil;
  ErrorKind kind;
  std::string says;
};

TEST(IntervalAlign, RefusesWrongOptionsAndColumns) {
  const std::vector<Refusal> cases = {
      {"unpaired keys",
       [](auto* o) {
         o->right_on = {"path", "num"};
       },
       ErrorKind::kInvalidArgument, "left_on"},
      {"empty key", [](auto* o) { o->left_on = {""}; }, ErrorKind::kInvalidArgument, "empty"},
      {"empty suffix", [](auto* o) { o->right_suffix = ""; }, ErrorKind::kInvalidArgument,
       "right_suffix"},
      {"no neighbours", [](auto* o) { o->mode = AlignMode::kNearest, o->nearest_k = 0; },
       ErrorKind::kInvalidArgument, "nearest_k"},
      {"k in another mode", [](auto* o) { o->nearest_k = 2; }, ErrorKind::kInvalidArgument,
       "nearest_k"},
      {"score of a count", [](auto* o) { o->mode = AlignMode::kCount, o->score_column = "score"; },
       ErrorKind::kInvalidArgument, "score_column"},
      {"ties of a coverage",
       [](auto* o) { o->mode = AlignMode::kCoverage, o->tie_breakers = {{"tie"}}; },
       ErrorKind::kInvalidArgument, "tie_breakers"},
      {"missing key", [](auto* o) { o->left_on = {"paht"}; }, ErrorKind::kNotFound,
       "path, num, start, end, score, tie, id"},
      {"missing right key", [](auto* o) { o->right_on = {"nope"}; }, ErrorKind::kNotFound,
       "right_on"},
      {"missing bound", [](auto* o) { o->right_span.end = "stop"; }, ErrorKind::kNotFound,
       "right_span.end"},
      {"missing tie breaker", [](auto* o) { o->tie_breakers = {{"t"}}; }, ErrorKind::kNotFound,
       "tie_breakers"},
      {"missing score", [](auto* o) { o->score_column = "confidence"; }, ErrorKind::kNotFound,
       "score_column"},
      {"text bound", [](auto* o) { o->left_span.start = "path"; }, ErrorKind::kSchemaMismatch,
       "utf8"},
      {"float bound", [](auto* o) { o->left_span.start = "score"; }, ErrorKind::kSchemaMismatch,
       "float64"},
      {"text score", [](auto* o) { o->score_column = "path"; }, ErrorKind::kSchemaMismatch, "utf8"},
      {"keys of two kinds", [](auto* o) { o->right_on = {"id"}; }, ErrorKind::kSchemaMismatch,
       "cast"},
  };
  for (const Refusal& c : cases) {
    IntervalAlignOptions options;
    options.left_on = {"path"};
    c.spoil(&options);
    const auto result = Align({Span(0, 1, 2)}, {Span(0, 1, 2)}, options);
    ASSERT_FALSE(result) << c.name;
    EXPECT_EQ(result.error().kind(), c.kind) << c.name << " " << result.error().ToString();
    EXPECT_NE(result.error().message().find(c.says), std::string::npos)
        << c.name << " " << result.error().ToString();
  }
}

TEST(IntervalAlign, RefusesBoundsOfDifferentKinds) {
  Rng rng(1);
  const std::vector<std::pair<std::string, std::string>> mixed = {
      {"l", "L"}, {"tsu:", "tsn:"}, {"tsu:", "tsu:UTC"}, {"tdD", "i"}, {"tdD", "tdm"}};
  for (const auto& [left, right] : mixed) {
    const auto stream = IntervalAlign(StreamOfTest({}, {"u", left}, rng),
                                      StreamOfTest({}, {"u", right}, rng), {}, ContextOfTest());
    ASSERT_FALSE(stream) << left << " " << right;
    EXPECT_EQ(stream.error().kind(), ErrorKind::kSchemaMismatch);
  }
  EXPECT_TRUE(IntervalAlign(StreamOfTest({}, {"u", "i"}, rng), StreamOfTest({}, {"u", "I"}, rng),
                            {}, ContextOfTest()));
}

TEST(IntervalAlign, RefusesNestedKeys) {
  columnar::FieldSpec list{
      .name = "path", .format = "+l", .children = {{.name = "item", .format = "l"}}};
  columnar::FieldSpec start{.name = "start", .format = "l"};
  columnar::FieldSpec end{.name = "end", .format = "l"};
  const auto stream = [&] { return StreamOf(columnar::MakeSchema({list, start, end}), {}); };
  IntervalAlignOptions options;
  options.left_on = {"path"};
  const auto result = IntervalAlign(stream(), stream(), options, ContextOfTest());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::kUnsupported);
}

TEST(IntervalAlign, ReadsItsWords) {
  for (const char* word : {"exact", "contained_best", "containing_best", "overlap_best",
                           "overlap_all", "contained_all", "count", "coverage", "nearest"}) {
    EXPECT_EQ(AlignModeText(AlignModeFromText(word).value()), word);
  }
  for (const char* word : {"inner", "left", "semi", "anti"}) {
    EXPECT_EQ(JoinHowText(JoinHowFromText(word).value()), word);
  }
  const auto mode = AlignModeFromText("containing");
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_NE(mode.error().message().find("containing_best"), std::string::npos);
  EXPECT_EQ(JoinHowFromText("").error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(SortKeyFromText("a desc nulls first").value(),
            (SortKey{"a", SortDirection::kDescending, NullPlacement::kFirst}));
  EXPECT_EQ(SortKeyFromText(" a b ASC ").value(), SortKey{"a b"});
  EXPECT_EQ(SortKeyFromText("desc").value(), SortKey{"desc"});
  EXPECT_EQ(SortKeyFromText("  ").error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(SortDirectionFromText("up").error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(NullPlacementFromText("mid").error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(OrderingLevelFromText("x").error().kind(), ErrorKind::kInvalidArgument);
}

TEST(IntervalAlign, StopsAtTheMemoryLimit) {
  KernelContext context = ContextOfTest();
  context.memory_limit_bytes = 500;
  const auto result = Align(std::vector<TestRow>(40, Span(0, 1, 2)), {}, {}, context);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::kResourceLimit);
  EXPECT_NE(result.error().message().find("execution.memory_limit"), std::string::npos);
  context.batch_rows = 0;
  EXPECT_EQ(Align({}, {}, {}, context).error().kind(), ErrorKind::kInvalidArgument);
}

// A large table of one shape in one batch.
columnar::SharedArray LargeBatch(std::size_t rows,
                                 const std::function<TestRow(std::int64_t)>& make) {
  columnar::BatchBuilder builder = columnar::BatchBuilder::Make(*SchemaOfTest({})).value();
  for (std::size_t i = 0; i < rows; ++i) {
    const TestRow row = make(static_cast<std::int64_t>(i));
    builder.column(0).AppendBytes(*row.path);
    builder.column(1).AppendDouble(*row.num);
    builder.column(2).AppendInt(static_cast<std::int64_t>(*row.start));
    builder.column(3).AppendInt(static_cast<std::int64_t>(*row.end));
    builder.column(4).AppendDouble(*row.score);
    builder.column(5).AppendInt(*row.tie);
    builder.column(6).AppendInt(row.id);
  }
  return columnar::ShareArray(builder.Finish());
}

ArrowStream StreamOfLarge(const columnar::SharedArray& batch) {
  std::vector<OwnedArray> batches;
  batches.push_back(columnar::SliceBatch(batch, 0, (*batch)->length));
  return StreamOf(SchemaOfTest({}), std::move(batches));
}

ArrowStream LargeStream(std::size_t rows, const std::function<TestRow(std::int64_t)>& make) {
  return StreamOfLarge(LargeBatch(rows, make));
}

std::int64_t CountRows(RecordStream& stream) {
  std::int64_t rows = 0;
  while (auto batch = stream.Next().value()) rows += (*batch)->length;
  return rows;
}

using Shape = std::function<TestRow(std::int64_t)>;
constexpr std::int64_t kLarge = 200'000;

std::vector<std::pair<std::string, Shape>> HostileShapes() {
  return {
      {"identical", [](std::int64_t i) { return Span(i, 10, 20); }},
      {"nested", [](std::int64_t i) { return Span(i, i, 2 * kLarge - i); }},
      {"staircase", [](std::int64_t i) { return Span(i, i, i + kLarge); }},
      {"one covers all",
       [](std::int64_t i) { return i == 0 ? Span(i, 0, 4 * kLarge) : Span(i, 4 * i, 4 * i + 2); }},
      {"every key distinct",
       [](std::int64_t i) { return Span(i, 1, 2, "key " + std::to_string(i)); }},
  };
}

TEST(IntervalAlignHostile, FinishesOnEveryShapeInEveryModeWithoutPairs) {
  for (const auto& [name, shape] : HostileShapes()) {
    const columnar::SharedArray rows = LargeBatch(kLarge, shape);
    for (const AlignMode mode :
         {AlignMode::kExact, AlignMode::kContainedBest, AlignMode::kContainingBest,
          AlignMode::kOverlapBest, AlignMode::kCount, AlignMode::kCoverage, AlignMode::kNearest}) {
      IntervalAlignOptions options;
      options.left_on = {"path"};
      options.mode = mode;
      options.how = JoinHow::kLeft;
      auto stream =
          IntervalAlign(StreamOfLarge(rows), StreamOfLarge(rows), options, ContextOfTest(65'536));
      ASSERT_TRUE(stream) << name << " " << stream.error().ToString();
      EXPECT_EQ(CountRows(**stream), kLarge) << name << " " << AlignModeText(mode);
    }
  }
}

TEST(IntervalAlignHostile, FinishesNearestWithTieBreakers) {
  for (const auto& [name, shape] : HostileShapes()) {
    IntervalAlignOptions options;
    options.mode = AlignMode::kNearest;
    options.nearest_k = 3;
    options.tie_breakers = {{"id", SortDirection::kDescending}};
    const columnar::SharedArray rows = LargeBatch(kLarge, shape);
    auto stream =
        IntervalAlign(StreamOfLarge(rows), StreamOfLarge(rows), options, ContextOfTest(65'536));
    ASSERT_TRUE(stream) << name << " " << stream.error().ToString();
    EXPECT_EQ(CountRows(**stream), 3 * kLarge) << name;
  }
}

TEST(IntervalAlignHostile, EnumeratesSparsePairsUnderOneCoveringSpan) {
  const Shape shape = HostileShapes()[3].second;
  for (const AlignMode mode : {AlignMode::kOverlapAll, AlignMode::kContainedAll}) {
    IntervalAlignOptions options;
    options.mode = mode;
    auto stream = IntervalAlign(LargeStream(kLarge, shape), LargeStream(kLarge, shape), options,
                                ContextOfTest(65'536));
    ASSERT_TRUE(stream) << stream.error().ToString();
    // The covering row meets all; the others meet themselves and, overlapping, the covering.
    const std::int64_t others = kLarge - 1;
    const std::int64_t expected =
        mode == AlignMode::kOverlapAll ? kLarge + 2 * others : kLarge + others;
    EXPECT_EQ(CountRows(**stream), expected);
  }
}

TEST(IntervalAlignHostile, StreamsPairsThatWouldNeverFit) {
  const Shape shape = HostileShapes()[0].second;  // 4 * 10^10 pairs
  IntervalAlignOptions options;
  options.mode = AlignMode::kOverlapAll;
  KernelContext context = ContextOfTest(10'000);
  auto stream =
      IntervalAlign(LargeStream(kLarge, shape), LargeStream(kLarge, shape), options, context);
  ASSERT_TRUE(stream) << stream.error().ToString();
  for (int i = 0; i < 5; ++i) EXPECT_EQ((**(*stream)->Next()).get()->length, 10'000);
  context.cancel.Cancel();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ((*stream)->Next().error().kind(), ErrorKind::kCancelled);
  }
}

// `count` columns of no rows: start, end, and the names that name_of(i) gives.
ArrowStream WideStream(int count, const std::function<std::string(int)>& name_of) {
  std::vector<columnar::FieldSpec> fields = {{.name = "start", .format = "l"},
                                             {.name = "end", .format = "l"}};
  for (int i = 2; i < count; ++i) fields.push_back({.name = name_of(i), .format = "l"});
  return StreamOf(columnar::MakeSchema(fields), {});
}

TEST(IntervalAlignHostile, TakesAHundredThousandColumns) {
  constexpr int kMany = 100'000;
  const auto numbered = [](int i) { return "c" + std::to_string(i); };
  const auto same = [](int) { return std::string("c"); };
  auto stream =
      IntervalAlign(WideStream(kMany, numbered), WideStream(kMany, numbered), {}, ContextOfTest());
  ASSERT_TRUE(stream) << stream.error().ToString();
  EXPECT_EQ((*stream)->schema().n_children, 2 * kMany + 2);
  EXPECT_EQ(CountRows(**stream), 0);
  const auto missing = IntervalAlign(WideStream(kMany, numbered), WideStream(3, same),
                                     {.left_on = {"k"}}, ContextOfTest());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::kNotFound);
  EXPECT_LT(missing.error().message().size(), 2'000U);
  // Equal names would each take one more suffix than the one before.
  const auto alike =
      IntervalAlign(WideStream(3, same), WideStream(kMany, same), {}, ContextOfTest());
  ASSERT_FALSE(alike);
  EXPECT_EQ(alike.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_NE(alike.error().message().find("right_suffix"), std::string::npos);
}

TEST(IntervalAlign, EndsWhereHardlyAnyRowMatches) {
  // Far more parts of left rows than are listed at once give nothing at all.
  const auto far = [](std::int64_t i) { return Span(i, 10 * i, 10 * i + 5); };
  const std::vector<TestRow> right = {Span(0, 10 * (kLarge - 1), 10 * kLarge)};
  for (const std::int64_t batch_rows : {std::int64_t{1}, std::int64_t{64}, std::int64_t{65'536}}) {
    Rng rng(1);
    IntervalAlignOptions options;
    options.mode = AlignMode::kOverlapAll;
    auto stream = IntervalAlign(LargeStream(kLarge, far), StreamOfTest(right, {}, rng), options,
                                ContextOfTest(batch_rows));
    ASSERT_TRUE(stream) << stream.error().ToString();
    EXPECT_EQ(CountRows(**stream), 1) << batch_rows;
  }
}

TEST(IntervalAlign, TakesAnyBatchSize) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const std::vector<TestRow> rows = {Span(0, 0, 9), Span(1, 3, 5), Span(2, 7, 12)};
  for (const AlignMode mode :
       {AlignMode::kOverlapAll, AlignMode::kOverlapBest, AlignMode::kCount}) {
    IntervalAlignOptions options;
    options.mode = mode;
    KernelContext context = ContextOfTest(kMost);
    context.threads = kMost;
    const auto all = Align(rows, rows, options, context);
    const auto one = Align(rows, rows, options, ContextOfTest(1));
    ASSERT_TRUE(all) << all.error().ToString();
    ASSERT_TRUE(one) << one.error().ToString();
    EXPECT_EQ(all->rows, one->rows) << AlignModeText(mode);
  }
}

TEST(IntervalAlign, IsCancelledBeforeItReads) {
  const KernelContext context = ContextOfTest();
  context.cancel.Cancel();
  EXPECT_EQ(Align({Span(0, 1, 2)}, {}, {}, context).error().kind(), ErrorKind::kCancelled);
}

}  // namespace
}  // namespace lakegate::kernels
