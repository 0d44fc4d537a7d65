#include "write/plan.h"

#include <gtest/gtest.h>

#include "columnar/schema.h"
#include "write/maintain.h"

namespace lakegate::write {
namespace {

WritePolicy TestPolicy() {
  WritePolicy policy;
  policy.small_table_file_bytes = 32;
  policy.target_file_bytes = 96;
  policy.large_table_file_bytes = 128;
  policy.compression = "zstd";
  policy.statistics = "auto";
  policy.statistics_columns_max = 3;
  policy.decided_by = {{"compression", "preset prod"}};
  return policy;
}

OwnedSchema Wide() {
  return columnar::MakeSchema({{.name = "raw", .format = "z"},
                               {.name = "a", .format = "l"},
                               {.name = "b", .format = "u"},
                               {.name = "c", .format = "g"},
                               {.name = "d", .format = "l"}});
}

const PolicyDecision& DecisionOf(const WritePlan& plan, std::string_view name) {
  for (const auto& decision : plan.decisions) {
    if (decision.name == name) return decision;
  }
  static const PolicyDecision kNone;
  return kNone;
}

TEST(TargetFileBytes, AdaptsToTheRows) {
  const WritePolicy policy = TestPolicy();
  EXPECT_EQ(TargetFileBytes(policy, std::nullopt), 96);
  EXPECT_EQ(TargetFileBytes(policy, 0), 32);
  EXPECT_EQ(TargetFileBytes(policy, 9'999), 32);
  EXPECT_EQ(TargetFileBytes(policy, 10'000), 96);
  EXPECT_EQ(TargetFileBytes(policy, 1'000'000), 96);
  EXPECT_EQ(TargetFileBytes(policy, 1'000'001), 128);
}

TEST(TargetFileBytes, NeverAgainstThePolicysOwnSize) {
  WritePolicy policy = TestPolicy();
  policy.target_file_bytes = 10;
  EXPECT_EQ(TargetFileBytes(policy, 5), 10);
  policy.target_file_bytes = 500;
  EXPECT_EQ(TargetFileBytes(policy, 2'000'000), 500);
}

TEST(PlanWrite, StatisticsTakeKeysFirstAndStopAtTheLimit) {
  WriteOptions options;
  options.key = {"d"};
  options.partition_by = {"a"};
  const auto plan = PlanWrite(options, DataFormat::kDelta, *Wide(), TestPolicy(), {}, {});
  ASSERT_TRUE(plan) << plan.error().ToString();
  EXPECT_EQ(plan->statistics_columns, (std::vector<std::string>{"d", "b", "c"}));
  EXPECT_EQ(DecisionOf(*plan, "compression").decided_by, "preset prod");
  EXPECT_EQ(DecisionOf(*plan, "partition_by").decided_by, "option");
}

TEST(PlanWrite, StatisticsCanBeOffOrNamed) {
  WriteOptions options;
  options.statistics = StatisticsMode::kOff;
  auto plan = PlanWrite(options, DataFormat::kDelta, *Wide(), TestPolicy(), {}, {});
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->statistics_columns.empty());
  options.statistics = StatisticsMode::kExplicit;
  options.statistics_columns = {"c", "a"};
  plan = PlanWrite(options, DataFormat::kDelta, *Wide(), TestPolicy(), {}, {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->statistics_columns, (std::vector<std::string>{"c", "a"}));
}

TEST(PlanWrite, RefusesColumnsThatAreNotThere) {
  for (int which = 0; which < 4; ++which) {
    WriteOptions options;
    (which == 0   ? options.partition_by
     : which == 1 ? options.key
     : which == 2 ? options.not_null
                  : options.statistics_columns) = {"missing"};
    const auto plan = PlanWrite(options, DataFormat::kDelta, *Wide(), TestPolicy(), {}, {});
    ASSERT_FALSE(plan) << which;
    EXPECT_EQ(plan.error().kind(), ErrorKind::kNotFound);
    EXPECT_NE(plan.error().message().find("missing"), std::string::npos);
  }
}

TEST(PlanWrite, ATableKeepsItsPartitions) {
  const ExistingTable table{3, {"a"}, {}};
  auto plan = PlanWrite({}, DataFormat::kDelta, *Wide(), TestPolicy(), table, {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->partition_columns, std::vector<std::string>{"a"});
  EXPECT_EQ(DecisionOf(*plan, "partition_by").decided_by, "table");
  WriteOptions options;
  options.partition_by = {"b"};
  plan = PlanWrite(options, DataFormat::kDelta, *Wide(), TestPolicy(), table, {});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind(), ErrorKind::kSchemaMismatch);
}

TEST(PlanWrite, NeedsAColumnThatIsNoPartition) {
  WriteOptions options;
  options.partition_by = {"raw", "a", "b", "c", "d"};
  const auto plan = PlanWrite(options, DataFormat::kDelta, *Wide(), TestPolicy(), {}, {});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind(), ErrorKind::kInvalidArgument);
}

TEST(PlanWrite, OptionsWinOverPolicy) {
  WriteOptions options;
  options.options = {{"compression", "snappy"}, {"target_file_size", "1 MiB"}};
  const auto plan = PlanWrite(options, DataFormat::kDelta, *Wide(), TestPolicy(), {}, 5);
  ASSERT_TRUE(plan) << plan.error().ToString();
  EXPECT_EQ(plan->compression, "snappy");
  EXPECT_EQ(plan->target_file_bytes, 1 << 20);
  EXPECT_EQ(DecisionOf(*plan, "target_file_size").decided_by, "option");
}

TEST(WriteOptions, ValidateRefuses) {
  const auto refused = [](auto change) {
    WriteOptions options;
    options.destination.path = "/t";
    change(options);
    const Status status = options.Validate();
    return !status && status.error().kind() == ErrorKind::kInvalidArgument;
  };
  EXPECT_FALSE(refused([](WriteOptions&) {}));
  EXPECT_TRUE(refused([](WriteOptions& o) { o.destination.path = ""; }));
  EXPECT_TRUE(refused([](WriteOptions& o) { o.destination.version = 1; }));
  EXPECT_TRUE(refused([](WriteOptions& o) { o.partition_by = {"a", "a"}; }));
  EXPECT_TRUE(refused([](WriteOptions& o) { o.not_null = {""}; }));
  EXPECT_TRUE(refused([](WriteOptions& o) { o.checks = {{"a", ""}}; }));
  EXPECT_TRUE(refused([](WriteOptions& o) { o.checks = {{"a", "x"}, {"a", "y"}}; }));
  EXPECT_TRUE(refused([](WriteOptions& o) { o.app_transaction = AppTransaction{"", 1}; }));
  EXPECT_TRUE(refused([](WriteOptions& o) { o.app_transaction = AppTransaction{"a", -1}; }));
  EXPECT_TRUE(refused([](WriteOptions& o) { o.expected_version = -2; }));
  EXPECT_TRUE(refused([](WriteOptions& o) { o.statistics = StatisticsMode::kExplicit; }));
  EXPECT_TRUE(refused([](WriteOptions& o) { o.statistics_columns = {"a"}; }));
}

TEST(WriteMode, TextAndNameAgree) {
  for (const auto mode : {WriteMode::kError, WriteMode::kAppend, WriteMode::kOverwrite}) {
    const auto parsed = WriteModeFromText(WriteModeName(mode));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, mode);
  }
  const auto wrong = WriteModeFromText("overwite");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_NE(wrong.error().message().find("Did you mean 'overwrite'"), std::string::npos);
}

TEST(ReceiptToJson, SpellsEveryField) {
  WriteReceipt receipt;
  receipt.destination = "/t";
  receipt.outcome = AlreadyApplied{4};
  receipt.duration_ms = {{"plan", 1}};
  const std::string json = ReceiptToJson(receipt);
  for (const char* part :
       {"\"destination\":\"/t\"", "\"outcome\":\"already_applied\"", "\"version\":4", "\"rows\":0",
        "\"duration_ms\":{\"plan\":1}", "\"maintenance\":[]", "\"mode\":\"error\""}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
  }
}

TEST(DecideMaintenance, GivesAReasonForEachAction) {
  struct Case {
    MaintenancePolicy policy;
    TableMetrics metrics;
    const char* optimize;
    const char* checkpoint;
  };
  const MaintenancePolicy both{OptimizePolicy::kWhenSmallFiles, 100, 3, 10};
  const Case cases[] = {
      {{}, {5, 100, 100}, "not_configured", "not_configured"},
      {both, {5, 2, 9}, "below_threshold", "below_threshold"},
      {both, {5, 3, 10}, "small_files", "interval_reached"},
  };
  for (const auto& test : cases) {
    const auto decisions = DecideMaintenance(test.policy, test.metrics);
    ASSERT_EQ(decisions.size(), 3u);
    EXPECT_EQ(decisions[0].reason, test.optimize);
    EXPECT_EQ(decisions[0].done, decisions[0].reason == "small_files");
    EXPECT_EQ(decisions[1].reason, test.checkpoint);
    EXPECT_EQ(decisions[1].done, decisions[1].reason == "interval_reached");
    EXPECT_EQ(decisions[2].reason, "not_configured");
  }
}

WriteOptions WithOption(const std::string& name, const std::string& value) {
  WriteOptions options;
  options.options[name] = value;
  return options;
}

TEST(PlanWrite, SettingsOfColumnsAreTheirs) {
  WriteOptions options = WithOption("column.b.compression", "gzip");
  options.options["column.b.dictionary"] = "false";
  options.options["column.d.bloom_filter_fpp"] = "0.01";
  options.options["column.d.bloom_filter_ndv"] = "1000";
  options.options["column.d.statistics"] = "chunk";
  ASSERT_TRUE(CheckWriteOptions(options, DataFormat::kDelta));
  const auto plan = PlanWrite(options, DataFormat::kDelta, *Wide(), TestPolicy(), {}, {});
  ASSERT_TRUE(plan) << plan.error().ToString();
  ASSERT_EQ(plan->columns.size(), 2U);
  EXPECT_EQ(plan->columns.at("b").compression, "gzip");
  EXPECT_EQ(plan->columns.at("b").dictionary, false);
  EXPECT_EQ(plan->columns.at("d").bloom_filter_fpp, 0.01);
  EXPECT_EQ(plan->columns.at("d").bloom_filter_ndv, 1000);
  EXPECT_EQ(plan->columns.at("d").statistics, "chunk");
  EXPECT_EQ(DecisionOf(*plan, "column.b.compression").decided_by, "option");
}

TEST(PlanWrite, SettingsThatColumnsDoNotHaveAreRefused) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"column.b.compresion", "gzip"},
                                                        {"column.b.compression", "best"},
                                                        {"column.b.dictionary", "yes"},
                                                        {"column.b.statistics", "some"},
                                                        {"column.b.bloom_filter_fpp", "1.5"},
                                                        {"column.b.bloom_filter_fpp", "0"},
                                                        {"column.b.bloom_filter_ndv", "-4"},
                                                        {"column.b.bloom_filter_ndv", "many"},
                                                        {"column.b", "gzip"},
                                                        {"column.", "gzip"}}) {
    const auto checked = CheckWriteOptions(WithOption(name, value), DataFormat::kDelta);
    ASSERT_FALSE(checked) << name << " = " << value;
    EXPECT_EQ(checked.error().kind(), ErrorKind::kInvalidArgument);
  }
  EXPECT_FALSE(CheckWriteOptions(WithOption("column.b.dictionary", "true"), DataFormat::kCsv));
  const auto nowhere = PlanWrite(WithOption("column.nobody.dictionary", "true"), DataFormat::kDelta,
                                 *Wide(), TestPolicy(), {}, {});
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().message().find("nobody"), std::string::npos);
}

}  // namespace
}  // namespace lakegate::write
