#include <gtest/gtest.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "session/open_session.h"
#include "session/test_session.h"
#include "session/worker_messages.h"

namespace lakegate::session {
namespace {

namespace fs = std::filesystem;

class Workers : public ::testing::Test {
 protected:
  std::unique_ptr<Session> Open(std::vector<std::pair<std::string, std::string>> settings = {}) {
    settings.insert(settings.begin(), {{"isolation", "process"}, {"sql_policy", "admin"}});
    return OpenIn(folder_, settings);
  }
  static std::string Ask(Session& session, const std::string& sql, QueryOptions options = {}) {
    return RowsOf(session.Sql(sql, options));
  }
  // The processes that this one has started.
  static std::vector<pid_t> Children() {
    std::vector<pid_t> found;
    for (const auto& task : fs::directory_iterator("/proc/self/task")) {
      std::ifstream file(task.path() / "children");
      for (pid_t child; file >> child;) found.push_back(child);
    }
    return found;
  }
  // It has closed what it had open, and waits for its parent.
  static bool HasEnded(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    std::getline(file, text);
    return text.find(") Z ") != std::string::npos;
  }
  static bool Registered(Session& session, const std::string& name, const std::string& path,
                         std::optional<DataFormat> format = {}) {
    DatasetSpec spec;
    spec.name = name;
    spec.location.path = path;
    spec.location.format = format;
    const auto registered = session.Register(spec);
    EXPECT_TRUE(registered) << registered.error().ToString();
    return registered.has_value();
  }

  TestFolder folder_;
};

// More rows than anybody waits for, none of which is made before the last.
constexpr const char* kEndless =
    "SELECT count(*) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b "
    "WHERE a.value * b.value % 7 = 8";

TEST_F(Workers, OneServesStatementAfterStatement) {
  const auto session = Open();
  EXPECT_TRUE(Children().empty());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Ask(*session, "SELECT 6 * 7"), "42\n");
  EXPECT_EQ(Ask(*session, "SELECT 1 / 0"), "kInvalidArgument");
  EXPECT_EQ(Ask(*session, "SELECT * FROM nowhere"), "kNotFound");
  EXPECT_EQ(Ask(*session, "DROP TABLE t"), "kUnsupported");
  EXPECT_EQ(Ask(*session, "SELECT 6 * 7"), "42\n");
  EXPECT_EQ(Children().size(), 1u);
}

TEST_F(Workers, AreGoneWithTheirSessionAndLeaveNothing) {
  auto session = Open();
  EXPECT_EQ(Ask(*session, "SELECT 1"), "1\n");
  auto rows = session->Sql("SELECT * FROM generate_series(1, 3)");
  ASSERT_TRUE(rows);
  session.reset();
  // A stream keeps what it needs.
  EXPECT_EQ(RowsOf(std::move(rows)), "1\n2\n3\n");
  EXPECT_TRUE(Children().empty());
  const auto left = fs::directory_iterator(folder_.File("spill"));
  EXPECT_EQ(std::distance(begin(left), end(left)), 0);
}

TEST_F(Workers, AreEndedWhenCancelledWhateverTheyDo) {
  const auto session = Open();
  QueryOptions options;
  auto rows = session->Sql(kEndless, options);
  ASSERT_TRUE(rows) << rows.error().ToString();
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    options.cancel.Cancel();
  });
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(RowsOf(std::move(rows)), "kCancelled");
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(20));
  later.join();
  EXPECT_TRUE(Children().empty());
  EXPECT_EQ(Ask(*session, "SELECT 42"), "42\n");
}

TEST_F(Workers, AreEndedWhenTheirReaderGoes) {
  const auto session = Open();
  {
    auto rows = session->Sql("SELECT * FROM generate_series(1, 100000000)");
    ASSERT_TRUE(rows && (*rows)->Next()->has_value());
  }
  EXPECT_TRUE(Children().empty());
  EXPECT_EQ(Ask(*session, "SELECT 42"), "42\n");
}

