#include "lakegate/kernel_call.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "kernels/test_tables.h"

namespace lakegate {
namespace {

using kernels::ContextOfTest;
using kernels::Rng;
using kernels::StreamOfTest;
using kernels::TestRow;
using Names = std::vector<std::string>;

struct Refusal {
  const char* name;
  const char* kernel;
  KernelOptions options;
  const char* part;
};

TEST(KernelCall, RefusesByName) {
  const Refusal refusals[] = {
      {"no such kernel", "dedup", {}, "'dedupe'"},
      {"empty name", "", {}, "asof_join"},
      {"no such option", "dedupe", {{"key", Names{"a"}}}, "'keys'"},
      {"option of another kernel", "dedupe", {{"mode", "exact"}}, "no such option"},
      {"a number for a text", "dedupe", {{"score", std::int64_t{1}}}, "'score' must be a text"},
      {"a text for a number", "interval_align", {{"nearest_k", "two"}}, "whole number"},
      {"a flag for names", "dedupe", {{"keys", true}}, "list of texts"},
      {"a text for a flag", "explode_list", {{"keep_empty", "yes"}}, "true or false"},
      {"an unknown word", "interval_align", {{"mode", "overlaps"}}, "overlap_all"},
      {"half a span", "interval_align", {{"left_span", Names{"s"}}}, "[start, end]"},
      {"a sort key without a column", "canonical_sort", {{"keys", Names{"  "}}}, "column name"},
      {"both forms", "interval_align", {{"on", "a"}, {"left_on", "b"}}, "not both"},
      {"both forms of by", "asof_join", {{"on", "t"}, {"by", "a"}, {"right_by", "b"}}, "not both"},
      {"options that do not fit", "dedupe", {}, "key"},
      {"a negative tolerance",
       "asof_join",
       {{"on", "t"}, {"tolerance", std::int64_t{-1}}},
       "negative"},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    const auto call = KernelCallFrom(refusal.kernel, refusal.options);
    ASSERT_FALSE(call);
    EXPECT_EQ(call.error().kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(call.error().message().find(refusal.part), std::string::npos)
        << call.error().message();
  }
}

TEST(KernelCall, RefusesAnotherNumberOfInputs) {
  Rng rng(1);
  std::vector<ArrowStream> one;
  one.push_back(StreamOfTest({TestRow{}}, {}, rng));
  const auto stream = RunKernel(IntervalAlignOptions{}, std::move(one), ContextOfTest());
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind(), ErrorKind::kInvalidArgument);
}

TEST(KernelCall, ReadsEveryKindOfOption) {
  const auto align =
      KernelCallFrom("interval_align", {{"on", Names{"path"}},
                                        {"left_span", Names{"a", "b"}},
                                        {"mode", "nearest"},
                                        {"how", "left"},
                                        {"nearest_k", std::int64_t{3}},
                                        {"tie_breakers", Names{"tie desc nulls first"}}});
  ASSERT_TRUE(align) << align.error().ToString();
  const auto& options = std::get<IntervalAlignOptions>(*align);
  EXPECT_EQ(options.left_on, Names{"path"});
  EXPECT_EQ(options.right_on, Names{"path"});
  EXPECT_EQ(options.left_span, (SpanColumns{"a", "b"}));
  EXPECT_EQ(options.mode, AlignMode::kNearest);
  EXPECT_EQ(options.how, JoinHow::kLeft);
  EXPECT_EQ(options.nearest_k, 3);
  EXPECT_EQ(options.tie_breakers.front(),
            (SortKey{"tie", SortDirection::kDescending, NullPlacement::kFirst}));
  const auto asof = KernelCallFrom(
      "asof_join", {{"on", "t"}, {"tolerance", std::int64_t{5}}, {"allow_exact", false}});
  ASSERT_TRUE(asof) << asof.error().ToString();
  EXPECT_EQ(std::get<AsofJoinOptions>(*asof).tolerance, 5);
  EXPECT_EQ(std::get<AsofJoinOptions>(*asof).right_on, "t");
  EXPECT_FALSE(std::get<AsofJoinOptions>(*asof).allow_exact);
  const auto one_text = KernelCallFrom("dedupe", {{"keys", "path"}});
  ASSERT_TRUE(one_text);
  EXPECT_EQ(std::get<DedupeOptions>(*one_text).keys, Names{"path"});
}

TEST(KernelCall, NamesAreSortedAndEachIsItsOwnKernel) {
  std::string before;
  for (const KernelInfo& info : AllKernels()) {
    EXPECT_LT(before, info.name);
    before = info.name;
    const auto call = DefaultKernelCall(info.name);
    ASSERT_TRUE(call);
    EXPECT_EQ(InfoOf(*call).name, info.name);
  }
}

TEST(KernelCall, RunsByName) {
  Rng rng(1);
  std::vector<TestRow> rows(3);
  for (std::size_t i = 0; i < 3; ++i) rows[i].id = static_cast<std::int64_t>(2 - i);
  std::vector<ArrowStream> inputs;
  inputs.push_back(StreamOfTest(rows, {}, rng));
  const auto call = KernelCallFrom("canonical_sort", {{"keys", "id"}});
  ASSERT_TRUE(call);
  auto stream = RunKernel(*call, std::move(inputs), ContextOfTest());
  ASSERT_TRUE(stream) << stream.error().ToString();
  const auto result = kernels::ReadAll(*std::move(stream));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->cells[0][kernels::kIdColumn], "0");
  EXPECT_EQ(result->cells[2][kernels::kIdColumn], "2");
}

TEST(KernelsMarkdown, IsWhatTheFileSays) {
  const std::string path = LAKEGATE_SOURCE_DIR "/docs/KERNELS.md";
  if (std::getenv("UPDATE_DOCS") != nullptr) {
    ASSERT_TRUE(base::WriteFileAtomically(path, KernelsMarkdown()));
  }
  const auto file = base::ReadFile(path, 1 << 20);
  ASSERT_TRUE(file) << file.error().ToString();
  EXPECT_EQ(*file, KernelsMarkdown()) << "run the test with UPDATE_DOCS=1 to write the file";
}

}  // namespace
}  // namespace lakegate
