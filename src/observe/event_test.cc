#include "observe/event.h"

#include <cstdlib>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace lakegate::observe {
namespace {

TEST(EventTypes, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const EventType& type : EventTypes()) {
    EXPECT_TRUE(names.insert(type.name).second) << type.name;
    EXPECT_GE(type.version, 1);
    EXPECT_FALSE(type.doc.empty());
    EXPECT_FALSE(type.fields.empty());
  }
  EXPECT_EQ(names.size(), std::variant_size_v<Event>);
}

TEST(EventTypes, StandInTheOrderOfTheVariant) {
  EXPECT_EQ(TypeOf(RunStarted{}).name, "run_started");
  EXPECT_EQ(TypeOf(StatementGuarded{}).name, "statement_guarded");
  EXPECT_EQ(TypeOf(DatasetOpened{}).name, "dataset_opened");
  EXPECT_EQ(TypeOf(StepStarted{}).name, "step_started");
  EXPECT_EQ(TypeOf(StepFinished{}).name, "step_finished");
  EXPECT_EQ(TypeOf(StepSpilled{}).name, "step_spilled");
  EXPECT_EQ(TypeOf(WritePlanned{}).name, "write_planned");
  EXPECT_EQ(TypeOf(WriteStaged{}).name, "write_staged");
  EXPECT_EQ(TypeOf(CommitAttempted{}).name, "commit_attempted");
  EXPECT_EQ(TypeOf(CommitLanded{}).name, "commit_landed");
  EXPECT_EQ(TypeOf(CommitConflicted{}).name, "commit_conflicted");
  EXPECT_EQ(TypeOf(CommitUncertain{}).name, "commit_uncertain");
  EXPECT_EQ(TypeOf(MaintenanceDecided{}).name, "maintenance_decided");
  EXPECT_EQ(TypeOf(BuffersCounted{}).name, "buffers_counted");
  EXPECT_EQ(TypeOf(RunFinished{}).name, "run_finished");
}

TEST(EventFields, AreOneObjectInDeclarationOrder) {
  EXPECT_EQ(FieldsJson(CommitLanded{"out/t", 3, "committed"}),
            R"({"location":"out/t","version":3,"outcome":"committed"})");
  EXPECT_EQ(FieldsJson(RunFinished{RunStatus::kFailed, "kIo"}),
            R"({"status":"failed","error_kind":"kIo"})");
  EXPECT_TRUE(nlohmann::json::accept(FieldsJson(StepStarted{"\xff", ""})));
}

TEST(EventsMarkdown, IsWhatTheFileSays) {
  const std::string path = LAKEGATE_SOURCE_DIR "/docs/EVENTS.md";
  if (std::getenv("UPDATE_DOCS") != nullptr) {
    ASSERT_TRUE(base::WriteFileAtomically(path, EventsMarkdown()));
  }
  const auto file = base::ReadFile(path, 1 << 20);
  ASSERT_TRUE(file) << file.error().ToString();
  EXPECT_EQ(*file, EventsMarkdown()) << "run the test with UPDATE_DOCS=1 to write the file";
}

}  // namespace
}  // namespace lakegate::observe