TEST_F(Workers, TellHowTheyDiedAndOthersGoOn) {
  const auto session = Open();
  const auto other = Open();
  auto waiting = other->Sql("SELECT * FROM generate_series(1, 200000)");
  ASSERT_TRUE(waiting && (*waiting)->Next()->has_value());
  const std::vector<pid_t> before = Children();
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  // The sanitizers answer SIGSEGV themselves.
  const std::vector<int> signals = {SIGABRT, SIGKILL};
#else
  const std::vector<int> signals = {SIGSEGV, SIGABRT, SIGKILL};
#endif
  for (const int signal : signals) {
    auto rows = session->Sql(kEndless);
    ASSERT_TRUE(rows) << rows.error().ToString();
    for (const pid_t child : Children()) {
      if (std::find(before.begin(), before.end(), child) == before.end()) ::kill(child, signal);
    }
    const auto failed = (*rows)->Next();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind(),
              signal == SIGSEGV ? ErrorKind::kInternal : ErrorKind::kResourceLimit);
    EXPECT_NE(failed.error().message().find("signal " + std::to_string(signal)), std::string::npos)
        << failed.error().message();
    // It stays so.
    EXPECT_EQ((*rows)->Next().error(), failed.error());
    EXPECT_EQ(Ask(*session, "SELECT 42"), "42\n");
  }
  std::int64_t rest = 0;
  while (true) {
    const auto batch = (*waiting)->Next();
    ASSERT_TRUE(batch) << batch.error().ToString();
    if (!*batch) break;
    rest += (**batch)->length;
  }
  EXPECT_GT(rest, 100'000);
}

// Rows that fill the pipe: the worker dies in the middle of writing them.
TEST_F(Workers, ThatDieWhileTheyWriteAreNoDamagedRows) {
  const auto session = Open();
  auto rows = session->Sql("SELECT * FROM generate_series(1, 100000000)");
  ASSERT_TRUE(rows && (*rows)->Next()->has_value());
  ASSERT_EQ(Children().size(), 1u);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  ::kill(Children().front(), SIGTERM);
  Result<std::optional<OwnedArray>> batch = (*rows)->Next();
  while (batch && *batch) batch = (*rows)->Next();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().kind(), ErrorKind::kInternal) << batch.error().ToString();
  EXPECT_NE(batch.error().message().find("signal 15"), std::string::npos);
}

TEST_F(Workers, ThatDieWhileTheyWaitAreReplaced) {
  const auto session = Open();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Ask(*session, "SELECT 42"), "42\n");
    ASSERT_EQ(Children().size(), 1u);
    const pid_t worker = Children().front();
    ::kill(worker, SIGKILL);
    while (!HasEnded(worker)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST_F(Workers, AreAsManyAsTheSettingSays) {
  const auto session = Open({{"worker_limit", "2"}});
  auto first = session->Sql("SELECT * FROM generate_series(1, 5)");
  auto second = session->Sql("SELECT * FROM generate_series(1, 5)");
  ASSERT_TRUE(first && second);
  const auto third = session->Sql("SELECT 1");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind(), ErrorKind::kResourceLimit);
  EXPECT_NE(third.error().message().find("execution.worker_limit"), std::string::npos);
  EXPECT_EQ(RowsOf(std::move(first)), "1\n2\n3\n4\n5\n");
  EXPECT_EQ(Ask(*session, "SELECT 1"), "1\n");
}

TEST_F(Workers, AreRefusedByNameWhereThereIsNoProgram) {
  const auto session = Open({{"worker_program", folder_.File("no-program")}});
  const auto rows = session->Sql("SELECT 1");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind(), ErrorKind::kUnavailable);
  EXPECT_NE(rows.error().message().find("no-program"), std::string::npos);
  // One that knows nothing of sessions.
  const auto wrong = Open({{"worker_program", "/bin/true"}});
  EXPECT_EQ(Ask(*wrong, "SELECT 1"), "kInternal");
}

TEST_F(Workers, ThatNeverBeginCanBeCancelled) {
  const std::string program = folder_.Write("never", "#!/bin/sh\nsleep 60\n");
  fs::permissions(program, fs::perms::owner_all);
  const auto session = Open({{"worker_program", program}});
  QueryOptions options;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    options.cancel.Cancel();
  });
  EXPECT_EQ(Ask(*session, "SELECT 1", options), "kCancelled");
  later.join();
}

