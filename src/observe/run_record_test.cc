#include "lakegate/run_record.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temporary_directory_for_test.h"

namespace lakegate {
namespace {

RunRecord Sample(std::string id, std::int64_t started_at_ms) {
  RunRecord record;
  record.id = std::move(id);
  record.job = "call-map \u4e2d";
  record.status = RunStatus::kFailed;
  record.started_at_ms = started_at_ms;
  record.ended_at_ms = started_at_ms + 1;
  record.profile_fingerprint = "f";
  record.versions = {{"lakegate", "0.1.0"}};
  record.inputs = {{"a", "a.csv", "csv", -1, ""}, {"t", "out/t", "delta", 7, "d"}};
  record.outputs = {{"o", "out/o", R"({"rows":1,"files":["x"]})"}, {"p", "out/p", "not json"}};
  record.steps = {{"s", "kernel", RunStatus::kCompleted, 1, 2, 3, 4}, {"t", "write"}};
  record.events = {{1, 5, "run_started", 1, R"({"job":"call-map"})"}};
  record.events_dropped = 2;
  record.error_json = R"({"kind":"kIo","code":61,"message":"m"})";
  return record;
}

constexpr const char* kFirst = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
constexpr const char* kSecond = "017f22e2-79b1-7cc3-98c4-dc0c0c073990";
constexpr const char* kThird = "017f33e2-79b1-7cc3-98c4-dc0c0c073990";

TEST(RunRecordJson, ReadsBackEqual) {
  const RunRecord record = Sample(kFirst, 10);
  const auto parsed = ParseRunRecord(ToJson(record));
  ASSERT_TRUE(parsed) << parsed.error().ToString();
  EXPECT_EQ(*parsed, record);
  EXPECT_EQ(ParseRunRecord(ToJson(RunRecord())).value(), RunRecord());
  EXPECT_EQ(ToJson(*parsed), ToJson(record));
}

TEST(RunRecordJson, RefusesWhatIsNoRecord) {
  const std::string whole = ToJson(Sample(kFirst, 10));
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = whole;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), std::string("null"),
        whole.substr(0, whole.size() / 2), whole + "x",
        replaced("\"record_version\": 1", "\"record_version\": 2"),
        replaced("\"record_version\": 1", "\"record_version\": \"1\""),
        replaced("\"status\": \"failed\"", "\"status\": \"exploded\""),
        replaced("\"steps\": [", "\"steps\": [5, "), replaced("\"job\"", "\"jab\""),
        replaced("\"started_at_ms\": 10", "\"started_at_ms\": null")}) {
    const auto parsed = ParseRunRecord(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kCorruptData);
  }
}

class RunDirectoryTest : public testing::Test {
 protected:
  void Keep(const RunRecord& record) {
    ASSERT_TRUE(base::WriteFileAtomically(directory_ / (record.id + ".json"), ToJson(record)));
  }
  base::TemporaryDirectory directory_;
};

TEST_F(RunDirectoryTest, ListsOldestFirstAndNamesWhatItCannotRead) {
  Keep(Sample(kThird, 5));
  Keep(Sample(kFirst, 10));
  Keep(Sample(kSecond, 30));
  ASSERT_TRUE(
      base::WriteFileAtomically(directory_ / "017f22e2-79b0-7cc3-98c4-000000000000.json", "{"));
  ASSERT_TRUE(base::WriteFileAtomically(directory_ / "notes.json", "{}"));
  ASSERT_TRUE(base::WriteFileAtomically(directory_ / (std::string(kFirst) + ".events.ndjson"), ""));
  const RunList list = ListRuns(directory_.path()).value();
  ASSERT_EQ(list.runs.size(), 3u);
  EXPECT_EQ(list.runs[0].id, kThird);
  EXPECT_EQ(list.runs[2].id, kSecond);
  EXPECT_EQ(list.unreadable, std::vector<std::string>{"017f22e2-79b0-7cc3-98c4-000000000000.json"});
}

TEST_F(RunDirectoryTest, HasNoRunsWhenItDoesNotExist) {
  const RunList list = ListRuns(directory_ / "none").value();
  EXPECT_TRUE(list.runs.empty());
  EXPECT_EQ(LoadRun(directory_ / "none", "last").error().kind(), ErrorKind::kNotFound);
  ASSERT_TRUE(base::WriteFileAtomically(directory_ / "file", ""));
  EXPECT_EQ(ListRuns(directory_ / "file").error().kind(), ErrorKind::kNotFound);
}

TEST_F(RunDirectoryTest, LoadsByIdByPrefixAndLast) {
  for (const char* id : {kFirst, kSecond, kThird}) Keep(Sample(id, 1));
  EXPECT_EQ(LoadRun(directory_.path(), kFirst).value().id, kFirst);
  EXPECT_EQ(LoadRun(directory_.path(), "017f22e2-79b0").value().id, kFirst);
  EXPECT_EQ(LoadRun(directory_.path(), "017f3").value().id, kThird);
  EXPECT_EQ(LoadRun(directory_.path(), "last").value().id, kThird);
}

TEST_F(RunDirectoryTest, RefusesUnknownAmbiguousAndPathLikeIds) {
  for (const char* id : {kFirst, kSecond}) Keep(Sample(id, 1));
  EXPECT_EQ(LoadRun(directory_.path(), "017f22").error().kind(), ErrorKind::kInvalidArgument);
  for (const std::string_view id : {"", "018", "../runs", "/etc/passwd", "017F22E2-79B0"}) {
    const auto missing = LoadRun(directory_.path(), id);
    ASSERT_FALSE(missing) << id;
    EXPECT_EQ(missing.error().kind(), ErrorKind::kNotFound) << id;
    EXPECT_NE(missing.error().message().find("run_directory"), std::string::npos);
  }
  ASSERT_TRUE(base::WriteFileAtomically(directory_ / (std::string(kThird) + ".json"), "{"));
  const auto corrupt = LoadRun(directory_.path(), kThird);
  ASSERT_FALSE(corrupt);
  EXPECT_EQ(corrupt.error().kind(), ErrorKind::kCorruptData);
  EXPECT_NE(corrupt.error().message().find(kThird), std::string::npos);
}

}  // namespace
}  // namespace lakegate
