#include "control/log_files.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/file.h"
#include "base/try.h"
#include "engine/delta_log.h"

namespace lakegate::control {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kVersionDigits = 20;

// "00000000000000000012" at the beginning of a name; nothing for other files.
std::optional<std::int64_t> VersionOf(std::string_view name) {
  if (name.size() <= kVersionDigits) return std::nullopt;
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kVersionDigits, version);
  if (error != std::errc() || end != name.data() + kVersionDigits) return std::nullopt;
  return version;
}

bool IsCheckpoint(std::string_view name) {
  return name.substr(kVersionDigits).starts_with(".checkpoint.");
}

// How many files a checkpoint of this name has: "….checkpoint.0000000001.0000000003.parquet" is
// one of three.
std::int64_t PartsOf(std::string_view name) {
  constexpr std::string_view kMark = ".checkpoint.";
  const std::string_view rest = name.substr(kVersionDigits + kMark.size());
  const auto first = rest.find('.');
  if (first != 10 || rest.size() < 22) return 1;
  std::int64_t parts = 1;
  const auto [end, error] = std::from_chars(rest.data() + 11, rest.data() + 21, parts);
  return error == std::errc() && end == rest.data() + 21 ? parts : 1;
}

// Versions whose checkpoint has all its parts.
std::vector<std::int64_t> WholeCheckpoints(const std::vector<LogFile>& files) {
  std::map<std::int64_t, std::int64_t> wanted;
  std::map<std::int64_t, std::int64_t> found;
  for (const auto& file : files) {
    const auto version = VersionOf(file.name);
    if (!version || !IsCheckpoint(file.name)) continue;
    wanted[*version] = PartsOf(file.name);
    ++found[*version];
  }
  std::vector<std::int64_t> whole;
  for (const auto& [version, parts] : wanted) {
    if (found[version] >= parts) whole.push_back(version);
  }
  return whole;
}

Result<std::vector<LogFile>> ListLog(const std::string& folder) {
  LG_ASSIGN_OR_RETURN(const auto names, base::ListDirectory(folder));
  std::vector<LogFile> files;
  for (const auto& name : names) {
    std::error_code error;
    const auto time = fs::last_write_time(fs::path(folder) / name, error);
    if (error) continue;  // gone meanwhile
    const auto system = std::chrono::file_clock::to_sys(time).time_since_epoch();
    files.push_back({name, std::chrono::duration_cast<std::chrono::milliseconds>(system).count()});
  }
  return files;
}

Status Clean(const Attempt& attempt) {
  if (!attempt.head.unwritable.empty()) {
    return write::CheckChangeable(attempt.head, attempt.call.path);
  }
  const std::string folder = attempt.call.path + "/_delta_log";
  LG_ASSIGN_OR_RETURN(const auto files, ListLog(folder));
  const std::int64_t cutoff_ms =
      attempt.call.context.clock.WallTimeMs() - attempt.head.log_retention_ms;
  const auto needless = NeedlessLogFiles(files, attempt.head.version, cutoff_ms);
  for (const auto& name : needless) {
    if (!attempt.call.options.dry_run)
      LG_RETURN_IF_ERROR(base::RemoveFile((fs::path(folder) / name).string()));
    ListFile("_delta_log/" + name, &attempt.receipt);
  }
  attempt.receipt.metrics["numFilesDeleted"] = static_cast<std::int64_t>(needless.size());
  if (needless.empty()) return Nothing(attempt, "nothing_to_do");
  return Nothing(attempt, attempt.call.options.dry_run ? "dry_run" : "not_in_log");
}

}  // namespace

std::vector<std::string> NeedlessLogFiles(const std::vector<LogFile>& files,
                                          std::int64_t head_version, std::int64_t cutoff_ms) {
  std::int64_t keep = head_version;
  for (const auto& file : files) {
    const auto version = VersionOf(file.name);
    if (version && file.name.ends_with(".json") && !IsCheckpoint(file.name) &&
        file.written_at_ms >= cutoff_ms) {
      keep = std::min(keep, *version);
    }
  }
  std::int64_t checkpoint = -1;
  for (const std::int64_t version : WholeCheckpoints(files)) {
    if (version <= keep) checkpoint = std::max(checkpoint, version);
  }
  std::vector<std::string> needless;
  for (const auto& file : files) {
    const auto version = VersionOf(file.name);
    if (version && *version < checkpoint && file.written_at_ms < cutoff_ms) {
      needless.push_back(file.name);
    }
  }
  // Oldest first: what is left of a removal that was cut short is a log without its beginning.
  std::sort(needless.begin(), needless.end());
  return needless;
}

Result<ChangeReceipt> CheckpointTable(const Call& call) {
  return RunChange("CHECKPOINT", call, [](const Attempt& attempt) -> Status {
    if (attempt.call.options.dry_run) return Nothing(attempt, "dry_run");
    LG_RETURN_IF_ERROR(engine::CheckpointDelta(*attempt.head.handle));
    return Nothing(attempt, "not_in_log");
  });
}

Result<ChangeReceipt> CleanLog(const Call& call) { return RunChange("CLEAN LOG", call, Clean); }

}  // namespace lakegate::control