TEST_F(Workers, EndAtTheirProcessorTime) {
  const auto session = Open({{"worker_cpu_limit", "3 s"}});
  // Before its first row where starting is slow, or while that is waited for.
  const auto rows = session->Sql(kEndless);
  const auto failed = rows ? (*rows)->Next() : Result<std::optional<OwnedArray>>(rows.error());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::kResourceLimit);
  EXPECT_NE(failed.error().message().find("execution.worker_cpu_limit"), std::string::npos)
      << failed.error().message();
  EXPECT_EQ(Ask(*session, "SELECT 42"), "42\n");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(Workers, DieOfTheirMemoryAlone) {
  const auto session = Open(
      {{"memory_limit", "64 MiB"}, {"worker_address_space", "1 GiB"}, {"function_limit", "0 B"}});
  // A function without its own limit: no pool of the engine sees it.
  const auto rows = session->Sql("SELECT length(repeat('x', 2000000000))");
  // Before its first row, or while that is waited for.
  const auto failed = rows ? (*rows)->Next() : Result<std::optional<OwnedArray>>(rows.error());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::kResourceLimit);
  EXPECT_NE(failed.error().message().find("worker process"), std::string::npos)
      << failed.error().message();
  EXPECT_EQ(Ask(*session, "SELECT 42"), "42\n");
}
#endif

TEST_F(Workers, SeeWhatWasRegisteredWhenTheyAreAsked) {
  const auto session = Open();
  EXPECT_EQ(Ask(*session, "SELECT * FROM t"), "kNotFound");
  folder_.Write("t.csv", "a\n1\n");
  ASSERT_TRUE(Registered(*session, "t", folder_.File("t.csv")));
  EXPECT_EQ(Ask(*session, "SELECT * FROM t"), "1\n");
  ASSERT_TRUE(session->RegisterView("v", "SELECT a + 1 AS b FROM t"));
  ASSERT_TRUE(session->RegisterStream("s", Numbers(2, 2)));
  EXPECT_EQ(Ask(*session, "SELECT b, n FROM v, s ORDER BY n"), "2|0\n2|1\n2|2\n2|3\n");
  // Another file in its place.
  folder_.Write("new.csv", "a\n7\n");
  fs::rename(folder_.File("new.csv"), folder_.File("t.csv"));
  EXPECT_EQ(Ask(*session, "SELECT * FROM v"), "8\n");
  ASSERT_TRUE(session->Deregister("s"));
  EXPECT_EQ(Ask(*session, "SELECT * FROM s"), "kNotFound");
  ASSERT_TRUE(session->RegisterStream("s", Numbers(1, 1)));
  EXPECT_EQ(Ask(*session, "SELECT * FROM s"), "0\n");
  fs::remove(folder_.File("t.csv"));
  EXPECT_EQ(Ask(*session, "SELECT * FROM t"), "kNotFound");
}

// A link that was put into a folder of data leads out of it.
TEST_F(Workers, OpenNothingBesideWhatIsRegistered) {
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1) {
    GTEST_SKIP() << "the system has no Landlock";
  }
  folder_.Write("data/a.csv", "a\n1\n");
  folder_.Write("secret.csv", "a\n666\n");
  const auto session = Open({{"sql_policy", "read_only"}});
  ASSERT_TRUE(Registered(*session, "t", folder_.File("data"), DataFormat::kCsv));
  EXPECT_EQ(Ask(*session, "SELECT * FROM t"), "1\n");
  fs::create_symlink(folder_.File("secret.csv"), folder_.File("data/b.csv"));
  const std::string seen = Ask(*session, "SELECT * FROM t");
  EXPECT_EQ(seen.find("666"), std::string::npos) << seen;
}

class Collected final : public observe::EventSink {
 public:
  void Emit(observe::Event event) override { events.push_back(std::move(event)); }
  std::vector<observe::Event> events;
};

