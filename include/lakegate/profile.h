// A profile: every setting validated, in one immutable value that answers questions.
//
// Built from defaults ← preset ← user file ← project file ← environment (LAKEGATE_<NAME>) ←
// explicit settings; the later wins, and each value knows where it came from. Whoever needs
// a setting asks a question below; nobody reads the environment or a file for one.
// `Profile::Safe()` is the null object: there is always a profile.
//
// Files: TOML, settings at the top level as `name = value` (memory_limit = "512 MiB"), the
// key `preset`, and datasets as tables `[dataset.<name>]` with `location` and, if wanted,
// `format`, `partition_by`, and the write settings by their own names. A setting may also be
// written under its group, `[write] compression = "zstd"`, here and as `write.compression`.
// Environment: LAKEGATE_MEMORY_LIMIT="512 MiB"; lists are separated by commas.
//
// Errors: kInvalidArgument for an unknown key (naming the nearest), a wrong type or a value
// out of bounds (naming key, origin and bounds), and for text that is not TOML (line,
// column). Owner: a value; copies share what they hold, which nobody can change, so it may
// be used from any thread. Building one touches no file, clock or environment: they are
// arguments.
#ifndef LAKEGATE_PROFILE_H_
#define LAKEGATE_PROFILE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lakegate/export.h"
#include "lakegate/policy.h"
#include "lakegate/result.h"

namespace lakegate {

enum class SettingType : std::uint8_t {
  kBool,
  kInteger,
  kBytes,     // "512 MiB", or a number of bytes
  kDuration,  // "30 s"; stored as milliseconds
  kText,
  kChoice,    // one of Setting::choices
  kTextList,  // an array of strings; "*" alone means any
};

using SettingValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

// One row of the table that validation, `config show`, `--set` and docs/SETTINGS.md share.
struct Setting {
  std::string_view name;
  std::string_view group;  // "execution", "sql", "data", "write", ...
  SettingType type;
  std::string_view default_text;  // as a user would write it
  std::int64_t minimum = 0;       // of kInteger, kBytes, kDuration
  std::int64_t maximum = 0;
  std::string_view choices;  // of kChoice: "off|auto"
  std::string_view doc;
};

LAKEGATE_EXPORT std::span<const Setting> AllSettings();
// The presets by name, sorted: default, dev, prod, untrusted.
LAKEGATE_EXPORT std::vector<std::string> AllPresets();
// docs/SETTINGS.md, whole; a test compares it with the file.
LAKEGATE_EXPORT std::string SettingsMarkdown();

// A profile file's text. `origin` is what `config show --origin` and errors say, usually the
// file's path; relative dataset locations are taken from `base_directory`.
struct ProfileText {
  std::string text = {};
  std::string origin = {};
  std::string base_directory = {};
};

// A single setting: `--set name=value`, a job file's [profile] table. Text is parsed by the
// setting's type, so "512 MiB", "true" and "a,b" all do.
struct ExplicitSetting {
  std::string name = {};
  SettingValue value = {};
  std::string origin = {};  // "--set", "job.toml [profile]"
};

struct ProfileSources {
  // "" leaves the choice to LAKEGATE_PRESET, then the `preset` keys of the files, then default.
  std::string preset = {};
  std::optional<ProfileText> user_file = {};
  std::optional<ProfileText> project_file = {};
  std::map<std::string, std::string> environment = {};  // only LAKEGATE_ names are looked at
  std::vector<ExplicitSetting> explicit_settings = {};  // in order, the later wins
};

// For `config show --origin`.
struct SettingReport {
  std::string name = {};
  std::string value = {};   // as a user would write it
  std::string origin = {};  // "default", "preset prod", a file, "LAKEGATE_MEMORY_LIMIT", "--set"
};

// What the profile says about SQL: `policy` names the preset (`SqlPolicy::Preset`) that the
// lists and limits then narrow.
struct SqlOptions {
  std::string policy = "read_only";
  // Absent: as the preset says. An empty list: none.
  std::optional<std::vector<std::string>> allowed_relations = {};
  std::optional<std::vector<std::string>> allowed_functions = {};
  std::optional<std::vector<std::string>> allowed_table_functions = {};
  std::optional<std::vector<std::string>> allowed_settings = {};
  SqlLimits sql;
  QueryLimits query;
  bool operator==(const SqlOptions&) const = default;
};

// Where a name leads. `format` "" means: infer it from the location.
struct DatasetBinding {
  std::string name = {};
  std::string location = {};
  std::string format = {};
  std::vector<std::string> partition_by = {};
  bool operator==(const DatasetBinding&) const = default;
};

// How a destination is written; each value is the dataset's own or the profile's, and
// `decided_by` says which ("dataset.x", else the setting's origin) under the setting's name.
struct WritePolicy {
  std::int64_t small_table_file_bytes = 0;  // at most, under 10,000 rows
  std::int64_t target_file_bytes = 0;
  std::int64_t large_table_file_bytes = 0;  // at least, above 1,000,000 rows
  std::string compression = {};             // "zstd", "snappy", "lz4", "none"
  std::string statistics = {};              // "auto" or "off"
  std::int64_t statistics_columns_max = 0;
  std::vector<std::string> partition_by = {};
  bool durable = true;
  std::int64_t commit_retries = 0;
  std::int64_t abandoned_after_ms = 0;  // 0: never
  std::map<std::string, std::string> decided_by = {};
  bool operator==(const WritePolicy&) const = default;
};

// How a Delta log is treated at one location.
struct DeltaStorePolicy {
  bool local = true;  // a path or a file: URI
  bool sync = true;   // fsync log entries and directories; local only
  std::int64_t commit_retries = 0;
  bool operator==(const DeltaStorePolicy&) const = default;
};

enum class OptimizePolicy : std::uint8_t { kOff, kWhenSmallFiles };

struct MaintenancePolicy {
  OptimizePolicy optimize = OptimizePolicy::kOff;
  std::int64_t small_file_bytes = 0;
  std::int64_t small_file_count = 0;
  std::int64_t checkpoint_every = 0;  // versions; 0: never
  bool operator==(const MaintenancePolicy&) const = default;
};

// What outlives a statement. Folders are listed anew by every one.
struct CachePolicy {
  std::string name = {};  // "latest", "isolated"
  // Footers and statistics of files, while size and time of the file stay the same.
  bool keeps_metadata = true;
  bool operator==(const CachePolicy&) const = default;
};

// Where statements run: in this process, or each in a worker process (docs/SECURITY.md).
struct IsolationPolicy {
  bool in_workers = false;
  std::string worker_program = {};  // "": the lakegate command beside the library
  bool sandbox_required = true;
  std::int64_t workers_max = 0;
  std::int64_t address_space_bytes = 0;  // of a worker
  std::int64_t open_files = 0;           // of a worker
  std::int64_t cpu_time_ms = 0;          // of a statement; 0: no limit
  bool operator==(const IsolationPolicy&) const = default;
};

class LAKEGATE_EXPORT Profile {
 public:
  static Result<Profile> Build(const ProfileSources& sources);

