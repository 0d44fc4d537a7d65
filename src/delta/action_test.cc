#include "delta/action.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "delta/commit_entry.h"

namespace lakegate::delta {
namespace {

constexpr std::string_view kAdd =
    R"({"path":"d=1/a.parquet","partitionValues":{"d":"1","e":null},"size":123,)"
    R"("modificationTime":5,"dataChange":true,"stats":"{\"numRecords\":7}",)"
    R"("deletionVector":{"storageType":"i"},"baseRowId":null})";

TEST(DeltaAction, ReadsAnAdd) {
  const auto files = ParseAdds("[" + std::string(kAdd) + "]");
  ASSERT_TRUE(files) << files.error().ToString();
  ASSERT_EQ(files->size(), 1u);
  const AddFile& file = files->front();
  EXPECT_EQ(file.path, "d=1/a.parquet");
  EXPECT_EQ(file.bytes, 123);
  EXPECT_EQ(file.rows, 7);
  EXPECT_EQ(file.partition_values.at("d"), "1");
  EXPECT_EQ(file.partition_values.at("e"), std::nullopt);
}

TEST(DeltaAction, ReadsAWrappedAdd) {
  const auto files = ParseAdds(R"([{"add":)" + std::string(kAdd) + "}]");
  ASSERT_TRUE(files) << files.error().ToString();
  EXPECT_EQ(files->front().rows, 7);
}

TEST(DeltaAction, ARemoveRepeatsWhatTheProtocolAsks) {
  const auto files = ParseAdds("[" + std::string(kAdd) + "]");
  ASSERT_TRUE(files);
  const auto remove = RemoveAction(files->front(), 99);
  ASSERT_TRUE(remove);
  const auto parsed = nlohmann::json::parse(*remove);
  EXPECT_EQ(parsed, nlohmann::json::parse(R"({"remove":{"path":"d=1/a.parquet","dataChange":true,)"
                                          R"("deletionTimestamp":99,"extendedFileMetadata":true,)"
                                          R"("partitionValues":{"d":"1","e":null},"size":123,)"
                                          R"("deletionVector":{"storageType":"i"}}})"));
}

TEST(DeltaAction, RefusesWhatIsNoListOfAdds) {
  const char* cases[] = {"",
                         "{}",
                         "[1]",
                         "[{}]",
                         R"([{"path":"a"}])",
                         R"([{"path":1,"size":1}])",
                         R"([{"path":"a","size":"1"}])"};
  for (const char* text : cases) {
    const auto files = ParseAdds(text);
    ASSERT_FALSE(files) << text;
    EXPECT_EQ(files.error().kind(), ErrorKind::kCorruptData);
  }
}

TEST(CommitEntry, ReadsWhatACommitDid) {
  const auto entry = ParseCommitEntry(
      3,
      "{\"commitInfo\":{\"operation\":\"WRITE\",\"lakegateWriteId\":\"w1\"}}\n"
      "{\"metaData\":{}}\n{\"add\":{\"dataChange\":true}}\n\n{\"remove\":{\"dataChange\":true}}\n"
      "{\"txn\":{\"appId\":\"job\",\"version\":9}}\n{\"somethingNew\":{}}\n");
  ASSERT_TRUE(entry) << entry.error().ToString();
  EXPECT_EQ(entry->version, 3);
  EXPECT_EQ(entry->adds, 1);
  EXPECT_EQ(entry->removed.size(), 1U);
  EXPECT_TRUE(entry->adds_rows);
  EXPECT_TRUE(entry->metadata);
  EXPECT_FALSE(entry->protocol);
  EXPECT_EQ(entry->operation, "WRITE");
  EXPECT_EQ(entry->write_id, "w1");
  ASSERT_EQ(entry->transactions.size(), 1u);
  EXPECT_EQ(entry->transactions[0], (AppTransaction{"job", 9}));
}

TEST(CommitEntry, CompactionChangesNoData) {
  const auto entry = ParseCommitEntry(
      1, "{\"add\":{\"dataChange\":false}}\n{\"remove\":{\"dataChange\":false}}\n");
  ASSERT_TRUE(entry);
  EXPECT_FALSE(entry->adds_rows);
}

TEST(CommitEntry, RefusesALineThatIsNoActionAndSaysWhich) {
  const char* cases[] = {"{\"add\":{}}\n{broken", "{\"add\":{}}\n[]", "{\"add\":{}}\n{\"add\":1}",
                         "{\"add\":{}}\n{}"};
  for (const char* text : cases) {
    const auto entry = ParseCommitEntry(12, text);
    ASSERT_FALSE(entry) << text;
    EXPECT_EQ(entry.error().kind(), ErrorKind::kCorruptData);
    const auto* position = std::get_if<FilePosition>(&entry.error().detail());
    ASSERT_NE(position, nullptr);
    EXPECT_EQ(position->line, 2);
    EXPECT_EQ(position->path, "_delta_log/00000000000000000012.json");
  }
}

}  // namespace
}  // namespace lakegate::delta
