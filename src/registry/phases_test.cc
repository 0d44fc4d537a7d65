#include "registry/phases.h"

#include <gtest/gtest.h>

namespace lakegate::registry {
namespace {

using Names = std::vector<std::string>;

// Records what happens to it, to tell the order of rollbacks.
class Witness final : public Checkpointed {
 public:
  Witness(std::string name, Names& log) : name_(std::move(name)), log_(log) {}
  Status PushCheckpoint() override {
    ++depth;
    return fail_push ? Status(Error(ErrorKind::kIo, "push")) : Status();
  }
  Status RestoreCheckpoint() override {
    --depth;
    log_.push_back("restore " + name_);
    return fail_restore ? Status(Error(ErrorKind::kIo, "restore of " + name_)) : Status();
  }
  void ReleaseCheckpoint() override { --depth; }

  int depth = 0;
  bool fail_push = false;
  bool fail_restore = false;

 private:
  std::string name_;
  Names& log_;
};

struct Fixture {
  Names log;
  Registry<int> datasets{"dataset"};
  Registry<int> views{"view"};
  std::vector<Checkpointed*> targets{&datasets, &views};

  Phase Make(std::string name, Names required = {}) {
    return {name, std::move(required), [this, name] {
              log.push_back(name);
              return datasets.Register(name, 1);
            }};
  }
  Phase Fails(std::string name, Names required = {}) {
    return {name, std::move(required), [this, name]() -> Status {
              static_cast<void>(views.Register(name, 1));
              return Error(ErrorKind::kCorruptData, "the file is cut");
            }};
  }
};

TEST(Phases, RunInAnOrderThatSatisfiesThem) {
  Fixture f;
  const std::vector<Phase> phases = {f.Make("c", {"b"}), f.Make("a"), f.Make("b", {"a"}),
                                     f.Make("d")};
  ASSERT_TRUE(RunPhases(phases, f.targets));
  EXPECT_EQ(f.log, (Names{"a", "b", "c", "d"}));
  EXPECT_EQ(f.datasets.size(), 4u);
  // Checkpoints are released: there is none left to restore.
  EXPECT_FALSE(f.datasets.RestoreCheckpoint());
}

TEST(Phases, RefuseADuplicateAMissingPrerequisiteAndACircleBeforeAnythingRuns) {
  Fixture f;
  const auto refuse = [&](const std::vector<Phase>& phases, std::string_view says) {
    const Status refused = RunPhases(phases, f.targets);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(refused.error().message().find(says), std::string::npos) << refused.error().message();
  };
  refuse({f.Make("a"), f.Make("a")}, "'a'");
  refuse({f.Make("functions"), f.Make("b", {"fuctions"})}, "Did you mean 'functions'?");
  refuse({f.Make("x"), f.Make("a", {"b"}), f.Make("b", {"a"})}, "a, b");
  refuse({f.Make("a", {"a"})}, "a");
  EXPECT_TRUE(f.log.empty());
  EXPECT_EQ(f.datasets.size(), 0u);
}

TEST(Phases, RestoreEverythingWhenOneFails) {
  Fixture f;
  ASSERT_TRUE(f.datasets.Register("before", 0));
  const std::vector<Phase> phases = {f.Make("a"), f.Make("b", {"a"}), f.Fails("c", {"b"}),
                                     f.Make("never", {"c"})};
  const Status failed = RunPhases(phases, f.targets);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::kCorruptData);
  EXPECT_EQ(failed.error().message(), "phase 'c': the file is cut");
  EXPECT_EQ(f.log, (Names{"a", "b"}));
  EXPECT_EQ(f.datasets.Names(), Names{"before"});
  EXPECT_EQ(f.views.size(), 0u);
  EXPECT_FALSE(f.views.RestoreCheckpoint());
}

TEST(Phases, RestoreInReverseOrder) {
  Fixture f;
  Witness first("first", f.log);
  Witness second("second", f.log);
  const std::vector<Checkpointed*> targets = {&first, &second};
  const std::vector<Phase> phases = {f.Make("a"), f.Fails("b")};
  EXPECT_FALSE(RunPhases(phases, targets));
  EXPECT_EQ(f.log,
            (Names{"a", "restore second", "restore first", "restore second", "restore first"}));
  EXPECT_EQ(first.depth, 0);
  EXPECT_EQ(second.depth, 0);
}

TEST(Phases, RestoreTheRestWhenOneRestoreFails) {
  Fixture f;
  Witness first("first", f.log);
  Witness second("second", f.log);
  second.fail_restore = true;
  const std::vector<Checkpointed*> targets = {&first, &second};
  const Status failed = RunPhases(std::vector<Phase>{f.Fails("b")}, targets);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::kInternal);
  EXPECT_NE(failed.error().message().find("restore of second"), std::string::npos);
  EXPECT_NE(failed.error().message().find("the file is cut"), std::string::npos);
  EXPECT_EQ(f.log, (Names{"restore second", "restore first"}));
}

TEST(Phases, UndoWhatWasPushedWhenACheckpointFails) {
  Fixture f;
  Witness first("first", f.log);
  Witness second("second", f.log);
  second.fail_push = true;
  const std::vector<Checkpointed*> targets = {&first, &second};
  const Status failed = RunPhases(std::vector<Phase>{f.Make("a")}, targets);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::kIo);
  EXPECT_EQ(f.log, Names{"restore first"});
}

TEST(Phases, WithoutAnyAreDone) {
  Fixture f;
  EXPECT_TRUE(RunPhases({}, f.targets));
}

}  // namespace
}  // namespace lakegate::registry
