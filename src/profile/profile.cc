#include "lakegate/profile.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "base/try.h"
#include "hashing/blake3.h"
#include "hashing/canonical.h"
#include "profile/profile_state.h"
#include "profile/setting_table.h"
#include "profile/setting_value.h"

namespace lakegate {
namespace {

// From tight to loose.
constexpr std::array<std::string_view, 4> kPolicies = {"service", "read_only", "write", "admin"};

std::optional<std::int64_t> NoneIfZero(std::int64_t value) {
  return value == 0 ? std::nullopt : std::optional(value);
}

}  // namespace

namespace profile {

bool IsLocalLocation(std::string_view location) {
  return location.starts_with("file:") || location.find("://") == std::string_view::npos;
}

std::string NormaliseLocation(std::string_view location, std::string_view base_directory) {
  if (!IsLocalLocation(location)) return std::string(location);
  if (location.starts_with("file://")) {
    location.remove_prefix(7);
  } else if (location.starts_with("file:")) {
    location.remove_prefix(5);
  }
  std::filesystem::path path(location);
  if (path.is_relative() && !base_directory.empty()) path = base_directory / path;
  std::string text = path.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

}  // namespace profile

Profile::Profile(std::shared_ptr<const State> state) : state_(std::move(state)) {}

const Profile::State::Dataset* Profile::State::Find(std::string_view destination) const {
  if (const auto named = datasets.find(std::string(destination)); named != datasets.end()) {
    return &named->second;
  }
  const std::string location = profile::NormaliseLocation(destination);
  for (const auto& [name, dataset] : datasets) {
    if (dataset.binding.location == location) return &dataset;
  }
  return nullptr;
}

std::int64_t Profile::Threads() const { return state_->Number("threads"); }
std::int64_t Profile::TargetPartitions() const {
  const std::int64_t partitions = state_->Number("target_partitions");
  return partitions == 0 ? Threads() : partitions;
}
std::int64_t Profile::BatchRows() const { return state_->Number("batch_rows"); }
std::int64_t Profile::MemoryLimitBytes() const { return state_->Number("memory_limit"); }
std::int64_t Profile::StepMemoryLimitBytes() const {
  return std::min(state_->Number("step_memory_limit"), MemoryLimitBytes() / 2);
}
std::string Profile::SpillDirectory() const { return state_->Text("spill_directory"); }
std::int64_t Profile::FunctionLimitBytes() const { return state_->Number("function_limit"); }
std::int64_t Profile::SpillLimitBytes() const { return state_->Number("spill_limit"); }
std::int64_t Profile::TimeLimitMs() const { return state_->Number("time_limit"); }
bool Profile::Deterministic() const { return state_->Flag("deterministic"); }

bool Profile::JoinRepartitionEnabled(std::span<const std::string> keys) const {
  return state_->Flag("repartition_joins") && !keys.empty() && TargetPartitions() != 1;
}

Result<SqlOptions> Profile::EffectiveSqlOptions(std::optional<std::string_view> policy) const {
  SqlOptions options;
  options.policy = state_->Text("sql_policy");
  if (policy) {
    const auto rank = [](std::string_view name) {
      return std::find(kPolicies.begin(), kPolicies.end(), name) - kPolicies.begin();
    };
    if (rank(*policy) == std::ssize(kPolicies)) {
      const std::vector<std::string> known(kPolicies.begin(), kPolicies.end());
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("There is no such SQL policy: '{}'.{} Policies: {}.", *policy,
                               base::DidYouMean(*policy, known), base::ListNames(known)));
    }
    if (rank(*policy) > rank(options.policy)) {
      return Error(ErrorKind::kSqlPolicyViolation,
                   fmt::format("A statement may only ask for a tighter policy than the "
                               "profile's: '{}' is looser than '{}'. The setting sql_policy "
                               "would allow it.",
                               *policy, options.policy),
                   PolicyViolation{"setting", std::string(*policy), {}, "sql_policy"});
    }
    options.policy = *policy;
  }
  options.allowed_relations = state_->AnyOrList("sql_allowed_relations");
  options.allowed_functions = state_->AnyOrList("sql_allowed_functions");
  options.allowed_table_functions = state_->AnyOrList("sql_allowed_table_functions");
  options.allowed_settings = state_->AnyOrList("sql_allowed_settings");
  options.sql.max_bytes = state_->Number("sql_max_bytes");
  options.sql.max_tokens = state_->Number("sql_max_tokens");
  options.sql.max_nesting = state_->Number("sql_max_nesting");
  options.sql.max_prefix_run = state_->Number("sql_max_prefix_run");
  options.sql.max_ast_depth = state_->Number("sql_max_ast_depth");
  options.sql.max_ast_nodes = state_->Number("sql_max_ast_nodes");
  options.sql.max_chain = state_->Number("sql_max_chain");
  options.sql.max_joins = state_->Number("sql_max_joins");
  options.sql.max_in_list = state_->Number("sql_max_in_list");
  options.sql.max_subquery_depth = state_->Number("sql_max_subquery_depth");
  options.sql.max_with_depth = state_->Number("sql_max_with_depth");
  options.query.result_rows = NoneIfZero(state_->Number("sql_max_result_rows"));
  options.query.result_bytes = NoneIfZero(state_->Number("sql_max_result_bytes"));
  options.query.plan_time_ms = NoneIfZero(state_->Number("sql_plan_time_limit"));
  options.query.run_time_ms = NoneIfZero(TimeLimitMs());
  options.query.plan_nodes = NoneIfZero(state_->Number("sql_max_plan_nodes"));
  options.query.scan_bytes = NoneIfZero(state_->Number("sql_max_scan_bytes"));
  options.query.scan_files = NoneIfZero(state_->Number("sql_max_scan_files"));
  options.query.scan_rows = NoneIfZero(state_->Number("sql_max_scan_rows"));
  return options;
}

std::optional<std::vector<std::string>> Profile::AllowedRoots() const {
  return state_->AnyOrList("allowed_roots");
}
std::optional<std::vector<std::string>> Profile::AllowedSchemes() const {
  return state_->AnyOrList("allowed_schemes");
}

std::optional<DatasetBinding> Profile::DatasetFor(std::string_view destination) const {
  const State::Dataset* const dataset = state_->Find(destination);
  return dataset == nullptr ? std::nullopt : std::optional(dataset->binding);
}

std::vector<DatasetBinding> Profile::Datasets() const {
  std::vector<DatasetBinding> bindings;
  for (const auto& [name, dataset] : state_->datasets) bindings.push_back(dataset.binding);
  return bindings;
}

WritePolicy Profile::WritePolicyFor(std::string_view destination) const {
  const State::Dataset* const dataset = state_->Find(destination);
  WritePolicy policy;
  const auto decide = [&](std::string_view name) -> const SettingValue& {
    const std::size_t index = profile::SettingIndex(name);
    std::string& decided_by = policy.decided_by[std::string(name)];
    if (dataset != nullptr) {
      if (const auto own = dataset->overrides.find(index); own != dataset->overrides.end()) {
        decided_by = "dataset." + dataset->binding.name;
        return own->second;
      }
    }
    decided_by = state_->origins[index];
    return state_->values[index];
  };
  policy.small_table_file_bytes = std::get<std::int64_t>(decide("small_table_file_size"));
  policy.target_file_bytes = std::get<std::int64_t>(decide("target_file_size"));
  policy.large_table_file_bytes = std::get<std::int64_t>(decide("large_table_file_size"));
  policy.compression = std::get<std::string>(decide("compression"));
  policy.statistics = std::get<std::string>(decide("statistics"));
  policy.statistics_columns_max = std::get<std::int64_t>(decide("statistics_columns_max"));
  policy.durable = std::get<bool>(decide("durable_writes"));
  policy.commit_retries = std::get<std::int64_t>(decide("commit_retries"));
  policy.abandoned_after_ms = std::get<std::int64_t>(decide("abandoned_after"));
  if (dataset != nullptr && !dataset->binding.partition_by.empty()) {
    policy.partition_by = dataset->binding.partition_by;
    policy.decided_by["partition_by"] = "dataset." + dataset->binding.name;
  }
  return policy;
}

lakegate::DeltaStorePolicy Profile::DeltaStorePolicy(std::string_view location) const {
  const WritePolicy write = WritePolicyFor(location);
  lakegate::DeltaStorePolicy policy;
  policy.local = profile::IsLocalLocation(location);
  policy.sync = policy.local && write.durable;
  policy.commit_retries = write.commit_retries;
  return policy;
}

lakegate::MaintenancePolicy Profile::MaintenancePolicy() const {
  lakegate::MaintenancePolicy policy;
  policy.optimize =
      state_->Text("optimize") == "off" ? OptimizePolicy::kOff : OptimizePolicy::kWhenSmallFiles;
  policy.small_file_bytes = state_->Number("small_file_size");
  policy.small_file_count = state_->Number("small_file_count");
  policy.checkpoint_every = state_->Number("checkpoint_every");
  return policy;
}

lakegate::CachePolicy Profile::CachePolicy() const {
  const std::string& name = state_->Text("cache");
  return {name, name == "latest"};
}

lakegate::IsolationPolicy Profile::IsolationPolicy() const {
  // Code, stacks and the reserves of allocators, of which little is ever touched.
  constexpr std::int64_t kBesideMemory = std::int64_t{4} << 30;
  const std::int64_t addresses = state_->Number("worker_address_space");
  return {.in_workers = state_->Text("isolation") == "process",
          .worker_program = state_->Text("worker_program"),
          .sandbox_required = state_->Text("worker_sandbox") == "required",
          .workers_max = state_->Number("worker_limit"),
          .address_space_bytes = addresses > 0 ? addresses : MemoryLimitBytes() + kBesideMemory,
          .open_files = state_->Number("worker_open_files"),
          .cpu_time_ms = state_->Number("worker_cpu_limit")};
}

bool Profile::DurableWrites() const { return state_->Flag("durable_writes"); }
std::string Profile::RunDirectory() const { return state_->Text("run_directory"); }
bool Profile::EventsToFile() const { return state_->Text("events") == "ndjson"; }
bool Profile::RecordStatementText() const { return state_->Flag("record_statement_text"); }
const std::string& Profile::preset() const { return state_->preset; }

Result<SettingValue> Profile::Get(std::string_view name) const {
  const auto index = profile::FindSetting(name);
  if (index) return state_->values[*index];
  return Error(ErrorKind::kNotFound, fmt::format("There is no such setting: '{}'.{}", name,
                                                 base::DidYouMean(name, profile::SettingNames())));
}

std::vector<SettingReport> Profile::Report() const {
  std::vector<SettingReport> report;
  const std::span<const Setting> settings = AllSettings();
  for (std::size_t i = 0; i < settings.size(); ++i) {
    report.push_back({std::string(settings[i].name),
                      profile::TextOf(settings[i], state_->values[i]), state_->origins[i]});
  }
  return report;
}

}  // namespace lakegate
