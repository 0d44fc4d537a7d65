#include "delta/commit.h"

#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "columnar/schema.h"

namespace lakegate::delta {
namespace {

// A log in memory. Before each commit it runs the next of `races`; `losses` says how the next
// commits answer instead of the truth.
class MemoryLog final : public Log {
 public:
  enum class Loss { kNone, kLandedUnknown, kAbsentUnknown, kIo, kPanic };

  const std::string& path() const override { return path_; }

  Result<std::optional<Snapshot>> Read() override {
    if (entries.empty()) return std::optional<Snapshot>();
    Snapshot snapshot;
    snapshot.version = static_cast<std::int64_t>(entries.size()) - 1;
    snapshot.schema = std::make_shared<const OwnedSchema>(columnar::MakeSchema({}));
    return std::optional(std::move(snapshot));
  }
  Result<std::optional<std::int64_t>> AppVersion(const Snapshot& snapshot,
                                                 std::string_view app_id) override {
    std::optional<std::int64_t> version;
    for (std::int64_t i = 0; i <= snapshot.version; ++i) {
      const auto entry = ParseCommitEntry(i, entries[static_cast<std::size_t>(i)]);
      for (const auto& found : entry->transactions) {
        if (found.app_id == app_id) version = found.version;
      }
    }
    return version;
  }
  Result<std::string> Files(const Snapshot&) override { return std::string("[]"); }
  Result<std::int64_t> Commit(const Snapshot* base, std::string_view request) override {
    if (!races.empty()) {
      entries.push_back(races.front());
      races.pop_front();
    }
    ++commits;
    const Loss loss = losses.empty() ? Loss::kNone : losses.front();
    if (!losses.empty()) losses.pop_front();
    if (loss == Loss::kIo) return Error(ErrorKind::kIo, "No space is left.");
    if (loss == Loss::kAbsentUnknown) return Error(ErrorKind::kCommitUnknown, "The put failed.");
    const std::int64_t next = base == nullptr ? 0 : base->version + 1;
    if (next != static_cast<std::int64_t>(entries.size())) {
      return Error(ErrorKind::kCommitConflict, "Taken.");
    }
    entries.push_back(EntryOf(request));
    if (loss == Loss::kLandedUnknown) return Error(ErrorKind::kCommitUnknown, "The put failed.");
    if (loss == Loss::kPanic) return Error(ErrorKind::kInternal, "A panic.");
    return next;
  }
  Result<std::string> ReadCommit(std::int64_t version) override {
    if (unreadable) return Error(ErrorKind::kIo, "The log cannot be read.");
    if (version >= static_cast<std::int64_t>(entries.size())) {
      return Error(ErrorKind::kNotFound, "Past the head.");
    }
    return entries[static_cast<std::size_t>(version)];
  }
  Status Discard(const std::vector<std::string>&) override { return {}; }

  static std::string EntryOf(std::string_view request) {
    const auto parsed = nlohmann::json::parse(request);
    std::string entry = nlohmann::json({{"commitInfo", parsed["commit_info"]}}).dump();
    for (const auto& action : parsed["actions"]) entry += "\n" + action.dump();
    return entry;
  }

  std::vector<std::string> entries;
  std::deque<std::string> races;
  std::deque<Loss> losses;
  bool unreadable = false;
  int commits = 0;

 private:
  std::string path_ = "/table";
};

const char* const kAppend = R"({"add":{"path":"x","dataChange":true}})";
const char* const kCreate = "{\"protocol\":{}}\n{\"metaData\":{}}";

struct Seen final : CommitObserver {
  void Attempted(std::int64_t, std::int64_t) override { ++attempts; }
  void LostRace(const Conflicted&, bool retried) override { retries += retried ? 1 : 0; }
  void Uncertain(const Error&, const std::string& settled_as) override {
    settled.push_back(settled_as);
  }
  int attempts = 0;
  int retries = 0;
  std::vector<std::string> settled;
};

class CommitLoops : public ::testing::Test {
 protected:
  CommitLoops() {
    log_.entries = {kCreate, kAppend};
    request_.actions = {kAppend};
    request_.write_id = "ours";
  }
  Result<CommitResult> Run() {
    auto base = log_.Read();
    return Commit(log_, *base, request_, context_);
  }
  template <typename Outcome>
  Outcome Expect() {
    auto result = Run();
    EXPECT_TRUE(result) << result.error().ToString();
    EXPECT_TRUE(std::holds_alternative<Outcome>(result->outcome)) << result->outcome.index();
    retries_ = result->retries;
    return std::get<Outcome>(result->outcome);
  }

