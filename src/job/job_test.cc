#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/job_file.h"
#include "job/run_job.h"
#include "job/run_lock.h"
#include "lakegate/job.h"
#include "lakegate/run_record.h"
#include "session/test_session.h"

namespace lakegate::job {
namespace {

using session::TestFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kJob = R"toml(
[job]
name = "spans"

[profile]
durable_writes = false

[dataset.functions]
location = "functions.csv"
not_null = ["path"]
checks = { span = "bstart <= bend" }

[dataset.calls]
location = "calls.ndjson"

[step.best_calls]
kernel = "dedupe"
input = "calls"
keys = ["path", "bstart"]
strategy = "keep_best"
score = "confidence"

[step.owned]
kernel = "interval_align"
left = "best_calls"
right = "functions"
on = ["path"]
left_span = ["bstart", "bend"]
right_span = ["bstart", "bend"]
mode = "containing_best"
how = "left"

[view.summary]
sql = "SELECT qualname, count(*) AS calls FROM owned GROUP BY qualname ORDER BY calls DESC, qualname"

[output.map]
source = "owned"
location = "out/map"
format = "delta"
mode = "overwrite"
app_transaction = "auto"
checks = { sure = "confidence > 0" }

[output.log]
source = "owned"
location = "out/log"
format = "delta"
mode = "append"
app_transaction = "auto"

[output.summary]
source = "summary"
location = "out/summary.csv"

[show]
summary = { limit = 1 }
)toml";

class JobFolder : public TestFolder {
 public:
  JobFolder() {
    Write("functions.csv", "path,bstart,bend,qualname\na,0,100,outer\na,10,20,inner\n");
    Write("calls.ndjson",
          "{\"path\":\"a\",\"bstart\":12,\"bend\":13,\"confidence\":0.5}\n"
          "{\"path\":\"a\",\"bstart\":12,\"bend\":14,\"confidence\":0.9}\n"
          "{\"path\":\"a\",\"bstart\":50,\"bend\":51,\"confidence\":0.9}\n"
          "{\"path\":\"b\",\"bstart\":1,\"bend\":2,\"confidence\":0.9}\n");
    Write("job.toml", kJob);
  }
  Result<Job> Load(const std::vector<std::string>& settings = {}) const {
    return Job::Load(File("job.toml"), {.settings = settings, .environment = {}});
  }
};

std::string Table(const JobFolder& folder, const std::string& name) {
  auto session = session::OpenIn(folder);
  const auto registered = session->Register(session::Dataset("t", folder.File(name)));
  if (!registered) return registered.error().ToString();
  return session::RowsOf(
      session->Sql("SELECT path, bstart, bend, qualname, match_kind FROM t ORDER BY path, bstart"));
}

constexpr std::string_view kOwned =
    "a|12|14|inner|CONTAINING\na|50|51|outer|CONTAINING\nb|1|2||NO_MATCH\n";

TEST(JobRun, DoesItsStepsAndLeavesARecord) {
  JobFolder folder;
  auto job = folder.Load();
  ASSERT_OK(job);
  std::string shown;
  JobObserver observer;
  observer.show = [&shown](std::string_view name, ArrowStream rows) -> Status {
    shown += std::string(name) + ": " + session::RowsOf(std::move(rows));
    return {};
  };
  const auto report = job->Run(observer);
  ASSERT_OK(report);
  EXPECT_EQ(shown, "summary: inner|1\n");
  EXPECT_EQ(Table(folder, "out/map"), kOwned);
  EXPECT_EQ(folder.Read("out/summary.csv"), "qualname,calls\ninner,1\nouter,1\n,1\n");
  const auto record = LoadRun(folder.File(".lakegate/runs"), report->run_id);
  ASSERT_OK(record);
  EXPECT_EQ(record->status, RunStatus::kCompleted);
  EXPECT_EQ(record->steps.size(), 6U);
  EXPECT_EQ(record->inputs.size(), 2U);
  for (const RunInput& input : record->inputs) {
    EXPECT_EQ(input.digest.size(), input.version < 0 ? 64U : 0U) << input.name;
  }
  EXPECT_EQ(record->outputs.size(), 3U);
}

TEST(JobRun, RunsAgainWithTheSameDigests) {
  JobFolder folder;
  auto job = folder.Load();
  ASSERT_OK(job);
  const auto first = job->Run();
  const auto second = job->Run();
  ASSERT_OK(first);
  ASSERT_OK(second);
  ASSERT_EQ(first->outputs.size(), second->outputs.size());
  for (std::size_t i = 0; i < first->outputs.size(); ++i) {
    EXPECT_FALSE(first->outputs[i].receipt.digest.empty());
    EXPECT_EQ(first->outputs[i].receipt.digest, second->outputs[i].receipt.digest);
  }
  EXPECT_EQ(Table(folder, "out/map"), kOwned);
}

TEST(JobRun, ResumesTheSameWorkWithoutWritingTwice) {
  JobFolder folder;
  const std::vector<std::string> broken = {
      "output.zlast.source=owned", "output.zlast.location=out/map.csv", "output.zlast.mode=error"};
  folder.Write("out/map.csv", "in the way\n");
  auto job = folder.Load(broken);
  ASSERT_OK(job);
  EXPECT_KIND(job->Run(), kAlreadyExists);
  EXPECT_EQ(Table(folder, "out/log"), kOwned);
  std::filesystem::remove(folder.File("out/map.csv"));
  const auto report = job->Run();
  ASSERT_OK(report);
  EXPECT_TRUE(std::holds_alternative<AlreadyApplied>(report->outputs[0].receipt.outcome));
  EXPECT_TRUE(std::holds_alternative<AlreadyApplied>(report->outputs[1].receipt.outcome));
  EXPECT_EQ(Table(folder, "out/log"), kOwned);
  // A run that completed is over: the next is new work and appends again.
  const auto next = folder.Load()->Run();
  ASSERT_OK(next);
  EXPECT_TRUE(std::holds_alternative<Committed>(next->outputs[1].receipt.outcome));
}

TEST(JobRun, RecordsAFailure) {
  JobFolder folder;
  folder.Write("functions.csv", "path,bstart,bend,qualname\na,9,1,outer\n");
  auto job = folder.Load();
  ASSERT_OK(job);
  const auto report = job->Run();
  EXPECT_KIND(report, kConstraintViolation);
  EXPECT_THAT(report.error().message(), HasSubstr("[step.owned]"));
  const auto record = LoadRun(folder.File(".lakegate/runs"), "last");
  ASSERT_OK(record);
  EXPECT_EQ(record->status, RunStatus::kFailed);
  EXPECT_THAT(record->error_json, HasSubstr("kConstraintViolation"));
  EXPECT_FALSE(folder.Exists("out"));
}

TEST(JobRun, QuarantinesBesideTheRecord) {
  JobFolder folder;
  folder.Write("functions.csv", "path,bstart,bend,qualname\na,9,1,bad\na,10,20,inner\n");
  const auto report = folder.Load({"dataset.functions.on_violation=quarantine"})->Run();
  ASSERT_OK(report);
  EXPECT_THAT(folder.Read(".lakegate/runs/" + report->run_id + "/errors/functions.ndjson"),
              HasSubstr("bad"));
}

TEST(JobRun, IsCancelled) {
  JobFolder folder;
  CancelToken cancel;
  JobObserver observer;
  observer.progress = [&cancel](std::string_view step, std::string_view) {
    if (step == "owned") cancel.Cancel();
  };
  EXPECT_KIND(folder.Load()->Run(observer, cancel), kCancelled);
  EXPECT_FALSE(folder.Exists("out"));
  EXPECT_EQ(LoadRun(folder.File(".lakegate/runs"), "last")->status, RunStatus::kCancelled);
}

TEST(JobRun, ExcludesASecondRun) {
  JobFolder folder;
  std::filesystem::create_directories(folder.File(".lakegate/runs"));
  const auto lock = RunLock::Acquire(folder.File(".lakegate/runs"), "spans");
  ASSERT_OK(lock);
  const auto report = folder.Load()->Run();
  EXPECT_KIND(report, kUnavailable);
  EXPECT_THAT(report.error().message(), HasSubstr(std::to_string(getpid())));
}

TEST(JobRun, RefusesAViewBeforeOpeningAnything) {
  JobFolder folder;
  std::filesystem::remove(folder.File("calls.ndjson"));
  auto job = folder.Load({"view.summary.sql=DROP TABLE calls"});
  ASSERT_OK(job);
  EXPECT_KIND(job->Run(), kSqlPolicyViolation);
  const auto text = job->Explain();
  ASSERT_OK(text);
  EXPECT_THAT(*text, HasSubstr("ddl"));
}

TEST(JobExplain, ListsTheStepsInOrder) {
  JobFolder folder;
  std::filesystem::remove(folder.File("calls.ndjson"));
  const auto text = folder.Load()->Explain();
  ASSERT_OK(text);
  EXPECT_LT(text->find("best_calls"), text->find("step    owned"));
  EXPECT_LT(text->find("view    summary"), text->find("output  map"));
  EXPECT_THAT(*text, HasSubstr("Allowed by policy"));
}

TEST(JobOrder, ReleasesAStepAfterItsLastReader) {
  JobFolder folder;
  JobFile file = *ParseJobFile(kJob, "job.toml", folder.path(), {});
  for (Step& step : file.steps) {
    if (step.name == "summary" && step.is_view()) step.reads = {"owned"};
  }
  const auto released = ReleasedAfter(file);
  ASSERT_EQ(released.size(), 6U);
  EXPECT_THAT(released[1], ElementsAre("best_calls"));
  // `owned` is shown through the view at the very end.
  EXPECT_TRUE(released[5].empty());
}

struct BadJob {
  const char* name;
  const char* text;
  ErrorKind kind;
  std::vector<std::string> says;
};

const BadJob kBadJobs[] = {
    {"not TOML", "[job\nname = 1", ErrorKind::kInvalidArgument, {"not TOML", "bad.toml:1:"}},
    {"unknown table", "[jobs]\nname = 'x'", ErrorKind::kInvalidArgument, {"jobs", "'job'"}},
    {"unknown key", "[dataset.d]\nlocaton = 'd.csv'", ErrorKind::kInvalidArgument, {"location"}},
    {"near key",
     "[dataset.d]\nlocation = 'd.csv'\nnotnull = ['a']",
     ErrorKind::kInvalidArgument,
     {"bad.toml:3:", "'not_null'"}},
    {"wrong type",
     "[dataset.d]\nlocation = 7",
     ErrorKind::kInvalidArgument,
     {"bad.toml:2:", "location", "text"}},
    {"unknown format",
     "[dataset.d]\nlocation = 'd.csv'\nformat = 'xls'",
     ErrorKind::kInvalidArgument,
     {"parquet"}},
    {"two pins",
     "[dataset.d]\nlocation = 'd'\nversion = 1\ntimestamp = '2026-01-01T00:00:00Z'",
     ErrorKind::kInvalidArgument,
     {"version"}},
    {"unknown setting",
     "[profile]\nmemory_limt = '1 GiB'",
     ErrorKind::kInvalidArgument,
     {"memory_limit"}},
    {"unknown preset", "[job]\nprofile = 'prd'", ErrorKind::kInvalidArgument, {"prod"}},
    {"missing profile file", "[job]\nprofile = 'none.toml'", ErrorKind::kNotFound, {"none.toml"}},
    {"unknown kernel",
     "[step.s]\nkernel = 'sort'",
     ErrorKind::kInvalidArgument,
     {"dedupe", "interval_align"}},
    {"no keys",
     "[step.s]\nkernel = 'dedupe'\ninput = 'd'",
     ErrorKind::kInvalidArgument,
     {"[step.s]"}},
    {"unknown strategy",
     "[step.s]\nkernel = 'dedupe'\ninput = 'd'\nkeys = ['a']\nstrategy = 'keep_bst'",
     ErrorKind::kInvalidArgument,
     {"keep_best"}},
    {"option of another kernel",
     "[step.s]\nkernel = 'dedupe'\ninput = 'd'\nkeys = ['a']\nmode = 'exact'",
     ErrorKind::kInvalidArgument,
     {"mode"}},
    {"half a span",
     "[step.s]\nkernel = 'interval_align'\nleft = 'd'\nright = 'd'\n"
     "left_span = ['a']",
     ErrorKind::kInvalidArgument,
     {"left_span"}},
    {"unknown dataset",
     "[dataset.calls]\nlocation = 'd.csv'\n[step.s]\nkernel = 'dedupe'\ninput = 'cals'\n"
     "keys = ['a']",
     ErrorKind::kInvalidArgument,
     {"cals", "calls", "bad.toml:3"}},
    {"unknown relation in SQL",
     "[view.v]\nsql = 'SELECT * FROM nobody'",
     ErrorKind::kInvalidArgument,
     {"nobody"}},
    {"unknown shown name",
     "[show]\nnobody = { limit = 1 }",
     ErrorKind::kInvalidArgument,
     {"nobody"}},
    {"circle",
     "[view.a]\nsql = 'SELECT * FROM b'\n[view.b]\nsql = 'SELECT * FROM a'",
     ErrorKind::kInvalidArgument,
     {"circle", "a reads b reads a"}},
    {"reads itself",
     "[view.a]\nsql = 'SELECT * FROM a'",
     ErrorKind::kInvalidArgument,
     {"a reads a"}},
    {"forward reference",
     "[output.o]\nsource = 'v'\nlocation = 'o.csv'\n[view.v]\nsql = 'SELECT 1 AS a'",
     ErrorKind::kInvalidArgument,
     {"[output.o]", "[view.v]", "below"}},
    {"one name twice",
     "[dataset.x]\nlocation = 'd.csv'\n[view.x]\nsql = 'SELECT 1'",
     ErrorKind::kInvalidArgument,
     {"[dataset.x]", "[view.x]"}},
    {"a bad name", "[dataset.'a b']\nlocation = 'd.csv'", ErrorKind::kInvalidArgument, {"a b"}},
    {"SQL that does not parse",
     "[view.v]\nsql = 'SELEC 1'",
     ErrorKind::kInvalidSql,
     {"bad.toml:1", "[view.v]"}},
    {"two statements",
     "[view.v]\nsql = 'SELECT 1; SELECT 2'",
     ErrorKind::kInvalidArgument,
     {"one statement"}},
    {"unknown mode",
     "[view.v]\nsql = 'SELECT 1 AS a'\n[output.o]\nsource = 'v'\n"
     "location = 'o.csv'\nmode = 'upsert'",
     ErrorKind::kInvalidArgument,
     {"overwrite"}},
    {"unknown maintenance",
     "[view.v]\nsql = 'SELECT 1 AS a'\n[output.o]\nsource = 'v'\nlocation = 'o'\n"
     "format = 'delta'\nmaintain = { optimise = 'off' }",
     ErrorKind::kInvalidArgument,
     {"'optimize'"}},
    {"half a transaction",
     "[view.v]\nsql = 'SELECT 1 AS a'\n[output.o]\nsource = 'v'\nlocation = 'o'\n"
     "format = 'delta'\napp_transaction = { app_id = 'x' }",
     ErrorKind::kInvalidArgument,
     {"version"}},
};

TEST(JobLoad, RefusesEveryBadFileByKindAndPlace) {
  TestFolder folder;
  for (const BadJob& bad : kBadJobs) {
    const auto job = Job::Load(folder.Write("bad.toml", bad.text));
    ASSERT_FALSE(job.has_value()) << bad.name;
    EXPECT_EQ(job.error().kind(), bad.kind) << bad.name << ": " << job.error().ToString();
    for (const std::string& text : bad.says) {
      EXPECT_THAT(job.error().message(), HasSubstr(text)) << bad.name;
    }
  }
}

TEST(JobLoad, RefusesAFileThatIsNotThere) {
  TestFolder folder;
  EXPECT_KIND(Job::Load(folder.File("none.toml")), kNotFound);
  EXPECT_KIND(Job::Load(folder.path()), kIo);
}

TEST(JobLoad, TakesOverrides) {
  JobFolder folder;
  const auto job = folder.Load({"output.map.mode=append", "memory_limit=\"64 MiB\"",
                                "output.summary.location=elsewhere.csv"});
  ASSERT_OK(job);
  const auto text = job->Explain();
  ASSERT_OK(text);
  EXPECT_THAT(*text, AllOf(HasSubstr("delta, append"), HasSubstr("elsewhere.csv")));
  EXPECT_KIND(folder.Load({"output.map.mode"}), kInvalidArgument);
  EXPECT_KIND(folder.Load({"job=x"}), kInvalidArgument);
  EXPECT_KIND(folder.Load({"job..name=x"}), kInvalidArgument);
  EXPECT_KIND(folder.Load({"job.name.x=1"}), kInvalidArgument);
  EXPECT_KIND(folder.Load({"memory_limt=1"}), kInvalidArgument);
}

}  // namespace
}  // namespace lakegate::job
