#include "control/collapse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakegate::control {
namespace {

using delta::Operation;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Info(const std::string& operation, bool blind = false) {
  return R"({"commitInfo":{"operation":")" + operation + R"(","isBlindAppend":)" +
         (blind ? "true" : "false") + "}}\n";
}
std::string Add(const std::string& path, const std::string& more = "") {
  return R"({"add":{"path":")" + path + R"(","size":1,"dataChange":true)" + more + "}}\n";
}
std::string Remove(const std::string& path, const std::string& more = "") {
  return R"({"remove":{"path":")" + path + R"(","dataChange":true)" + more + "}}\n";
}

CollapsedCommit Collapsed(const std::vector<std::string>& entries) {
  auto collapsed = Collapse(entries);
  EXPECT_TRUE(collapsed) << collapsed.error().ToString();
  return *std::move(collapsed);
}

TEST(Collapse, OfNothingIsNothing) {
  const auto collapsed = Collapsed({});
  EXPECT_EQ(collapsed.operation, Operation::kAppend);
  EXPECT_TRUE(collapsed.actions.empty());
  EXPECT_EQ(collapsed.changes_of_rows, 0);
}

TEST(Collapse, LeavesOutWhatCameAndWent) {
  const auto collapsed =
      Collapsed({Info("WRITE", true) + Add("new"), Info("DELETE") + Remove("new") + Add("rest"),
                 Info("UPDATE") + Remove("old") + Add("other")});
  EXPECT_THAT(collapsed.removed, ElementsAre("old"));
  EXPECT_THAT(collapsed.added, ElementsAre("other", "rest"));
  EXPECT_EQ(collapsed.actions.size(), 3U);
  EXPECT_EQ(collapsed.operation, Operation::kChange);
  EXPECT_EQ(collapsed.changes_of_rows, 3);
  EXPECT_THAT(collapsed.operations, ElementsAre("WRITE", "DELETE", "UPDATE"));
}

// The table's file goes as it was, and comes with the marks of the last change.
TEST(Collapse, KeepsTheLastMarksOfAFile) {
  const std::string one = R"(,"deletionVector":{"storageType":"u","cardinality":1})";
  const std::string two = R"(,"deletionVector":{"storageType":"u","cardinality":2})";
  const auto collapsed = Collapsed({Info("DELETE") + Remove("f") + Add("f", one),
                                    Info("DELETE") + Remove("f", one) + Add("f", two)});
  EXPECT_THAT(collapsed.removed, ElementsAre("f"));
  ASSERT_EQ(collapsed.actions.size(), 2U);
  EXPECT_THAT(collapsed.actions[0], ::testing::Not(HasSubstr("cardinality")));
  EXPECT_THAT(collapsed.actions[1], HasSubstr("\"cardinality\":2"));
  EXPECT_TRUE(collapsed.has_deletion_vectors);
}

TEST(Collapse, TakesAFileThatWasMarkedAndThenRemoved) {
  const auto collapsed =
      Collapsed({Info("DELETE") + Remove("f") + Add("f"), Info("DELETE") + Remove("f")});
  EXPECT_THAT(collapsed.removed, ElementsAre("f"));
  EXPECT_TRUE(collapsed.added.empty());
  EXPECT_EQ(collapsed.actions.size(), 1U);
}

TEST(Collapse, LastProtocolMetadataAndApplicationCount) {
  const auto collapsed = Collapsed(
      {Info("SET TBLPROPERTIES") + "{\"metaData\":{\"id\":\"1\"}}\n{\"txn\":{\"appId\":\"a\","
                                   "\"version\":1}}\n",
       Info("SET TBLPROPERTIES") + "{\"metaData\":{\"id\":\"2\"}}\n{\"protocol\":{"
                                   "\"minReaderVersion\":1}}\n{\"txn\":{\"appId\":\"a\","
                                   "\"version\":2}}\n"});
  ASSERT_EQ(collapsed.actions.size(), 2U);
  EXPECT_THAT(collapsed.actions[0], HasSubstr("protocol"));
  EXPECT_THAT(collapsed.actions[1], HasSubstr("\"2\""));
  ASSERT_EQ(collapsed.transactions.size(), 1U);
  EXPECT_EQ(collapsed.transactions[0].version, 2);
  EXPECT_EQ(collapsed.operation, Operation::kAlter);
  EXPECT_EQ(collapsed.changes_of_rows, 0);
}

TEST(Collapse, IsTheStrictestOfItsParts) {
  const auto of = [](const std::vector<std::string>& names) {
    std::vector<std::string> entries;
    for (const auto& name : names) entries.push_back(Info(name, name == "WRITE"));
    return Collapsed(entries).operation;
  };
  EXPECT_EQ(of({"WRITE"}), Operation::kAppend);
  EXPECT_EQ(of({"WRITE", "OPTIMIZE"}), Operation::kOptimize);
  EXPECT_EQ(of({"MERGE", "SET TBLPROPERTIES"}), Operation::kChange);
  EXPECT_EQ(of({"ADD CONSTRAINT", "DELETE"}), Operation::kConstrain);
  EXPECT_EQ(of({"DELETE", "RESTORE", "WRITE"}), Operation::kRestore);
  EXPECT_EQ(of({"DELETE", "SOMETHING ELSE"}), Operation::kOverwrite);
  EXPECT_EQ(Collapsed({Info("WRITE", false) + Add("x")}).operation, Operation::kOverwrite);
}

TEST(Collapse, RefusesWhatIsNoEntry) {
  const auto broken = Collapse({Info("WRITE") + "not json\n"});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().kind(), ErrorKind::kCorruptData);
}

}  // namespace
}  // namespace lakegate::control
