#include "control/log_files.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakegate::control {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LogFile Entry(std::int64_t version, std::int64_t at) {
  return {fmt::format("{:020}.json", version), at};
}
LogFile Checkpoint(std::int64_t version, std::int64_t at) {
  return {fmt::format("{:020}.checkpoint.parquet", version), at};
}

TEST(NeedlessLogFiles, AreThoseBelowTheNewestCheckpointThatAreOld) {
  const std::vector<LogFile> files = {Entry(0, 10), Entry(1, 20), Checkpoint(2, 31), Entry(2, 30),
                                      Entry(3, 40)};
  EXPECT_THAT(NeedlessLogFiles(files, 3, 100),
              ElementsAre("00000000000000000000.json", "00000000000000000001.json"));
  // Version 1 is young: everything from the checkpoint that it can be read from stays.
  EXPECT_THAT(NeedlessLogFiles(files, 3, 15), IsEmpty());
  EXPECT_THAT(NeedlessLogFiles(files, 3, 0), IsEmpty());
}

TEST(NeedlessLogFiles, NeedACheckpoint) {
  EXPECT_THAT(NeedlessLogFiles({Entry(0, 1), Entry(1, 2)}, 1, 100), IsEmpty());
  EXPECT_THAT(NeedlessLogFiles({}, 0, 100), IsEmpty());
}

TEST(NeedlessLogFiles, TrustNoCheckpointThatLacksAPart) {
  std::vector<LogFile> files = {
      Entry(0, 1),
      Entry(1, 2),
      {"00000000000000000001.checkpoint.0000000001.0000000002.parquet", 2}};
  EXPECT_THAT(NeedlessLogFiles(files, 1, 100), IsEmpty());
  files.push_back({"00000000000000000001.checkpoint.0000000002.0000000002.parquet", 2});
  EXPECT_THAT(NeedlessLogFiles(files, 1, 100), ElementsAre("00000000000000000000.json"));
}

TEST(NeedlessLogFiles, AnOlderCheckpointServesWhereTheNewestIsTooYoung) {
  const std::vector<LogFile> files = {Entry(0, 1),  Checkpoint(1, 2),  Entry(1, 2), Entry(2, 3),
                                      Entry(3, 60), Checkpoint(4, 61), Entry(4, 61)};
  EXPECT_THAT(NeedlessLogFiles(files, 4, 50), ElementsAre("00000000000000000000.json"));
}

TEST(NeedlessLogFiles, LeaveOtherFilesAlone) {
  const std::vector<LogFile> files = {Entry(0, 1),      Entry(1, 1),
                                      Checkpoint(1, 1), {"_last_checkpoint", 1},
                                      {"notes.txt", 1}, {"0.json", 1}};
  EXPECT_THAT(NeedlessLogFiles(files, 1, 100), ElementsAre("00000000000000000000.json"));
}

}  // namespace
}  // namespace lakegate::control
