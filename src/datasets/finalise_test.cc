#include "datasets/finalise.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <set>

#include "columnar/builder.h"
#include "columnar/schema.h"
#include "columnar/value_text.h"
#include "columnar/view.h"

namespace lakegate::datasets {
namespace {

// Rows of {path: utf8, start: int64}; an absent value is null.
struct Row {
  std::optional<std::string> path;
  std::optional<std::int64_t> start;
};
using Batches = std::vector<std::vector<Row>>;

OwnedSchema CallsSchema() {
  return columnar::MakeSchema({{.name = "path", .format = "u"}, {.name = "start", .format = "l"}});
}

OwnedArray BatchOf(const std::vector<Row>& rows) {
  const OwnedSchema schema = CallsSchema();
  auto builder = columnar::BatchBuilder::Make(*schema).value();
  for (const Row& row : rows) {
    row.path ? builder.column(0).AppendBytes(*row.path) : builder.column(0).AppendNull();
    row.start ? builder.column(1).AppendInt(*row.start) : builder.column(1).AppendNull();
  }
  return builder.Finish();
}

ArrowStream StreamOfRows(const Batches& batches) {
  std::vector<OwnedArray> arrays;
  for (const auto& rows : batches) arrays.push_back(BatchOf(rows));
  return StreamOf(CallsSchema(), std::move(arrays));
}

// "start >= 0", then "start < 100": what an engine would give, nulls included.
class RangePredicate final : public RowPredicate {
 public:
  Result<OwnedArray> Evaluate(const ArrowSchema& schema, const OwnedArray& batch) override {
    const auto view = columnar::BatchView::Open(schema, *batch).value();
    const OwnedSchema verdicts = columnar::MakeSchema(
        {{.name = "positive", .format = "b"}, {.name = "small", .format = "b"}});
    auto builder = columnar::BatchBuilder::Make(*verdicts).value();
    for (std::int64_t row = 0; row < view.length(); ++row) {
      if (view.column(1).IsNull(row)) {
        builder.column(0).AppendNull();
        builder.column(1).AppendNull();
        continue;
      }
      builder.column(0).AppendBool(view.column(1).Int64(row) >= 0);
      builder.column(1).AppendBool(view.column(1).Int64(row) < 100);
    }
    return builder.Finish();
  }
};

class BrokenPredicate final : public RowPredicate {
 public:
  explicit BrokenPredicate(bool fails) : fails_(fails) {}
  Result<OwnedArray> Evaluate(const ArrowSchema&, const OwnedArray&) override {
    if (fails_) return Error(ErrorKind::kTimeout, "too slow");
    const OwnedSchema verdicts = columnar::MakeSchema(
        {{.name = "positive", .format = "b"}, {.name = "small", .format = "b"}});
    return columnar::BatchBuilder::Make(*verdicts).value().Finish();
  }

