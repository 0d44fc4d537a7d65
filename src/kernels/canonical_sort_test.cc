#include "lakegate/canonical_sort.h"

#include <gtest/gtest.h>

#include "kernels/naive_order.h"
#include "kernels/ordering.h"

namespace lakegate::kernels {
namespace {

Result<ReadResult> Sorted(const std::vector<TestRow>& rows, const CanonicalSortOptions& options,
                          KernelContext context = ContextOfTest(), const Encoding& encoding = {},
                          std::size_t most = 5) {
  Rng rng(3);
  auto stream = CanonicalSort(StreamOfTest(rows, encoding, rng, most), options, context);
  if (!stream) return stream.error();
  return ReadAll(*std::move(stream));
}

struct Refusal {
  const char* name;
  CanonicalSortOptions options;
  ErrorKind kind;
  const char* part;
};

TEST(CanonicalSort, RefusesWhatItCannotRead) {
  const Refusal refusals[] = {
      {"no keys", {}, ErrorKind::kInvalidArgument, "At least one key"},
      {"empty key", {.keys = {{""}}}, ErrorKind::kInvalidArgument, "empty"},
      {"key twice", {.keys = {{"id"}, {"id"}}}, ErrorKind::kInvalidArgument, "twice"},
      {"key and provenance",
       {.keys = {{"id"}}, .provenance = {"id"}},
       ErrorKind::kInvalidArgument,
       "twice"},
      {"provenance of a stable sort",
       {.keys = {{"id"}}, .tier = DeterminismTier::kStable, .provenance = {"path"}},
       ErrorKind::kInvalidArgument,
       "provenance"},
      {"keys that as_is does not read",
       {.keys = {{"id"}}, .tier = DeterminismTier::kAsIs},
       ErrorKind::kInvalidArgument,
       "as_is"},
      {"no such key", {.keys = {{"idd"}}}, ErrorKind::kNotFound, "path"},
      {"no such provenance",
       {.keys = {{"id"}}, .provenance = {"file"}},
       ErrorKind::kNotFound,
       "path"},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    const auto result = Sorted({TestRow{}}, refusal.options);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), refusal.kind);
    EXPECT_NE(result.error().message().find(refusal.part), std::string::npos)
        << result.error().message();
  }
  EXPECT_EQ(DeterminismTierFromText("canon").error().kind(), ErrorKind::kInvalidArgument);
}

TEST(CanonicalSort, RefusesANestedKey) {
  columnar::FieldSpec list;
  list.name = "l";
  list.format = "+l";
  list.children.resize(1);
  list.children[0].name = "item";
  list.children[0].format = "i";
  auto stream =
      CanonicalSort(StreamOf(columnar::MakeSchema({list}), {}), {.keys = {{"l"}}}, ContextOfTest());
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind(), ErrorKind::kUnsupported);
}

TEST(CanonicalSort, RefusesMoreThanItsMemoryAndACancelledCall) {
  const std::vector<TestRow> rows(500);
  KernelContext small = ContextOfTest();
  small.memory_limit_bytes = 1000;
  EXPECT_EQ(Sorted(rows, {.keys = {{"id"}}}, small).error().kind(), ErrorKind::kResourceLimit);
  KernelContext cancelled = ContextOfTest();
  cancelled.cancel.Cancel();
  EXPECT_EQ(Sorted(rows, {.keys = {{"id"}}}, cancelled).error().kind(), ErrorKind::kCancelled);
}

TEST(CanonicalSort, ClaimsTheOrderItMade) {
  const CanonicalSortOptions options{
      .keys = {{"tie", SortDirection::kDescending, NullPlacement::kFirst}}, .provenance = {"path"}};
  const auto result = Sorted({TestRow{}}, options);
  ASSERT_TRUE(result);
  const auto claim = ReadOrdering(columnar::MetadataOf(*result->schema));
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->level, OrderingLevel::kExplicit);
  EXPECT_EQ(claim->keys, (std::vector<SortKey>{options.keys[0], SortKey{"path"}}));
}

TEST(CanonicalSort, AsIsMovesNothing) {
  std::vector<TestRow> rows(3);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].id = static_cast<std::int64_t>(9 - i);
  const auto result = Sorted(rows, {.tier = DeterminismTier::kAsIs});
  ASSERT_TRUE(result);
  EXPECT_EQ(IdsOf(*result), (std::vector<std::string>{"9", "8", "7"}));
}

TEST(CanonicalSortProperty, AgreesWithAComparisonSort) {
  constexpr std::uint64_t kSeed = 271'828;
  Rng rng(kSeed);
  const char* const paths[] = {"u", "U", "vu", "d"};
  for (int round = 0; round < 12'000; ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    CanonicalSortOptions options;
    std::vector<std::string> columns = {"path", "num", "start", "score", "tie"};
    std::shuffle(columns.begin(), columns.end(), rng);
    const auto keys = static_cast<std::size_t>(Pick(rng, 1, 4));
    for (std::size_t i = 0; i < keys; ++i) options.keys.push_back(RandomKey(columns[i], rng));
    std::vector<SortKey> deciding = options.keys;
    if (Pick(rng, 0, 1) == 0) {
      options.provenance.push_back(columns[keys]);
      deciding.push_back(SortKey{columns[keys]});
    } else if (Pick(rng, 0, 1) == 0) {
      options.tier = DeterminismTier::kStable;
    }
    std::vector<TestRow> rows = RandomRows(rng, 30);
    const Encoding encoding{paths[Pick(rng, 0, 3)], "l"};
    KernelContext context = ContextOfTest(Pick(rng, 1, 7));
    context.threads = Pick(rng, 1, 2);
    const auto result = Sorted(rows, options, context, encoding);
    ASSERT_TRUE(result) << result.error().ToString();
    const auto again = Sorted(rows, options, ContextOfTest(), encoding, 40);
    ASSERT_TRUE(again);
    ASSERT_EQ(again->rows, result->rows);
    std::sort(rows.begin(), rows.end(),
              [&](const TestRow& a, const TestRow& b) { return NaiveBefore(a, b, deciding); });
    std::vector<std::string> ids;
    for (const TestRow& row : rows) ids.push_back(fmt::format("{}", row.id));
    ASSERT_EQ(IdsOf(*result), ids);
  }
}

}  // namespace
}  // namespace lakegate::kernels