  MemoryLog log_;
  base::ManualClock clock_{1000};
  base::SeededRandom random_{7};
  Seen seen_;
  std::vector<std::int64_t> waits_;
  CommitRequest request_;
  std::int64_t retries_ = 0;
  CommitContext context_{.clock = clock_,
                         .random = random_,
                         .observer = seen_,
                         .retries = 3,
                         .first_wait_ms = 8,
                         .sleep = [this](std::int64_t ms) { waits_.push_back(ms); },
                         .recheck =
                             [this](const Snapshot& head) {
                               rechecked_.push_back(head.version);
                               return recheck_;
                             }};
  std::vector<std::int64_t> rechecked_;
  Status recheck_;
};

TEST_F(CommitLoops, LandsOnTheReadVersion) {
  EXPECT_EQ(Expect<Committed>().version, 2);
  EXPECT_EQ(retries_, 0);
  EXPECT_NE(log_.entries.back().find("ours"), std::string::npos);
}

TEST_F(CommitLoops, AnAppendFollowsAppendsWithTheSameFiles) {
  log_.races = {kAppend, kAppend};
  EXPECT_EQ(Expect<Committed>().version, 4);
  EXPECT_EQ(retries_, 2);
  EXPECT_EQ(rechecked_, (std::vector<std::int64_t>{2, 3}));
  ASSERT_EQ(waits_.size(), 2u);
  EXPECT_GE(waits_[0], 4);
  EXPECT_LE(waits_[0], 8);
  EXPECT_GE(waits_[1], 8);
  EXPECT_LE(waits_[1], 16);
}

TEST_F(CommitLoops, GivesUpAfterPolicyRetries) {
  log_.races = {kAppend, kAppend, kAppend, kAppend, kAppend};
  const auto conflict = Expect<Conflicted>();
  EXPECT_EQ(conflict.kind, ConflictKind::kRetriesExhausted);
  EXPECT_TRUE(conflict.may_retry);
  EXPECT_EQ(log_.commits, 4);
}

TEST_F(CommitLoops, AMetadataChangeIsAConflict) {
  log_.races = {R"({"metaData":{}})"};
  const auto conflict = Expect<Conflicted>();
  EXPECT_EQ(conflict.kind, ConflictKind::kMetadataChanged);
  EXPECT_EQ(conflict.read_version, 1);
  EXPECT_EQ(conflict.found_version, 2);
}

TEST_F(CommitLoops, AnOverwriteNeverFollows) {
  request_.operation = Operation::kOverwrite;
  log_.races = {kAppend};
  EXPECT_EQ(Expect<Conflicted>().kind, ConflictKind::kRowsAppended);
  EXPECT_EQ(log_.commits, 1);
}

TEST_F(CommitLoops, TwoCreatorsDoNotMix) {
  log_.entries.clear();
  request_.operation = Operation::kCreate;
  log_.races = {kCreate};
  EXPECT_EQ(Expect<Conflicted>().kind, ConflictKind::kTableCreated);
  EXPECT_EQ(log_.entries.size(), 1u);
}

TEST_F(CommitLoops, ExpectedVersionIsNeverRetried) {
  request_.expected_version = 1;
  log_.races = {kAppend};
  const auto conflict = Expect<Conflicted>();
  EXPECT_EQ(conflict.kind, ConflictKind::kExpectedVersion);
  EXPECT_FALSE(conflict.may_retry);
  EXPECT_EQ(log_.commits, 1);
}

TEST_F(CommitLoops, AnotherExpectedVersionIsNotEvenTried) {
  request_.expected_version = 0;
  EXPECT_EQ(Expect<Conflicted>().kind, ConflictKind::kExpectedVersion);
  EXPECT_EQ(log_.commits, 0);
}

TEST_F(CommitLoops, AnAppliedTransactionIsNotWrittenAgain) {
  request_.app_transaction = AppTransaction{"job", 5};
  EXPECT_EQ(Expect<Committed>().version, 2);
  request_.write_id = "second";
  EXPECT_EQ(Expect<AlreadyApplied>().version, 2);
  request_.app_transaction->version = 4;
  EXPECT_EQ(Expect<AlreadyApplied>().version, 2);
  request_.app_transaction->version = 6;
  EXPECT_EQ(Expect<Committed>().version, 3);
}

TEST_F(CommitLoops, ATransactionAppliedByTheWinnerIsFoundOnTheRetry) {
  request_.app_transaction = AppTransaction{"job", 5};
  log_.races = {R"({"txn":{"appId":"job","version":5}})"};
  EXPECT_EQ(Expect<AlreadyApplied>().version, 2);
  EXPECT_EQ(log_.entries.size(), 3u);
}

TEST_F(CommitLoops, AnEarlierTransactionOfOurApplicationIsAConflict) {
  request_.app_transaction = AppTransaction{"job", 5};
  log_.races = {R"({"txn":{"appId":"job","version":4}})"};
  EXPECT_EQ(Expect<Conflicted>().kind, ConflictKind::kSameApplication);
}

TEST_F(CommitLoops, ALostAnswerIsFoundInTheLog) {
  for (const auto loss : {MemoryLog::Loss::kLandedUnknown, MemoryLog::Loss::kPanic}) {
    log_.losses = {loss};
    const auto head = static_cast<std::int64_t>(log_.entries.size());
    EXPECT_EQ(Expect<Committed>().version, head);
    EXPECT_EQ(static_cast<std::int64_t>(log_.entries.size()), head + 1);
  }
  EXPECT_EQ(seen_.settled, (std::vector<std::string>{"landed", "landed"}));
}

TEST_F(CommitLoops, ALostAnswerThatTheLogDoesNotKnowStaysUnknown) {
  log_.losses = {MemoryLog::Loss::kAbsentUnknown};
  const auto unknown = Expect<Unknown>();
  EXPECT_EQ(unknown.read_version, 1);
  EXPECT_EQ(ErrorOf(unknown, "/table")->kind(), ErrorKind::kCommitUnknown);
  EXPECT_EQ(log_.commits, 1);
}

TEST_F(CommitLoops, ALogThatCannotBeReadLeavesItUnknown) {
  log_.losses = {MemoryLog::Loss::kLandedUnknown};
  log_.unreadable = true;
  (void)Expect<Unknown>();
}

TEST_F(CommitLoops, ACertainFailureIsThatError) {
  log_.losses = {MemoryLog::Loss::kIo};
  const auto result = Run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::kIo);
}

TEST_F(CommitLoops, ANewHeadThatNoLongerFitsIsRefused) {
  log_.races = {kAppend};
  recheck_ = Error(ErrorKind::kSchemaMismatch, "Another schema.");
  const auto result = Run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::kSchemaMismatch);
  EXPECT_EQ(log_.commits, 1);
}

TEST_F(CommitLoops, ACancelledCommitIsNotTried) {
  context_.cancel.Cancel();
  const auto result = Run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::kCancelled);
  EXPECT_EQ(log_.commits, 0);
}

TEST(CommitOutcome, ErrorsCarryVersionsAndReason) {
  const auto error = ErrorOf(Conflicted{ConflictKind::kMetadataChanged, 3, 5, true}, "/t");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kCommitConflict);
  EXPECT_EQ(error->detail(), ErrorDetail(CommitConflict{"metadata_changed", 3, 5}));
  EXPECT_FALSE(ErrorOf(Committed{1}, "/t"));
  EXPECT_FALSE(ErrorOf(AlreadyApplied{1}, "/t"));
}

}  // namespace
}  // namespace lakegate::delta
