#include "lakegate/profile.h"

#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "base/file.h"
#include "profile/setting_table.h"
#include "profile/setting_value.h"

namespace lakegate {
namespace {

using Names = std::vector<std::string>;

ProfileSources FromFile(std::string text) {
  ProfileSources sources;
  sources.project_file = ProfileText{std::move(text), "lakegate.toml", "/home/me/project"};
  return sources;
}

ProfileSources Explicit(std::string name, SettingValue value) {
  ProfileSources sources;
  sources.explicit_settings.push_back({std::move(name), std::move(value), "--set"});
  return sources;
}

std::string OriginOf(const Profile& profile, std::string_view name) {
  for (const SettingReport& report : profile.Report()) {
    if (report.name == name) return report.origin;
  }
  return "no such setting";
}

void ExpectRefused(const ProfileSources& sources, const std::vector<std::string_view>& says) {
  const auto built = Profile::Build(sources);
  ASSERT_FALSE(built) << (says.empty() ? "" : says.front());
  EXPECT_EQ(built.error().kind(), ErrorKind::kInvalidArgument);
  for (const std::string_view part : says) {
    EXPECT_NE(built.error().message().find(part), std::string::npos)
        << part << " in: " << built.error().message();
  }
}

TEST(SettingTable, HasDefaultsThatFitAndNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Setting& setting : AllSettings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    EXPECT_FALSE(setting.doc.empty()) << setting.name;
    const auto value =
        profile::ValueOf(setting, SettingValue(std::string(setting.default_text)), "default");
    ASSERT_TRUE(value) << value.error().ToString();
    EXPECT_EQ(profile::TextOf(setting, *value), setting.default_text) << setting.name;
  }
  for (const std::string& group : profile::GroupNames()) {
    EXPECT_FALSE(profile::FindSetting(group)) << "a group hides a setting: " << group;
  }
}

TEST(SettingTable, IsFoundUnderItsGroup) {
  const auto memory = profile::FindSetting("memory_limit");
  ASSERT_TRUE(memory);
  EXPECT_EQ(profile::FindSetting("execution.memory_limit"), memory);
  EXPECT_EQ(profile::FindSetting("sql.max_bytes"), profile::FindSetting("sql_max_bytes"));
  EXPECT_EQ(profile::FindSetting("sql.sql_max_bytes"), profile::FindSetting("sql_max_bytes"));
  EXPECT_EQ(profile::FindSetting("write.memory_limit"), std::nullopt);
  EXPECT_EQ(profile::FindSetting("execution."), std::nullopt);
  EXPECT_EQ(profile::FindSetting("."), std::nullopt);
  EXPECT_EQ(profile::FindSetting("Memory_limit"), std::nullopt);
}

TEST(SettingTable, PresetsSetWhatTheTableKnows) {
  for (const profile::PresetEntry& entry : profile::PresetEntries()) {
    EXPECT_TRUE(profile::IsPreset(entry.preset));
    EXPECT_TRUE(profile::FindSetting(entry.setting)) << entry.setting;
  }
  for (const std::string& preset : AllPresets()) {
    const auto built = Profile::Build({.preset = preset});
    ASSERT_TRUE(built) << built.error().ToString();
    EXPECT_EQ(built->preset(), preset);
  }
}

TEST(SafeProfile, IsReadOnlyBoundedAndDurable) {
  const Profile& safe = Profile::Safe();
  const SqlOptions sql = safe.EffectiveSqlOptions().value();
  EXPECT_EQ(sql.policy, "read_only");
  EXPECT_EQ(sql.sql, SqlLimits());
  EXPECT_EQ(sql.allowed_relations, std::nullopt);
  EXPECT_EQ(sql.query.result_rows, std::nullopt);
  EXPECT_EQ(safe.MemoryLimitBytes(), std::int64_t{4} << 30);
  EXPECT_FALSE(safe.IsolationPolicy().in_workers);
  EXPECT_TRUE(safe.DurableWrites());
  EXPECT_FALSE(safe.RecordStatementText());
  EXPECT_EQ(safe.AllowedRoots(), std::nullopt);
  EXPECT_EQ(safe.AllowedSchemes(), Names{"file"});
  EXPECT_EQ(safe.Fingerprint(), Profile::Build({})->Fingerprint());
}

TEST(UntrustedPreset, IsTight) {
  const Profile profile = Profile::Build({.preset = "untrusted"}).value();
  EXPECT_EQ(profile.AllowedRoots(), Names{});
  EXPECT_TRUE(profile.IsolationPolicy().in_workers);
  EXPECT_GT(profile.IsolationPolicy().address_space_bytes, profile.MemoryLimitBytes());
  const SqlOptions sql = profile.EffectiveSqlOptions().value();
  EXPECT_EQ(sql.policy, "service");
  EXPECT_LT(sql.sql.max_bytes, SqlLimits().max_bytes);
  EXPECT_TRUE(sql.query.result_rows && sql.query.run_time_ms && sql.query.plan_nodes);
  EXPECT_FALSE(profile.EffectiveSqlOptions("read_only"));
}

TEST(ProfilePrecedence, LaterSourcesWinAndAreNamed) {
  ProfileSources sources;
  sources.preset = "untrusted";
  EXPECT_EQ(OriginOf(*Profile::Build({}), "memory_limit"), "default");
  EXPECT_EQ(OriginOf(*Profile::Build(sources), "memory_limit"), "preset untrusted");

  sources.user_file = ProfileText{"memory_limit = '1 GiB'\nthreads = 3", "user.toml", "/u"};
  Profile profile = Profile::Build(sources).value();
  EXPECT_EQ(profile.MemoryLimitBytes(), std::int64_t{1} << 30);
  EXPECT_EQ(OriginOf(profile, "memory_limit"), "user.toml");

  sources.project_file = ProfileText{"[execution]\nmemory_limit = '2 GiB'", "p.toml", "/p"};
  profile = Profile::Build(sources).value();
  EXPECT_EQ(profile.MemoryLimitBytes(), std::int64_t{2} << 30);
  EXPECT_EQ(profile.Threads(), 3);

  sources.environment = {{"LAKEGATE_MEMORY_LIMIT", "3 GiB"}, {"PATH", "/bin"}};
  profile = Profile::Build(sources).value();
  EXPECT_EQ(profile.MemoryLimitBytes(), std::int64_t{3} << 30);
  EXPECT_EQ(OriginOf(profile, "memory_limit"), "LAKEGATE_MEMORY_LIMIT");

  sources.explicit_settings = {{"memory_limit", "4 GiB", "job.toml [profile]"},
                               {"execution.memory_limit", std::int64_t{5} << 30, "--set"}};
  profile = Profile::Build(sources).value();
  EXPECT_EQ(profile.MemoryLimitBytes(), std::int64_t{5} << 30);
  EXPECT_EQ(OriginOf(profile, "memory_limit"), "--set");
}

TEST(ProfilePrecedence, ChoosesThePresetTheSameWay) {
  ProfileSources sources;
  sources.user_file = ProfileText{"preset = 'dev'", "user.toml", ""};
  EXPECT_EQ(Profile::Build(sources)->preset(), "dev");
  sources.project_file = ProfileText{"preset = 'prod'", "p.toml", ""};
  EXPECT_EQ(Profile::Build(sources)->preset(), "prod");
  sources.environment = {{"LAKEGATE_PRESET", "untrusted"}};
  EXPECT_EQ(Profile::Build(sources)->preset(), "untrusted");
  sources.preset = "default";
  EXPECT_EQ(Profile::Build(sources)->preset(), "default");
}

TEST(ProfileRefuses, UnknownKeysNamingTheNearest) {
  ExpectRefused(FromFile("memroy_limit = '1 GiB'"),
                {"'memroy_limit'", "lakegate.toml", "Did you mean 'memory_limit'?"});
  ExpectRefused(FromFile("[execution]\nthread = 2"), {"execution.thread"});
  ExpectRefused(FromFile("[exection]\nthreads = 2"), {"Did you mean 'execution'?"});
  ExpectRefused(FromFile("[write]\nmemory_limit = '1 GiB'"), {"write.memory_limit"});
  ExpectRefused(Explicit("zzz", true), {"'zzz'", "--set"});
  ExpectRefused(Explicit("", true), {"--set"});
  ProfileSources sources;
  sources.environment = {{"LAKEGATE_MEMORY_LIMT", "1 GiB"}};
  ExpectRefused(sources, {"LAKEGATE_MEMORY_LIMT", "Did you mean 'LAKEGATE_MEMORY_LIMIT'?"});
  ExpectRefused({.preset = "production"}, {"'production'", "default, dev, prod, untrusted"});
  ExpectRefused(FromFile("preset = 'untrused'"), {"Did you mean 'untrusted'?", "lakegate.toml"});
  ExpectRefused(FromFile("preset = 5"), {"lakegate.toml"});
}

TEST(ProfileIgnores, VariablesThatAreNoSettings) {
  ProfileSources sources;
  sources.environment = {
      {"LAKEGATE_TARGET_DIR", "/x"}, {"LAKEGATE_PROFILE", "p.toml"}, {"lakegate_threads", "x"}};
  EXPECT_TRUE(Profile::Build(sources));
}

TEST(ProfileRefuses, WrongTypesNamingOriginAndWhatItTakes) {
  ExpectRefused(FromFile("threads = 'many'"), {"threads", "'many'", "lakegate.toml", "0 and 1024"});
  ExpectRefused(FromFile("threads = true"), {"threads", "true"});
  ExpectRefused(FromFile("threads = 1.5"), {"threads", "lakegate.toml"});
  ExpectRefused(FromFile("threads = [1]"), {"threads"});
  ExpectRefused(FromFile("threads = 2026-01-01"), {"threads"});
  ExpectRefused(FromFile("memory_limit = 'much'"), {"memory_limit", "16 MiB and 16 TiB"});
  ExpectRefused(FromFile("time_limit = 30"), {"time_limit", "duration such as 30 s"});
  ExpectRefused(FromFile("durable_writes = 1"), {"durable_writes", "true or false"});
  ExpectRefused(FromFile("durable_writes = 'maybe'"), {"durable_writes"});
  ExpectRefused(FromFile("allowed_roots = 5"), {"allowed_roots", "list of texts"});
  ExpectRefused(FromFile("allowed_roots = ['/a', 5]"), {"allowed_roots"});
  ExpectRefused(FromFile("run_directory = 5"), {"run_directory", "a text"});
  ExpectRefused(FromFile("[execution.threads]\nx = 1"), {"execution.threads"});
}

TEST(ProfileRefuses, ValuesOutOfBounds) {
  ExpectRefused(FromFile("threads = -1"), {"threads = -1", "lakegate.toml", "0 and 1024"});
  ExpectRefused(FromFile("threads = 1025"), {"threads = 1025"});
  ExpectRefused(FromFile("batch_rows = 0"), {"batch_rows"});
  ExpectRefused(FromFile("memory_limit = '1 MiB'"), {"memory_limit", "16 MiB"});
  ExpectRefused(FromFile("time_limit = '400 d'"), {"time_limit", "365 d"});
  ExpectRefused(FromFile("compression = 'rar'"), {"compression", "zstd, snappy, lz4, none"});
  ExpectRefused(FromFile("sql_policy = 'root'"), {"sql_policy", "'root'"});
  ExpectRefused(Explicit("threads", "9223372036854775808"), {"threads"});
  ProfileSources sources;
  sources.environment = {{"LAKEGATE_THREADS", "5000"}};
  ExpectRefused(sources, {"threads", "LAKEGATE_THREADS"});
}

TEST(ProfileRefuses, TextThatIsNotToml) {
  const auto built = Profile::Build(FromFile("threads = 2\nmemory_limit = \n"));
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(std::get<FilePosition>(built.error().detail()).line, 2);
  EXPECT_NE(built.error().message().find("lakegate.toml line 2"), std::string::npos);
  ExpectRefused(FromFile("threads = 2\nthreads = 3"), {"lakegate.toml"});
  ExpectRefused(FromFile("\xff\xfe"), {"lakegate.toml"});
}

TEST(ProfileRefuses, DatasetsThatAreNone) {
  ExpectRefused(FromFile("dataset = 5"), {"dataset"});
  ExpectRefused(FromFile("[dataset]\ncalls = 'x'"), {"[dataset.calls]"});
  ExpectRefused(FromFile("[dataset.calls]\nformat = 'csv'"), {"calls", "location"});
  ExpectRefused(FromFile("[dataset.calls]\nlocation = 5"), {"dataset.calls.location"});
  ExpectRefused(FromFile("[dataset.calls]\nlocation = 'x'\nfromat = 'csv'"),
                {"dataset 'calls'", "Did you mean 'format'?"});
  ExpectRefused(FromFile("[dataset.calls]\nlocation = 'x'\nthreads = 1"), {"threads"});
  ExpectRefused(FromFile("[dataset.calls]\nlocation = 'x'\npartition_by = 'a'"), {"partition_by"});
  ExpectRefused(FromFile("[dataset.calls]\nlocation = 'x'\ncompression = 'rar'"), {"compression"});
}

TEST(DatasetFor, FindsByNameThenByLocation) {
  const Profile profile = Profile::Build(FromFile(R"(
    [dataset.calls]
    location = "data/./calls.csv"
    format = "csv"
    [dataset.out]
    location = "file:///srv//out/"
    partition_by = ["package"]
    [dataset."s3"]
    location = "s3://bucket/x"
  )"))
                              .value();
  EXPECT_EQ(profile.DatasetFor("calls")->location, "/home/me/project/data/calls.csv");
  EXPECT_EQ(profile.DatasetFor("calls")->format, "csv");
  EXPECT_EQ(profile.DatasetFor("/home/me/project/data/calls.csv")->name, "calls");
  EXPECT_EQ(profile.DatasetFor("/srv/x/../out")->name, "out");
  EXPECT_EQ(profile.DatasetFor("file:/srv/out")->name, "out");
  EXPECT_EQ(profile.DatasetFor("s3://bucket/x")->name, "s3");
  EXPECT_EQ(profile.DatasetFor("/srv/output"), std::nullopt);
  EXPECT_EQ(profile.DatasetFor("s3://bucket/y"), std::nullopt);
  EXPECT_EQ(profile.DatasetFor(""), std::nullopt);
  EXPECT_EQ(profile.Datasets().size(), 3u);
  EXPECT_EQ(profile.Datasets().front().name, "calls");
}

TEST(DatasetFor, LetsALaterFileReplaceADatasetWhole) {
  ProfileSources sources = FromFile("[dataset.a]\nlocation = '/two'");
  sources.user_file =
      ProfileText{"[dataset.a]\nlocation = '/one'\nformat = 'csv'", "user.toml", "/"};
  const auto binding = Profile::Build(sources)->DatasetFor("a");
  EXPECT_EQ(binding->location, "/two");
  EXPECT_EQ(binding->format, "");
}

TEST(WritePolicyFor, TakesTheDatasetsOwnOverTheProfiles) {
  const Profile profile = Profile::Build(FromFile(R"(
    compression = "snappy"
    [dataset.out]
    location = "/srv/out"
    partition_by = ["package"]
    target_file_size = "1 MiB"
    durable_writes = false
  )"))
                              .value();
  for (const char* destination : {"out", "/srv/out/"}) {
    const WritePolicy policy = profile.WritePolicyFor(destination);
    EXPECT_EQ(policy.target_file_bytes, 1 << 20);
    EXPECT_EQ(policy.compression, "snappy");
    EXPECT_FALSE(policy.durable);
    EXPECT_EQ(policy.partition_by, Names{"package"});
    EXPECT_EQ(policy.decided_by.at("target_file_size"), "dataset.out");
    EXPECT_EQ(policy.decided_by.at("compression"), "lakegate.toml");
    EXPECT_EQ(policy.decided_by.at("statistics_columns_max"), "default");
  }
  const WritePolicy other = profile.WritePolicyFor("/elsewhere");
  EXPECT_EQ(other.target_file_bytes, 96 << 20);
  EXPECT_EQ(other.small_table_file_bytes, 32 << 20);
  EXPECT_EQ(other.large_table_file_bytes, 128 << 20);
  EXPECT_EQ(other.statistics_columns_max, 32);
  EXPECT_TRUE(other.durable);
  EXPECT_TRUE(other.partition_by.empty());

  EXPECT_FALSE(profile.DeltaStorePolicy("/srv/out").sync);
  EXPECT_TRUE(profile.DeltaStorePolicy("/elsewhere").sync);
  EXPECT_TRUE(profile.DeltaStorePolicy("file:///x").local);
  EXPECT_FALSE(profile.DeltaStorePolicy("s3://b/x").local);
  EXPECT_FALSE(profile.DeltaStorePolicy("s3://b/x").sync);
}

TEST(EffectiveSqlOptions, MayOnlyBeTighter) {
  const Profile profile = Profile::Build(Explicit("sql_policy", "write")).value();
  EXPECT_EQ(profile.EffectiveSqlOptions()->policy, "write");
  for (const char* tighter : {"service", "read_only", "write"}) {
    EXPECT_EQ(profile.EffectiveSqlOptions(tighter)->policy, tighter);
  }
  const auto looser = profile.EffectiveSqlOptions("admin");
  ASSERT_FALSE(looser);
  EXPECT_EQ(looser.error().kind(), ErrorKind::kSqlPolicyViolation);
  EXPECT_EQ(std::get<PolicyViolation>(looser.error().detail()).setting, "sql_policy");
  const auto unknown = profile.EffectiveSqlOptions("readonly");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_NE(unknown.error().message().find("Did you mean 'read_only'?"), std::string::npos);
  EXPECT_EQ(profile.EffectiveSqlOptions("").error().kind(), ErrorKind::kInvalidArgument);
}

TEST(EffectiveSqlOptions, CarriesListsAndLimits) {
  const Profile profile = Profile::Build(FromFile(R"(
    time_limit = "5 s"
    [sql]
    allowed_functions = ["sum", "count"]
    allowed_relations = []
    max_tokens = 7
    max_result_rows = 100
    plan_time_limit = 0
  )"))
                              .value();
  const SqlOptions sql = profile.EffectiveSqlOptions().value();
  EXPECT_EQ(sql.allowed_functions, (Names{"sum", "count"}));
  EXPECT_EQ(sql.allowed_relations, Names{});
  EXPECT_EQ(sql.allowed_settings, std::nullopt);
  EXPECT_EQ(sql.sql.max_tokens, 7);
  EXPECT_EQ(sql.query.result_rows, 100);
  EXPECT_EQ(sql.query.run_time_ms, 5000);
  EXPECT_EQ(sql.query.plan_time_ms, std::nullopt);
}

TEST(ProfileAnswers, ExecutionQuestions) {
  const Profile two = Profile::Build(FromFile("threads = 2\nmemory_limit = '64 MiB'")).value();
  EXPECT_EQ(two.TargetPartitions(), 2);
  EXPECT_EQ(two.StepMemoryLimitBytes(), 32 << 20);
  const Names keys = {"path"};
  EXPECT_TRUE(two.JoinRepartitionEnabled(keys));
  EXPECT_FALSE(two.JoinRepartitionEnabled({}));
  EXPECT_FALSE(Profile::Build(Explicit("target_partitions", 1))->JoinRepartitionEnabled(keys));
  EXPECT_FALSE(Profile::Build(Explicit("repartition_joins", false))->JoinRepartitionEnabled(keys));
  EXPECT_TRUE(Profile::Safe().CachePolicy().keeps_metadata);
  EXPECT_FALSE(Profile::Build(Explicit("cache", "isolated"))->CachePolicy().keeps_metadata);
  EXPECT_EQ(Profile::Build(Explicit("cache", "pinned")).error().kind(),
            ErrorKind::kInvalidArgument);
  const Profile prod = Profile::Build({.preset = "prod"}).value();
  EXPECT_EQ(prod.MaintenancePolicy().optimize, OptimizePolicy::kWhenSmallFiles);
  EXPECT_TRUE(prod.EventsToFile());
  EXPECT_EQ(Profile::Safe().MaintenancePolicy().optimize, OptimizePolicy::kOff);
  EXPECT_EQ(Profile::Build(Explicit("run_directory", ""))->RunDirectory(), "");
}

TEST(ProfileFingerprint, DependsOnValuesNotOnOrigins) {
  const std::string base = Profile::Safe().Fingerprint();
  EXPECT_EQ(base.size(), 64u);
  EXPECT_EQ(Profile::Build(FromFile("memory_limit = '4096 MiB'"))->Fingerprint(), base);
  EXPECT_EQ(Profile::Build(Explicit("memory_limit", std::int64_t{4} << 30))->Fingerprint(), base);
  std::set<std::string> seen = {base};
  for (const Setting& setting : AllSettings()) {
    const std::string changed =
        setting.type == SettingType::kBool ? (setting.default_text == "true" ? "false" : "true")
        : setting.type == SettingType::kChoice
            ? std::string(setting.choices.substr(setting.choices.find_last_of('|') + 1))
        : setting.type == SettingType::kBytes    ? "77 MiB"
        : setting.type == SettingType::kDuration ? "77 ms"
                                                 : "77";
    std::string text = changed;
    if (text == setting.default_text) text = setting.choices.substr(0, setting.choices.find('|'));
    const auto built = Profile::Build(Explicit(std::string(setting.name), text));
    ASSERT_TRUE(built) << built.error().ToString();
    EXPECT_TRUE(seen.insert(built->Fingerprint()).second) << setting.name;
  }
  const auto dataset = [&](const std::string& text) {
    return Profile::Build(FromFile(text))->Fingerprint();
  };
  EXPECT_TRUE(seen.insert(dataset("[dataset.a]\nlocation = '/x'")).second);
  EXPECT_TRUE(seen.insert(dataset("[dataset.b]\nlocation = '/x'")).second);
  EXPECT_TRUE(seen.insert(dataset("[dataset.a]\nlocation = '/x'\nformat = 'csv'")).second);
  EXPECT_TRUE(seen.insert(dataset("[dataset.a]\nlocation = '/x'\ncompression = 'zstd'")).second);
}

TEST(ProfileGet, NamesTheNearestOfUnknownNames) {
  EXPECT_EQ(std::get<std::int64_t>(Profile::Safe().Get("batch_rows").value()), 8192);
  const auto missing = Profile::Safe().Get("batch_row");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::kNotFound);
  EXPECT_NE(missing.error().message().find("'batch_rows'"), std::string::npos);
}

TEST(ProfileReport, ReadsBackAsSettings) {
  const Profile profile = Profile::Build({.preset = "untrusted"}).value();
  ProfileSources again;
  for (const SettingReport& report : profile.Report()) {
    again.explicit_settings.push_back({report.name, report.value, "--set"});
  }
  EXPECT_EQ(Profile::Build(again)->Fingerprint(), profile.Fingerprint());
  EXPECT_EQ(profile.Report().size(), AllSettings().size());
}

TEST(SettingsMarkdown, IsWhatTheFileSays) {
  const std::string path = LAKEGATE_SOURCE_DIR "/docs/SETTINGS.md";
  if (std::getenv("UPDATE_DOCS") != nullptr) {
    ASSERT_TRUE(base::WriteFileAtomically(path, SettingsMarkdown()));
  }
  const auto file = base::ReadFile(path, 1 << 20);
  ASSERT_TRUE(file) << file.error().ToString();
  EXPECT_EQ(*file, SettingsMarkdown()) << "run the test with UPDATE_DOCS=1 to write the file";
}

}  // namespace
}  // namespace lakegate
