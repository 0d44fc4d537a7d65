#include "delta/conflict.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lakegate::delta {
namespace {

CommitEntry Appended() { return {.version = 1, .adds = 1, .data_change = true}; }
CommitEntry Removed() { return {.version = 1, .adds = 1, .removes = 1, .data_change = true}; }
CommitEntry Compacted() { return {.version = 1, .adds = 1, .removes = 3, .data_change = false}; }
CommitEntry ChangedMetadata() { return {.version = 1, .metadata = true}; }
CommitEntry ChangedProtocol() { return {.version = 1, .metadata = true, .protocol = true}; }
CommitEntry OfApp(std::string app) {
  return {.version = 1, .adds = 1, .data_change = true, .transactions = {{std::move(app), 1}}};
}
CommitEntry Bare() { return {.version = 1}; }

struct Case {
  const char* name;
  Operation ours;
  CommitEntry winner;
  std::optional<ConflictKind> expected;
};

TEST(JudgeConflict, IsTheTableOfTheHeader) {
  const auto again = std::optional<ConflictKind>();
  const Case cases[] = {
      {"append/append", Operation::kAppend, Appended(), again},
      {"append/remove", Operation::kAppend, Removed(), again},
      {"append/compaction", Operation::kAppend, Compacted(), again},
      {"append/metadata", Operation::kAppend, ChangedMetadata(), ConflictKind::kMetadataChanged},
      {"append/protocol", Operation::kAppend, ChangedProtocol(), ConflictKind::kProtocolChanged},
      {"append/our app", Operation::kAppend, OfApp("job"), ConflictKind::kSameApplication},
      {"append/other app", Operation::kAppend, OfApp("other"), again},
      {"append/nothing", Operation::kAppend, Bare(), again},
      {"create/append", Operation::kCreate, Appended(), ConflictKind::kTableCreated},
      {"create/metadata", Operation::kCreate, ChangedMetadata(), ConflictKind::kTableCreated},
      {"create/nothing", Operation::kCreate, Bare(), ConflictKind::kTableCreated},
      {"overwrite/append", Operation::kOverwrite, Appended(), ConflictKind::kRowsAppended},
      {"overwrite/remove", Operation::kOverwrite, Removed(), ConflictKind::kRowsChanged},
      {"overwrite/compaction", Operation::kOverwrite, Compacted(), ConflictKind::kRowsChanged},
      {"overwrite/metadata", Operation::kOverwrite, ChangedMetadata(),
       ConflictKind::kMetadataChanged},
      {"overwrite/our app", Operation::kOverwrite, OfApp("job"), ConflictKind::kSameApplication},
      {"overwrite/nothing", Operation::kOverwrite, Bare(), again},
      {"optimize/append", Operation::kOptimize, Appended(), ConflictKind::kRowsAppended},
      {"optimize/optimize", Operation::kOptimize, Compacted(), ConflictKind::kRowsChanged},
      {"optimize/remove", Operation::kOptimize, Removed(), ConflictKind::kRowsChanged},
  };
  for (const auto& test : cases) {
    const std::vector<CommitEntry> winners = {test.winner};
    EXPECT_EQ(JudgeConflict(test.ours, "job", winners), test.expected) << test.name;
  }
}

TEST(JudgeConflict, TakesTheGravestOfSeveralWinners) {
  const std::vector<CommitEntry> winners = {Appended(), ChangedMetadata(), Removed()};
  EXPECT_EQ(JudgeConflict(Operation::kOverwrite, "", winners), ConflictKind::kMetadataChanged);
  EXPECT_EQ(JudgeConflict(Operation::kAppend, "", winners), ConflictKind::kMetadataChanged);
}

TEST(JudgeConflict, AWriteWithoutAnApplicationMeetsNone) {
  const std::vector<CommitEntry> winners = {OfApp("")};
  EXPECT_EQ(JudgeConflict(Operation::kAppend, "", winners), std::nullopt);
}

}  // namespace
}  // namespace lakegate::delta