TEST_F(Workers, AreHeardByObservers) {
  Collected sink;
  auto session =
      SessionAccess::Open(ProfileIn(folder_, {{"isolation", "process"}}), {.events = &sink});
  ASSERT_TRUE(session);
  folder_.Write("t.csv", "a\n1\n");
  ASSERT_TRUE(Registered(**session, "t", folder_.File("t.csv")));
  EXPECT_EQ(Ask(**session, "SELECT * FROM t"), "1\n");
  EXPECT_EQ(Ask(**session, "DELETE FROM t"), "kSqlPolicyViolation");
  ASSERT_EQ(sink.events.size(), 3u);
  const auto& allowed = std::get<observe::StatementGuarded>(sink.events[0]);
  EXPECT_EQ(allowed.statement, "SELECT * FROM t");
  EXPECT_TRUE(allowed.allowed);
  EXPECT_EQ(std::get<observe::DatasetOpened>(sink.events[1]).name, "t");
  const auto& denied = std::get<observe::StatementGuarded>(sink.events[2]);
  EXPECT_FALSE(denied.allowed);
  EXPECT_EQ(denied.violation, "dml");
}

TEST_F(Workers, BindParametersOfEveryType) {
  const auto session = Open();
  QueryOptions options;
  options.parameters = {{"a", true},
                        {"b", std::int64_t{INT64_MIN}},
                        {"c", 0.1},
                        {"d", std::string("x'y\n")},
                        {"e", std::monostate()}};
  EXPECT_EQ(Ask(*session, "SELECT $a, $b, $c = 0.1, length($d), $e IS NULL", options),
            "true|-9223372036854775808|true|4|true\n");
}

TEST(WorkerMessages, AreReadAsTheyWereWritten) {
  WorkerSetup setup;
  setup.settings = {{"memory_limit", "1 GiB"}, {"isolation", "none"}};
  DatasetSpec spec;
  spec.name = "t";
  spec.location = {.path = "/x/\xff",
                   .format = DataFormat::kDelta,
                   .partition_columns = {"p"},
                   .version = 7,
                   .timestamp_ms = {},
                   .options = {{"delimiter", ";"}}};
  spec.key = {"k"};
  spec.not_null = {"n"};
  spec.checks = {{"positive", "n > 0"}};
  spec.on_violation = OnViolation::kQuarantine;
  DatasetSpec plain;
  plain.name = "plain";
  setup.datasets = {spec, plain};
  setup.views["v"] = {.sql = "SELECT 1", .reads = {"t"}};
  setup.quarantine_directory = "/q";
  setup.sandbox.readable = {"/x"};
  setup.sandbox.open_files = 9;
  const auto again = WorkerSetupFrom(TextOf(setup));
  ASSERT_TRUE(again) << again.error().ToString();
  EXPECT_EQ(again->settings, setup.settings);
  EXPECT_EQ(again->datasets, setup.datasets);
  EXPECT_EQ(again->views, setup.views);
  EXPECT_EQ(again->quarantine_directory, "/q");
  EXPECT_EQ(again->sandbox.readable, setup.sandbox.readable);
  EXPECT_EQ(again->sandbox.open_files, 9);
}

TEST(WorkerMessages, AreRefusedWhereTheyAreDamaged) {
  const WorkerAnswer answer{.error = Error(ErrorKind::kIo, "m", FilePosition{"f", 3}),
                            .events = {observe::DatasetOpened{.name = "t"}}};
  const std::string text = TextOf(answer);
  const auto whole = WorkerAnswerFrom(text);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->error, answer.error);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(WorkerAnswerFrom(text.substr(0, size)).error().kind(), ErrorKind::kCorruptData);
  }
  EXPECT_FALSE(WorkerAnswerFrom(std::string(1'000'000, '[')));
  EXPECT_FALSE(WorkerAnswerFrom(R"({"guarded":[1],"opened":[]})"));
  EXPECT_FALSE(WorkerAnswerFrom(R"({"guarded":[],"opened":[],"error":7})"));
  EXPECT_EQ(WorkerRequestFrom("").error().kind(), ErrorKind::kInternal);
  EXPECT_EQ(WorkerSetupFrom(text).error().kind(), ErrorKind::kInternal);
}

}  // namespace
}  // namespace lakegate::session
