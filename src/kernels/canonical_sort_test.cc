#include "lakegate/canonical_sort.h"

#include <gtest/gtest.h>

#include "base/try.h"
#include "columnar/collected.h"
#include "kernels/naive_order.h"
#include "kernels/ordering.h"
#include "kernels/shrink.h"
#include "lakegate/row_spill.h"

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

// Puts rows aside in memory and counts the runs.
class CountingSpill final : public RowSpill {
 public:
  Result<std::shared_ptr<const SpilledRows>> Keep(ArrowStream rows,
                                                  const CancelToken& cancel) override {
    columnar::MemoryBudget unlimited(0);
    LG_ASSIGN_OR_RETURN(auto kept, columnar::Collect(std::move(rows), &unlimited, cancel, "run"));
    ++runs;
    for (const auto& batch : kept.batches) {
      largest_batch_bytes =
          std::max(largest_batch_bytes, columnar::ByteSize(*kept.schema, **batch));
    }
    return std::make_shared<const Kept>(std::move(kept));
  }

  int runs = 0;
  std::int64_t largest_batch_bytes = 0;

 private:
  class Kept final : public SpilledRows {
   public:
    explicit Kept(columnar::Collected rows) : rows_(std::move(rows)) {}
    Result<ArrowStream> Open(const CancelToken&) const override {
      columnar::Collected copy;
      copy.schema = CopySchema(*rows_.schema);
      copy.batches = rows_.batches;
      return columnar::StreamOf(std::move(copy));
    }

   private:
    columnar::Collected rows_;
  };
};

// About so many rows of a test table fit.
KernelContext ContextFor(std::int64_t rows, const std::shared_ptr<RowSpill>& spill) {
  KernelContext context = ContextOfTest();
  context.memory_limit_bytes = 200 * rows;
  context.spill = spill;
  return context;
}

TEST(CanonicalSort, SpillsInManyRunsAndKeepsEqualRowsInTheirOrder) {
  std::vector<TestRow> rows(2'000);
  Rng rng(3);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].id = static_cast<std::int64_t>(i);
    rows[i].tie = Pick(rng, 0, 3);
    rows[i].path = "a path longer than twelve bytes";
  }
  const CanonicalSortOptions options{.keys = {{"tie"}}, .tier = DeterminismTier::kStable};
  const auto spill = std::make_shared<CountingSpill>();
  const auto result = Sorted(rows, options, ContextFor(20, spill));
  ASSERT_TRUE(result) << result.error().ToString();
  // More than are merged at once, so that runs were merged to runs before.
  EXPECT_GT(spill->runs, 64);
  EXPECT_EQ(IdsOf(*result), IdsOf(Sorted(rows, options).value()));
}

TEST(CanonicalSort, MergesRowsThatWereInOrderOrBackwards) {
  for (const bool backwards : {false, true}) {
    std::vector<TestRow> rows(600);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].id = static_cast<std::int64_t>(backwards ? rows.size() - i : i);
    }
    const CanonicalSortOptions options{.keys = {{"id"}}};
    const auto spill = std::make_shared<CountingSpill>();
    const auto result = Sorted(rows, options, ContextFor(20, spill));
    ASSERT_TRUE(result) << result.error().ToString();
    EXPECT_GT(spill->runs, 10);
    EXPECT_EQ(result->rows, Sorted(rows, options)->rows);
  }
}

// Every run has rows that are much wider than the others, and they all meet at the end.
TEST(CanonicalSort, MergesRunsWhoseLargestRowsMeet) {
  std::vector<TestRow> rows(4'000);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool wide = i % 100 == 99;
    rows[i].id = static_cast<std::int64_t>(i);
    rows[i].tie = wide ? 9 : static_cast<std::int64_t>(i % 7);
    rows[i].path = std::string(wide ? 10'000 : 10, 'p');
  }
  const CanonicalSortOptions options{.keys = {{"tie"}}, .tier = DeterminismTier::kStable};
  KernelContext context = ContextOfTest();
  context.memory_limit_bytes = 100'000;
  const auto spill = std::make_shared<CountingSpill>();
  context.spill = spill;
  const auto result = Sorted(rows, options, context);
  ASSERT_TRUE(result) << result.error().ToString();
  EXPECT_GT(spill->runs, 10);
  EXPECT_LT(spill->largest_batch_bytes, 12'000);
  EXPECT_EQ(IdsOf(*result), IdsOf(Sorted(rows, options).value()));
}

TEST(CanonicalSort, RefusesABatchLargerThanItsMemoryThoughItMaySpill) {
  const auto result = Sorted(std::vector<TestRow>(50), {.keys = {{"id"}}},
                             ContextFor(1, std::make_shared<CountingSpill>()), {}, 50);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::kResourceLimit);
}

TEST(CanonicalSort, PassesTheErrorOfItsSpill) {
  class Full final : public RowSpill {
   public:
    Result<std::shared_ptr<const SpilledRows>> Keep(ArrowStream, const CancelToken&) override {
      return Error(ErrorKind::kResourceLimit, "No room is left.");
    }
  };
  const auto result = Sorted(std::vector<TestRow>(200), {.keys = {{"id"}}},
                             ContextFor(20, std::make_shared<Full>()));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "No room is left.");
}

std::vector<std::string> NaiveSort(std::vector<TestRow> rows, const std::vector<SortKey>& keys) {
  std::sort(rows.begin(), rows.end(),
            [&](const TestRow& a, const TestRow& b) { return NaiveBefore(a, b, keys); });
  std::vector<std::string> ids;
  for (const TestRow& row : rows) ids.push_back(fmt::format("{}", row.id));
  return ids;
}

TEST(CanonicalSortProperty, AgreesWithAComparisonSort) {
  constexpr std::uint64_t kSeed = 271'828;
  Rng rng(kSeed);
  const char* const paths[] = {"u", "U", "vu", "d"};
  for (int round = 0; round < RandomCases(); ++round) {
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
    std::vector<TestRow> rows = RandomRows(rng, 24);
    const Encoding encoding{paths[Pick(rng, 0, 3)], "l"};
    KernelContext context = ContextOfTest(Pick(rng, 1, 16));
    context.threads = RandomThreads(rng);
    ASSERT_EQ(LeastFault({&rows},
                         [&]() -> std::string {
                           const auto result = Sorted(rows, options, context, encoding, 10);
                           if (!result) return result.error().ToString();
                           if (IsReadAgain(round)) {
                             const auto again =
                                 Sorted(rows, options, ContextOfTest(), encoding, 40);
                             if (!again) return again.error().ToString();
                             if (again->rows != result->rows)
                               return Difference(again->rows, result->rows);
                           }
                           return Difference(IdsOf(*result), NaiveSort(rows, deciding));
                         }),
              "");
  }
}

}  // namespace
}  // namespace lakegate::kernels