 private:
  bool fails_;
};

std::vector<std::string> RowTexts(const ArrowSchema& schema, const OwnedArray& batch) {
  EXPECT_TRUE(columnar::CheckArray(schema, *batch));
  const auto view = columnar::BatchView::Open(schema, *batch).value();
  std::vector<columnar::ValueText> columns;
  for (std::int64_t i = 0; i < view.column_count(); ++i) {
    columns.push_back(columnar::ValueText::Open(view.column(i)).value());
  }
  std::vector<std::string> texts;
  for (std::int64_t row = 0; row < view.length(); ++row) {
    texts.push_back(columnar::RowText(columns, row, 1'000));
  }
  return texts;
}

class CollectingSink final : public QuarantineSink {
 public:
  Status Write(const ArrowSchema& schema, OwnedArray batch) override {
    for (std::string& text : RowTexts(schema, batch)) rows.push_back(std::move(text));
    return status;
  }
  std::vector<std::string> rows;
  Status status;
};

Result<std::vector<std::string>> ReadAll(RecordStream& stream) {
  std::vector<std::string> rows;
  while (true) {
    auto batch = stream.Next();
    if (!batch) return batch.error();
    if (!*batch) return rows;
    EXPECT_GT((**batch)->length, 0);
    for (std::string& text : RowTexts(stream.schema(), **batch)) rows.push_back(std::move(text));
  }
}

Contract CallsContract() {
  return {.dataset = "calls",
          .key = {"path", "start"},
          .not_null = {"path"},
          .checks = {{"positive", "start >= 0"}, {"small", "start < 100"}}};
}

Contract Checks() {
  return {.dataset = "calls", .key = {}, .not_null = {}, .checks = CallsContract().checks};
}

struct Outcome {
  Result<std::vector<std::string>> rows;
  ContractReport report;
  std::vector<std::string> quarantined;
};

Outcome RunContract(const Batches& batches, const Contract& contract, OnViolation on_violation,
                    std::int64_t first_rows = 5) {
  EnforceOptions options;
  options.on_violation = on_violation;
  options.first_rows = first_rows;
  options.report = std::make_shared<ContractReport>();
  CollectingSink sink;
  auto predicate = contract.checks.empty() ? nullptr : std::make_unique<RangePredicate>();
  auto stream = Enforce(StreamOfRows(batches), contract, std::move(predicate), options, &sink);
  if (!stream) return {stream.error(), *options.report, {}};
  auto rows = ReadAll(**stream);
  return {std::move(rows), *options.report, std::move(sink.rows)};
}

TEST(Enforce, GoodRowsPassUnchanged) {
  const Batches batches = {{{"a", 1}, {"a", 2}}, {}, {{"b", 1}}};
  for (const OnViolation on : {OnViolation::kFail, OnViolation::kQuarantine}) {
    // The empty batch is handed through as well; only its rows are counted.
    const Outcome outcome = RunContract({batches[0], batches[2]}, CallsContract(), on);
    ASSERT_TRUE(outcome.rows) << outcome.rows.error().ToString();
    EXPECT_EQ(*outcome.rows,
              (std::vector<std::string>{"{path: \"a\", start: 1}", "{path: \"a\", start: 2}",
                                        "{path: \"b\", start: 1}"}));
    EXPECT_EQ(outcome.report.rows, 3);
    EXPECT_EQ(outcome.report.good_rows, 3);
    EXPECT_EQ(outcome.report.bad_rows, 0);
    ASSERT_EQ(outcome.report.constraints.size(), 5u);
    EXPECT_TRUE(outcome.quarantined.empty());
  }
}

TEST(Enforce, AnEmptyContractHandsTheStreamBack) {
  ArrowStream source = StreamOfRows({});
  const RecordStream* before = source.get();
  auto stream = Enforce(std::move(source), {}, nullptr, {});
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->get(), before);
}

struct FailCase {
  const char* name;
  Batches batches;
  Contract contract;
  ConstraintViolation expected;
  const char* message_part;
};

TEST(Enforce, FailingCountsAllRowsAndShowsTheFirst) {
  const Contract not_null = {.dataset = "calls", .key = {}, .not_null = {"path"}, .checks = {}};
  const Contract key = {.dataset = "calls", .key = {"path", "start"}, .not_null = {}, .checks = {}};
  const FailCase cases[] = {
      {"null",
       {{{"a", 1}}, {{{}, 2}, {"b", 3}}, {{{}, 4}}},
       not_null,
       {"not_null(path)", 2, {"row 1: {path: null, start: 2}", "row 3: {path: null, start: 4}"}},
       "2 of 4 rows of 'calls' break 'not_null(path)' (path is null)"},
      {"check",
       {{{"a", -1}, {"a", 5}}, {{"a", -2}}},
       Checks(),
       {"positive", 2, {R"(row 0: {path: "a", start: -1})", R"(row 2: {path: "a", start: -2})"}},
       "(start >= 0 does not hold)"},
      {"a null check is a violation",
       {{{"a", {}}}},
       Checks(),
       {"positive", 1, {R"(row 0: {path: "a", start: null})"}},
       "Also broken: small (1 rows)"},
      {"second check",
       {{{"a", 100}}},
       Checks(),
       {"small", 1, {R"(row 0: {path: "a", start: 100})"}},
       "'small'"},
      {"the first constraint of the contract leads",
       {{{"a", 100}}, {{"a", -1}}},
       Checks(),
       {"positive", 1, {R"(row 1: {path: "a", start: -1})"}},
       "Also broken: small (1 rows)"},
      {"duplicate key across batches",
       {{{"a", 1}, {"b", 1}}, {{"a", 2}, {"a", 1}}},
       key,
       {"key(path, start)", 1, {R"(row 3: {path: "a", start: 1})"}},
       "an earlier row has this key"},
      {"thrice the same key",
       {{{"a", 1}, {"a", 1}, {"a", 1}}},
       key,
       {"key(path, start)",
        2,
        {R"(row 1: {path: "a", start: 1})", R"(row 2: {path: "a", start: 1})"}},
       "2 of 3"},
      {"null key columns are no key",
       {{{{}, 1}, {{}, 1}}},
       key,
       {"not_null(path)", 2, {"row 0: {path: null, start: 1}", "row 1: {path: null, start: 1}"}},
       "not_null(path)"},
  };
  for (const FailCase& each : cases) {
    const Outcome outcome = RunContract(each.batches, each.contract, OnViolation::kFail);
    ASSERT_FALSE(outcome.rows) << each.name;
    EXPECT_EQ(outcome.rows.error().kind(), ErrorKind::kConstraintViolation) << each.name;
    EXPECT_EQ(std::get<ConstraintViolation>(outcome.rows.error().detail()), each.expected)
        << each.name << ": " << outcome.rows.error().ToJson();
    EXPECT_NE(outcome.rows.error().message().find(each.message_part), std::string::npos)
        << each.name << ": " << outcome.rows.error().message();
    EXPECT_TRUE(outcome.quarantined.empty()) << each.name;
  }
}

TEST(Enforce, AFailedStreamGivesTheSameErrorAgain) {
  auto stream = Enforce(StreamOfRows({{{"a", 1}}, {{{}, 2}}}), CallsContract(),
                        std::make_unique<RangePredicate>(), {});
  ASSERT_TRUE(stream);
  ASSERT_TRUE((*stream)->Next());
  const auto first = (*stream)->Next();
  const auto second = (*stream)->Next();
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().kind(), ErrorKind::kConstraintViolation);
  ASSERT_FALSE(second);
  EXPECT_EQ(first.error(), second.error());
}

TEST(Enforce, OnlyTheFirstRowsAreRendered) {
  const Outcome outcome =
      RunContract({{{"a", -1}, {"a", -2}, {"a", -3}}}, Checks(), OnViolation::kFail, 2);
  ASSERT_FALSE(outcome.rows);
  const auto& violation = std::get<ConstraintViolation>(outcome.rows.error().detail());
  EXPECT_EQ(violation.violations, 3);
  EXPECT_EQ(violation.first_rows.size(), 2u);
}

TEST(Enforce, QuarantineSendsBadRowsWithTheirErrors) {
  const Outcome outcome =
      RunContract({{{"a", 1}, {{}, -1}, {"a", 1}}, {{"b", 200}, {"b", 3}}, {{{}, {}}}},
                  CallsContract(), OnViolation::kQuarantine);
  ASSERT_TRUE(outcome.rows) << outcome.rows.error().ToString();
  EXPECT_EQ(*outcome.rows,
            (std::vector<std::string>{R"({path: "a", start: 1})", R"({path: "b", start: 3})"}));
  EXPECT_EQ(
      outcome.quarantined,
      (std::vector<std::string>{
          R"({row_ordinal: 1, errors: ["not_null(path): path is null","positive: start >= 0 does not hold"], path: null, start: -1})",
          R"({row_ordinal: 2, errors: ["key(path, start): an earlier row has this key"], path: "a", start: 1})",
          R"({row_ordinal: 3, errors: ["small: start < 100 does not hold"], path: "b", start: 200})",
          R"({row_ordinal: 5, errors: ["not_null(path): path is null","not_null(start): start is null","positive: start >= 0 does not hold","small: start < 100 does not hold"], path: null, start: null})",
      }));
  EXPECT_EQ(outcome.report.rows, 6);
  EXPECT_EQ(outcome.report.good_rows, 2);
  EXPECT_EQ(outcome.report.bad_rows, 4);
  EXPECT_EQ(outcome.report.constraints, (std::vector<ConstraintCount>{{"not_null(path)", 2},
                                                                      {"not_null(start)", 1},
                                                                      {"positive", 2},
                                                                      {"small", 2},
                                                                      {"key(path, start)", 1}}));
}

TEST(Enforce, ABrokenRowDoesNotTakeAKey) {
  const Contract contract = {
      .dataset = "calls", .key = {"start"}, .not_null = {"path"}, .checks = {}};
  const Outcome outcome =
      RunContract({{{{}, 7}, {"a", 7}, {"b", 7}}}, contract, OnViolation::kQuarantine);
  ASSERT_TRUE(outcome.rows);
  EXPECT_EQ(*outcome.rows, std::vector<std::string>{R"({path: "a", start: 7})"});
}

// Batch borders leave no trace, and no row is lost or doubled.
TEST(Enforce, SplitsRandomStreamsLikeAModel) {
  constexpr std::uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 60; ++round) {
    Batches batches(1 + random() % 4);
    std::vector<std::string> good;
    std::int64_t bad = 0;
    std::set<std::pair<std::string, std::int64_t>> keys;
    for (auto& rows : batches) {
      rows.resize(1 + random() % 6);
      for (Row& row : rows) {
        if (random() % 5 != 0) row.path = std::string(1, static_cast<char>('a' + random() % 3));
        if (random() % 7 != 0) row.start = static_cast<std::int64_t>(random() % 6) - 1;
        const bool fits = row.path && row.start && *row.start >= 0;
        if (fits && keys.emplace(*row.path, *row.start).second) {
          good.push_back("{path: \"" + *row.path + "\", start: " + std::to_string(*row.start) +
                         "}");
        } else {
          ++bad;
        }
      }
    }
    const Outcome outcome = RunContract(batches, CallsContract(), OnViolation::kQuarantine);
    ASSERT_TRUE(outcome.rows) << "seed " << kSeed << " round " << round;
    EXPECT_EQ(*outcome.rows, good) << "seed " << kSeed << " round " << round;
    EXPECT_EQ(static_cast<std::int64_t>(outcome.quarantined.size()), bad);
    EXPECT_EQ(outcome.report.bad_rows, bad);
    EXPECT_EQ(outcome.report.good_rows, static_cast<std::int64_t>(good.size()));
    const Outcome failing = RunContract(batches, CallsContract(), OnViolation::kFail);
    EXPECT_EQ(failing.rows.has_value(), bad == 0);
    EXPECT_EQ(failing.report.bad_rows, bad);
  }
}

TEST(Enforce, RefusesContractsThatDoNotFit) {
  struct Case {
    const char* name;
    Contract contract;
    bool predicate;
    OnViolation on_violation;
    bool sink;
    ErrorKind kind;
    const char* message_part;
  };
  const Contract by_name = {.dataset = "calls", .key = {}, .not_null = {"pth"}, .checks = {}};
  const Contract by_key = {.dataset = "calls", .key = {"id"}, .not_null = {}, .checks = {}};
  const Case cases[] = {
      {"missing not_null column", by_name, false, OnViolation::kFail, false, ErrorKind::kNotFound,
       "path"},
      {"missing key column", by_key, false, OnViolation::kFail, false, ErrorKind::kNotFound,
       "start"},
      {"no predicate", Checks(), false, OnViolation::kFail, false, ErrorKind::kInvalidArgument,
       "predicate"},
      {"no sink", Checks(), true, OnViolation::kQuarantine, false, ErrorKind::kInvalidArgument,
       "on_violation"},
  };
  for (const Case& each : cases) {
    EnforceOptions options;
    options.on_violation = each.on_violation;
    auto stream = Enforce(StreamOfRows({}), each.contract,
                          each.predicate ? std::make_unique<RangePredicate>() : nullptr, options);
    ASSERT_FALSE(stream) << each.name;
    EXPECT_EQ(stream.error().kind(), each.kind) << each.name;
    EXPECT_NE(stream.error().message().find(each.message_part), std::string::npos)
        << stream.error().message();
  }
}

TEST(Enforce, RefusesNestedKeys) {
  OwnedSchema schema = columnar::MakeSchema(
      {{.name = "tags", .format = "+l", .children = {{.name = "item", .format = "u"}}}});
  auto stream =
      Enforce(StreamOf(std::move(schema), {}),
              {.dataset = "d", .key = {"tags"}, .not_null = {}, .checks = {}}, nullptr, {});
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind(), ErrorKind::kUnsupported);
}

