#include "delta/conflict.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace lakegate::delta {
namespace {

// What a winner may have done. Our commit takes "ours" away.
enum class Deed {
  kTookOurs,
  kAdded,
  kTookOthers,
  kNothing,
  kMetadata,
  kProtocol,
  kSameApp,
  kOtherApp
};

CommitEntry Winner(Deed deed) {
  switch (deed) {
    case Deed::kTookOurs:
      return {.version = 1, .removed = {"other", "ours"}};
    case Deed::kAdded:
      return {.version = 1, .adds = 1, .adds_rows = true, .blind_append = true};
    case Deed::kTookOthers:
      return {.version = 1, .adds = 1, .removed = {"other", "third"}};
    case Deed::kNothing:
      return {.version = 1};
    case Deed::kMetadata:
      return {.version = 1, .metadata = true};
    case Deed::kProtocol:
      return {.version = 1, .metadata = true, .protocol = true};
    case Deed::kSameApp:
      return {.version = 1, .adds = 1, .adds_rows = true, .transactions = {{"job", 1}}};
    case Deed::kOtherApp:
      return {.version = 1, .transactions = {{"other", 1}}};
  }
  return {};
}

constexpr auto kAgain = std::optional<ConflictKind>();

struct Row {
  const char* name;
  Operation ours;
  std::optional<ConflictKind> took_ours;
  std::optional<ConflictKind> added;
  std::optional<ConflictKind> took_others;
  std::optional<ConflictKind> nothing;
};

const std::vector<std::string> kOurs = {"mine", "ours"};

std::optional<ConflictKind> JudgeOne(Operation operation, Deed deed, bool write_serializable) {
  const std::vector<CommitEntry> winners = {Winner(deed)};
  // An append takes nothing away.
  const std::span<const std::string> removed =
      operation == Operation::kAppend ? std::span<const std::string>() : kOurs;
  return JudgeConflict({.operation = operation,
                        .app_id = "job",
                        .removed = removed,
                        .write_serializable = write_serializable},
                       winners);
}

TEST(JudgeConflict, IsTheTableOfTheHeader) {
  constexpr auto kTaken = std::optional(ConflictKind::kRowsChanged);
  constexpr auto kAdded = std::optional(ConflictKind::kRowsAppended);
  constexpr auto kCreated = std::optional(ConflictKind::kTableCreated);
  const Row rows[] = {
      {"append", Operation::kAppend, kAgain, kAgain, kAgain, kAgain},
      {"create", Operation::kCreate, kCreated, kCreated, kCreated, kCreated},
      {"overwrite", Operation::kOverwrite, kTaken, kAdded, kTaken, kAgain},
      {"replace", Operation::kReplace, kTaken, kAdded, kAgain, kAgain},
      {"change", Operation::kChange, kTaken, kAdded, kAgain, kAgain},
      {"optimize", Operation::kOptimize, kTaken, kAgain, kAgain, kAgain},
      {"alter", Operation::kAlter, kTaken, kAgain, kAgain, kAgain},
      {"constrain", Operation::kConstrain, kTaken, kAdded, kAgain, kAgain},
      {"restore", Operation::kRestore, kTaken, kAdded, kTaken, kAgain},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(JudgeOne(row.ours, Deed::kTookOurs, false), row.took_ours) << row.name;
    EXPECT_EQ(JudgeOne(row.ours, Deed::kAdded, false), row.added) << row.name;
    EXPECT_EQ(JudgeOne(row.ours, Deed::kTookOthers, false), row.took_others) << row.name;
    EXPECT_EQ(JudgeOne(row.ours, Deed::kNothing, false), row.nothing) << row.name;
    EXPECT_EQ(JudgeOne(row.ours, Deed::kOtherApp, false), row.nothing) << row.name;
    // The same for every operation.
    const bool creates = row.ours == Operation::kCreate;
    EXPECT_EQ(JudgeOne(row.ours, Deed::kMetadata, false),
              creates ? kCreated : ConflictKind::kMetadataChanged)
        << row.name;
    EXPECT_EQ(JudgeOne(row.ours, Deed::kProtocol, false),
              creates ? kCreated : ConflictKind::kProtocolChanged)
        << row.name;
    EXPECT_EQ(JudgeOne(row.ours, Deed::kSameApp, false),
              creates ? kCreated : ConflictKind::kSameApplication)
        << row.name;
  }
}

TEST(JudgeConflict, AChangeOfAWriteSerializableTableGoesBeforeBlindAppends) {
  EXPECT_EQ(JudgeOne(Operation::kChange, Deed::kAdded, true), kAgain);
  // Nothing else does, and rows that were read before they were added are no blind append.
  EXPECT_EQ(JudgeOne(Operation::kReplace, Deed::kAdded, true), ConflictKind::kRowsAppended);
  EXPECT_EQ(JudgeOne(Operation::kChange, Deed::kSameApp, true), ConflictKind::kSameApplication);
  CommitEntry updated = Winner(Deed::kAdded);
  updated.blind_append = false;
  const std::vector<CommitEntry> winners = {updated};
  EXPECT_EQ(
      JudgeConflict({.operation = Operation::kChange, .removed = kOurs, .write_serializable = true},
                    winners),
      ConflictKind::kRowsAppended);
}

// The engine's own rebase lets these five through (first committed, second from the same
// version): rows double, come back, or break a constraint.
TEST(JudgeConflict, RefusesWhatTheEnginesOwnRebaseGetsWrong) {
  const CommitEntry optimized = {.version = 1, .adds = 1, .removed = {"mine", "ours"}};
  const auto judge = [](Operation ours, const CommitEntry& winner) {
    const std::vector<CommitEntry> winners = {winner};
    return JudgeConflict({.operation = ours, .removed = kOurs}, winners);
  };
  EXPECT_EQ(judge(Operation::kOptimize, optimized), ConflictKind::kRowsChanged);
  EXPECT_EQ(judge(Operation::kChange, optimized), ConflictKind::kRowsChanged);
  EXPECT_EQ(judge(Operation::kOverwrite, optimized), ConflictKind::kRowsChanged);
  EXPECT_EQ(judge(Operation::kOverwrite, Winner(Deed::kAdded)), ConflictKind::kRowsAppended);
  EXPECT_EQ(judge(Operation::kCreate, Winner(Deed::kMetadata)), ConflictKind::kTableCreated);
  EXPECT_EQ(judge(Operation::kConstrain, Winner(Deed::kAdded)), ConflictKind::kRowsAppended);
}

TEST(JudgeConflict, TakesTheGravestOfSeveralWinners) {
  const std::vector<CommitEntry> winners = {Winner(Deed::kAdded), Winner(Deed::kMetadata),
                                            Winner(Deed::kTookOurs)};
  EXPECT_EQ(JudgeConflict({.operation = Operation::kOverwrite, .removed = kOurs}, winners),
            ConflictKind::kMetadataChanged);
  EXPECT_EQ(JudgeConflict({.operation = Operation::kAppend}, winners),
            ConflictKind::kMetadataChanged);
  const std::vector<CommitEntry> rows = {Winner(Deed::kAdded), Winner(Deed::kTookOurs)};
  EXPECT_EQ(JudgeConflict({.operation = Operation::kOverwrite, .removed = kOurs}, rows),
            ConflictKind::kRowsChanged);
}

TEST(JudgeConflict, AWriteWithoutAnApplicationMeetsNone) {
  const std::vector<CommitEntry> winners = {{.version = 1, .transactions = {{"", 1}}}};
  EXPECT_EQ(JudgeConflict({.operation = Operation::kAppend}, winners), std::nullopt);
}

}  // namespace
}  // namespace lakegate::delta
