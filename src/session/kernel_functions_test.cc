// Kernels called from SQL: what they give, and what is refused before anything is opened.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lakegate/kernel_call.h"
#include "session/test_session.h"

namespace lakegate::session {
namespace {

using ::testing::HasSubstr;

class SqlKernels : public ::testing::Test {
 protected:
  void SetUp() override {
    session_ = OpenIn(folder_);
    ASSERT_OK(session_->Register(
        Dataset("calls", folder_.Write("calls.csv", "p,s,e,c\nf,5,6,0.5\nf,50,60,1\nf,5,6,1\n"))));
    ASSERT_OK(session_->RegisterView("functions",
                                     "SELECT 'f' AS p, 0 AS s, 10 AS e, 'outer' AS q "
                                     "UNION ALL SELECT 'f', 4, 8, 'inner'"));
  }

  Error Refused(std::string_view sql, const QueryOptions& options = {}) {
    auto rows = session_->Sql(sql, options);
    if (!rows) return rows.error();
    while (true) {
      auto batch = (*rows)->Next();
      if (!batch) return batch.error();
      if (!batch->has_value()) break;
    }
    ADD_FAILURE() << "it ran: " << sql;
    return Error(ErrorKind::kInternal, "");
  }

  TestFolder folder_;
  std::unique_ptr<Session> session_;
};

std::int64_t SpilledFiles(const TestFolder& folder) {
  std::int64_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.File("spill"))) {
    files += entry.path().extension() == ".arrow" ? 1 : 0;
  }
  return files;
}

constexpr std::string_view kOwner =
    "interval_align('calls', 'functions', on => 'p', left_span => ['s', 'e'], "
    "right_span => ['s', 'e'], how => 'left')";

TEST_F(SqlKernels, RunOverRegisteredRelations) {
  EXPECT_EQ(RowsOf(session_->Sql(fmt::format("SELECT s, q FROM {} ORDER BY s, q", kOwner))),
            "5|inner\n5|inner\n50|\n");
  EXPECT_EQ(RowsOf(session_->Sql("SELECT s, c FROM dedupe('calls', keys => ['p', 's'], "
                                 "strategy => 'keep_best', score => 'c') ORDER BY s")),
            "5|1.0\n50|1.0\n");
}

// One thread: oneTBB is not built for the thread sanitizer, which takes its hand-over for races.
// The least memory a session may have, and more rows than fit in it, in no order.
constexpr std::int64_t kMany = 600'000;
Result<ArrowStream> SortMany(const TestFolder& folder, Session& session) {
  std::string text = "n,v\n";
  for (std::int64_t i = 0; i < kMany; ++i) text += fmt::format("{},{}\n", i * 7919 % kMany, i);
  if (auto known = session.Register(Dataset("numbers", folder.Write("numbers.csv", text)));
      !known) {
    return known.error();
  }
  return session.Apply(KernelCallFrom("canonical_sort", {{"keys", "n"}}).value(), {"numbers"});
}

TEST(KernelSpill, SortsMoreRowsThanFitAndLeavesNoFile) {
  const TestFolder folder;
  auto session = OpenIn(folder, {{"memory_limit", "16 MiB"}, {"threads", "1"}});
  auto rows = SortMany(folder, *session);
  ASSERT_OK(rows);
  EXPECT_GT(SpilledFiles(folder), 1);
  std::int64_t next = 0;
  while (auto batch = (*rows)->Next().value()) {
    const auto view = columnar::BatchView::Open((*rows)->schema(), **batch).value();
    for (std::int64_t i = 0; i < view.length(); ++i) ASSERT_EQ(view.column(0).Int64(i), next++);
  }
  EXPECT_EQ(next, kMany);
  // A run goes when it has been read.
  EXPECT_EQ(SpilledFiles(folder), 0);
}

TEST(KernelSpill, RefusesWhatDoesNotFitWhereNothingMayBeSpilled) {
  for (const char* limit : {"0 B", "1 MiB"}) {
    const TestFolder folder;
    auto session =
        OpenIn(folder, {{"memory_limit", "16 MiB"}, {"spill_limit", limit}, {"threads", "1"}});
    EXPECT_KIND(SortMany(folder, *session), kResourceLimit);
    EXPECT_EQ(SpilledFiles(folder), 0);
  }
}

TEST_F(SqlKernels, NestInJoinsSubqueriesCtesAndViews) {
  EXPECT_EQ(RowsOf(session_->Sql("WITH d AS (SELECT * FROM dedupe('calls', keys => 'p')) "
                                 "SELECT count(*) FROM d JOIN dedupe('functions', keys => 'q') f "
                                 "ON d.p = f.p")),
            "2\n");
  ASSERT_OK(session_->RegisterView("owners", fmt::format("SELECT s, q FROM {}", kOwner)));
  EXPECT_EQ(RowsOf(session_->Sql("SELECT count(*) FROM owners")), "3\n");
  // A kernel over a view that calls a kernel.
  EXPECT_EQ(RowsOf(session_->Sql("SELECT q FROM dedupe('owners', keys => 'q') ORDER BY q")),
            "inner\n\n");
}

struct BadCall {
  const char* name;
  const char* from;
  ErrorKind kind;
  const char* part;
};

