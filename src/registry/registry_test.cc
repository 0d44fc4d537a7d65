#include "registry/registry.h"

#include <gtest/gtest.h>

namespace lakegate::registry {
namespace {

using Names = std::vector<std::string>;

TEST(Registry, GivesBackWhatWasRegistered) {
  Registry<int> registry("dataset");
  ASSERT_TRUE(registry.Register("calls", 1));
  ASSERT_TRUE(registry.Register("Calls", 2));
  EXPECT_EQ(*registry.Get("calls").value(), 1);
  EXPECT_EQ(*registry.Get("Calls").value(), 2);
  EXPECT_TRUE(registry.Contains("calls"));
  EXPECT_FALSE(registry.Contains("CALLS"));
  EXPECT_EQ(registry.size(), 2u);
}

TEST(Registry, RefusesANameTwiceUnlessAskedToReplace) {
  Registry<int> registry("dataset");
  ASSERT_TRUE(registry.Register("calls", 1));
  const Status again = registry.Register("calls", 2);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), ErrorKind::kAlreadyExists);
  EXPECT_NE(again.error().message().find("'calls'"), std::string::npos);
  EXPECT_EQ(*registry.Get("calls").value(), 1);
  ASSERT_TRUE(registry.Register("calls", 3, OnExisting::kReplace));
  EXPECT_EQ(*registry.Get("calls").value(), 3);
}

TEST(Registry, RefusesAnEmptyName) {
  Registry<int> registry("dataset");
  EXPECT_EQ(registry.Register("", 1).error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(registry.Register("", 1, OnExisting::kReplace).error().kind(),
            ErrorKind::kInvalidArgument);
}

TEST(Registry, NamesTheNearestOfUnknownNames) {
  Registry<int> registry("dataset");
  ASSERT_TRUE(registry.Register("functions", 1));
  const auto missing = registry.Get("fuctions");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::kNotFound);
  EXPECT_NE(missing.error().message().find("Did you mean 'functions'?"), std::string::npos);
  EXPECT_EQ(registry.Remove("fuctions").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(Registry<int>("function").Get("x").error().kind(), ErrorKind::kNotFound);
}

TEST(Registry, IteratesInTheOrderOfBytes) {
  Registry<int> registry("dataset");
  for (const char* name : {"b", "a", "C", "ab"}) ASSERT_TRUE(registry.Register(name, 0));
  EXPECT_EQ(registry.Names(), (Names{"C", "a", "ab", "b"}));
  Names walked;
  for (const auto& [name, entry] : registry) walked.push_back(name);
  EXPECT_EQ(walked, registry.Names());
}

TEST(Registry, SnapshotsDoNotSeeLaterChanges) {
  Registry<int> registry("dataset");
  ASSERT_TRUE(registry.Register("a", 1));
  const Registry<int>::Snapshot before = registry.TakeSnapshot();
  ASSERT_TRUE(registry.Register("b", 2));
  ASSERT_TRUE(registry.Register("a", 9, OnExisting::kReplace));
  EXPECT_EQ(before->size(), 1u);
  EXPECT_EQ(before->at("a"), 1);
  registry.Restore(before);
  EXPECT_EQ(registry.Names(), Names{"a"});
  EXPECT_EQ(*registry.Get("a").value(), 1);
  // The restored registry changes on its own; the snapshot can be restored again.
  ASSERT_TRUE(registry.Remove("a"));
  EXPECT_EQ(registry.size(), 0u);
  registry.Restore(before);
  EXPECT_TRUE(registry.Contains("a"));
}

TEST(Registry, CheckpointsNest) {
  Registry<int> registry("dataset");
  ASSERT_TRUE(registry.PushCheckpoint());
  ASSERT_TRUE(registry.Register("a", 1));
  ASSERT_TRUE(registry.PushCheckpoint());
  ASSERT_TRUE(registry.Register("b", 1));
  ASSERT_TRUE(registry.RestoreCheckpoint());
  EXPECT_EQ(registry.Names(), Names{"a"});
  ASSERT_TRUE(registry.PushCheckpoint());
  registry.ReleaseCheckpoint();
  ASSERT_TRUE(registry.RestoreCheckpoint());
  EXPECT_EQ(registry.size(), 0u);
  EXPECT_EQ(registry.RestoreCheckpoint().error().kind(), ErrorKind::kInternal);
}

}  // namespace
}  // namespace lakegate::registry