  // Defaults alone: read-only SQL, bounded memory, durable writes.
  static const Profile& Safe();

  // Execution.
  std::int64_t Threads() const;           // 0: as many as the machine has
  std::int64_t TargetPartitions() const;  // 0: as many as threads
  std::int64_t BatchRows() const;
  std::int64_t MemoryLimitBytes() const;
  std::int64_t StepMemoryLimitBytes() const;  // a job step's rows kept in memory
  std::string SpillDirectory() const;         // "": the system's temporary directory
  std::int64_t SpillLimitBytes() const;
  std::int64_t FunctionLimitBytes() const;  // that one call may make; 0: none
  std::int64_t TimeLimitMs() const;         // 0: none
  bool Deterministic() const;               // row order never depends on threads
  lakegate::IsolationPolicy IsolationPolicy() const;
  // Whether a join on `keys` may repartition its inputs: never without keys, on one
  // partition, or where it was switched off.
  bool JoinRepartitionEnabled(std::span<const std::string> keys) const;

  // SQL. `policy` overrides the profile's for one statement and may only be tighter (service,
  // read_only, write, admin: each looser than the one before): kInvalidArgument for an unknown
  // name, kSqlPolicyViolation (setting sql_policy) for a looser one.
  Result<SqlOptions> EffectiveSqlOptions(std::optional<std::string_view> policy = {}) const;

  // Data. Roots and schemes: nothing means any; an empty list means none.
  std::optional<std::vector<std::string>> AllowedRoots() const;
  std::optional<std::vector<std::string>> AllowedSchemes() const;
  // By name, then by location; a location is compared after its spelling is normalised, and
  // the caller passes canonical paths for paths.
  std::optional<DatasetBinding> DatasetFor(std::string_view destination) const;
  std::vector<DatasetBinding> Datasets() const;  // sorted by name

  // Writing. `destination` as for `DatasetFor`; unknown ones get the profile's own policy.
  WritePolicy WritePolicyFor(std::string_view destination) const;
  lakegate::DeltaStorePolicy DeltaStorePolicy(std::string_view location) const;
  lakegate::MaintenancePolicy MaintenancePolicy() const;
  lakegate::CachePolicy CachePolicy() const;
  bool DurableWrites() const;

  // Observation.
  std::string RunDirectory() const;  // "": run records are not kept
  bool EventsToFile() const;         // NDJSON beside the run record
  bool RecordStatementText() const;  // verbatim instead of sanitised

  // 64 hexadecimal digits over every setting and dataset in canonical order: equal profiles
  // have equal fingerprints whatever their origins.
  std::string Fingerprint() const;
  const std::string& preset() const;

  // kNotFound with the nearest name.
  Result<SettingValue> Get(std::string_view name) const;
  std::vector<SettingReport> Report() const;  // in the table's order

 private:
  struct State;
  explicit Profile(std::shared_ptr<const State> state);
  // Shared by copies, never changed after Build.
  std::shared_ptr<const State> state_;
};

}  // namespace lakegate

#endif  // LAKEGATE_PROFILE_H_