TEST(Enforce, KeysStayWithinTheirMemory) {
  Batches batches(1);
  for (std::int64_t i = 0; i < 5'000; ++i) batches[0].push_back({"a", i});
  EnforceOptions options;
  options.key_memory_bytes = 64 * 1024;
  auto stream =
      Enforce(StreamOfRows(batches),
              {.dataset = "d", .key = {"start"}, .not_null = {}, .checks = {}}, nullptr, options);
  ASSERT_TRUE(stream);
  const auto rows = ReadAll(**stream);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind(), ErrorKind::kResourceLimit);
}

TEST(Enforce, PassesOtherErrorsOn) {
  for (const bool fails : {true, false}) {
    auto stream =
        Enforce(StreamOfRows({{{"a", 1}}}), Checks(), std::make_unique<BrokenPredicate>(fails), {});
    ASSERT_TRUE(stream);
    const auto rows = ReadAll(**stream);
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().kind(), fails ? ErrorKind::kTimeout : ErrorKind::kInternal);
  }
  EnforceOptions options;
  options.on_violation = OnViolation::kQuarantine;
  CollectingSink full;
  full.status = Error(ErrorKind::kIo, "disk full");
  auto stream = Enforce(StreamOfRows({{{"a", -1}}}), Checks(), std::make_unique<RangePredicate>(),
                        options, &full);
  ASSERT_TRUE(stream);
  EXPECT_EQ(ReadAll(**stream).error().kind(), ErrorKind::kIo);
}

TEST(Enforce, CancelStopsTheCount) {
  EnforceOptions options;
  options.cancel.Cancel();
  auto stream =
      Enforce(StreamOfRows({{{"a", 1}}}), Checks(), std::make_unique<RangePredicate>(), options);
  ASSERT_TRUE(stream);
  EXPECT_EQ(ReadAll(**stream).error().kind(), ErrorKind::kCancelled);
}

TEST(QuarantineSchema, OwnColumnsMakeWay) {
  const OwnedSchema schema = columnar::MakeSchema({{.name = "errors", .format = "l"},
                                                   {.name = "errors_", .format = "l"},
                                                   {.name = "row_ordinal", .format = "u"}});
  const auto quarantine = QuarantineSchema(*schema);
  ASSERT_TRUE(quarantine);
  EXPECT_EQ(
      columnar::ColumnNames(**quarantine),
      (std::vector<std::string>{"row_ordinal", "errors", "errors__", "errors_", "row_ordinal_"}));
}

}  // namespace
}  // namespace lakegate::datasets