TEST_F(SqlKernels, RefuseWhatTheyCannotRead) {
  const BadCall calls[] = {
      {"too few relations", "interval_align('calls')", ErrorKind::kInvalidSql, "left, right"},
      {"too many relations", "dedupe('calls', 'functions')", ErrorKind::kInvalidSql, "input"},
      {"no relation", "dedupe()", ErrorKind::kInvalidSql, "input"},
      {"a relation that is a number", "dedupe(1, keys => 'p')", ErrorKind::kInvalidSql, "as text"},
      {"a relation that is an expression", "dedupe('ca' || 'lls', keys => 'p')",
       ErrorKind::kInvalidSql, "as text"},
      {"a relation that is a parameter", "dedupe($1, keys => 'p')", ErrorKind::kInvalidSql,
       "as text"},
      {"no such relation", "dedupe('cals', keys => 'p')", ErrorKind::kNotFound, "calls"},
      {"no such option", "dedupe('calls', key => 'p')", ErrorKind::kInvalidArgument, "'keys'"},
      {"an option of another type", "dedupe('calls', keys => true)", ErrorKind::kInvalidArgument,
       "list of texts"},
      {"an option that is a fraction", "dedupe('calls', keys => 1.5)", ErrorKind::kInvalidSql,
       "whole number"},
      {"an unknown word", "dedupe('calls', keys => 'p', strategy => 'first')",
       ErrorKind::kInvalidArgument, "keep_first"},
      {"no such column", "dedupe('calls', keys => 'q')", ErrorKind::kNotFound, "'q'"},
      {"options that do not fit", "dedupe('calls')", ErrorKind::kInvalidArgument, "key"},
      {"no such function", "dedup('calls', keys => 'p')", ErrorKind::kSqlPolicyViolation, "dedup"},
      {"two parts", "lake.dedupe('calls', keys => 'p')", ErrorKind::kSqlPolicyViolation,
       "lake.dedupe"},
      {"another table function", "generate_series(1, 3)", ErrorKind::kSqlPolicyViolation,
       "generate_series"},
  };
  for (const BadCall& call : calls) {
    SCOPED_TRACE(call.name);
    QueryOptions options;
    if (std::string_view(call.from).find("$1") != std::string_view::npos) {
      options.parameters = {{"1", std::string("calls")}};
    }
    const Error error = Refused(fmt::format("SELECT * FROM {}", call.from), options);
    EXPECT_EQ(error.kind(), call.kind) << error.ToString();
    EXPECT_THAT(error.message(), HasSubstr(call.part));
  }
}

TEST_F(SqlKernels, ObeyThePolicyOnWhatTheyRead) {
  QueryOptions options;
  options.policy = SqlPolicy::Preset("read_only").value();
  options.policy->denied_relations = {"calls"};
  const Error error = Refused("SELECT * FROM dedupe('calls', keys => 'p')", options);
  EXPECT_EQ(error.kind(), ErrorKind::kSqlPolicyViolation);
  const auto* violation = std::get_if<PolicyViolation>(&error.detail());
  ASSERT_NE(violation, nullptr);
  EXPECT_EQ(violation->violation, "relation");
  EXPECT_EQ(violation->name, "calls");
  // Through a view too.
  ASSERT_OK(session_->RegisterView("mine", "SELECT * FROM calls"));
  EXPECT_EQ(Refused("SELECT * FROM dedupe('mine', keys => 'p')", options).kind(),
            ErrorKind::kSqlPolicyViolation);
  options.policy->denied_relations.clear();
  options.policy->table_functions = std::set<std::string>{};
  EXPECT_EQ(Refused("SELECT * FROM dedupe('calls', keys => 'p')", options).kind(),
            ErrorKind::kSqlPolicyViolation);
  options.policy->table_functions = std::set<std::string>{"dedupe"};
  options.policy->named_arguments = false;
  EXPECT_EQ(Refused("SELECT * FROM dedupe('calls', keys => 'p')", options).kind(),
            ErrorKind::kSqlPolicyViolation);
}

TEST_F(SqlKernels, NameWhatTheyReadBeforeAnythingIsOpened) {
  const auto judged = Session::Judge(fmt::format("SELECT * FROM {}", kOwner));
  ASSERT_OK(judged);
  EXPECT_FALSE(judged->refusal);
  EXPECT_EQ(judged->statements.front().relations, (std::vector<std::string>{"calls", "functions"}));
}

TEST_F(SqlKernels, StopWhenCancelledAndWhenMemoryIsShort) {
  QueryOptions options;
  options.cancel.Cancel();
  EXPECT_EQ(Refused("SELECT * FROM dedupe('calls', keys => 'p')", options).kind(),
            ErrorKind::kCancelled);
  auto small = OpenIn(folder_, {{"memory_limit", "16 MiB"}});
  ASSERT_OK(small->RegisterView(
      "many",
      "SELECT a.v * 1000 + b.v AS v FROM (SELECT unnest(range(0, 1000)) AS v) a, "
      "(SELECT unnest(range(0, 1000)) AS v) b"));
  auto rows = small->Sql("SELECT count(*) FROM dedupe('many', keys => 'v')");
  ASSERT_TRUE(rows) << rows.error().ToString();
  const auto batch = (*rows)->Next();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().kind(), ErrorKind::kResourceLimit);
}

TEST(SqlKernelPolicy, AllowsEveryKernelInThePresets) {
  std::set<std::string> names = {"unnest"};
  for (const KernelInfo& info : AllKernels()) names.emplace(info.name);
  EXPECT_EQ(SqlPolicy::Preset("read_only")->table_functions, names);
  EXPECT_EQ(SqlPolicy::Preset("service")->table_functions, names);
  EXPECT_EQ(SqlPolicy::Preset("write")->table_functions, names);
}

}  // namespace
}  // namespace lakegate::session
