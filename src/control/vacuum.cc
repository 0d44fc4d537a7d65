#include "control/vacuum.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/try.h"
#include "delta/action.h"

namespace lakegate::control {

namespace {

namespace fs = std::filesystem;

struct Candidate {
  std::string name;  // relative to the table
  std::int64_t bytes = 0;
};

struct Tombstone {
  std::string name;
  std::int64_t removed_at_ms = 0;
};

struct Kept {
  std::set<std::string> names;
  bool deletion_vectors = false;
};

Result<std::vector<Tombstone>> TombstonesOf(const delta::Snapshot& head) {
  LG_ASSIGN_OR_RETURN(const std::string text, head.handle->Tombstones());
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_array()) {
    return Error(ErrorKind::kInternal, "The removed files of a table are no list.");
  }
  std::vector<Tombstone> tombstones;
  for (const auto& entry : parsed) {
    const auto at = entry.find("removed_at_ms");
    // An entry that does not say when is as old as can be.
    const std::int64_t removed_at =
        at != entry.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
    tombstones.push_back({entry.value("path", ""), removed_at});
  }
  return tombstones;
}

Result<Kept> KeptFiles(const Attempt& attempt, const std::vector<Tombstone>& tombstones,
                       std::int64_t cutoff_ms) {
  LG_ASSIGN_OR_RETURN(const std::string text, attempt.log.Files(attempt.head));
  LG_ASSIGN_OR_RETURN(const auto files, delta::ParseAdds(text));
  Kept kept;
  for (const auto& file : files) {
    kept.names.insert(delta::DecodePath(file.path));
    kept.deletion_vectors = kept.deletion_vectors || delta::HasDeletionVector(file);
  }
  for (const auto& tombstone : tombstones) {
    if (tombstone.removed_at_ms >= cutoff_ms) kept.names.insert(tombstone.name);
  }
  return kept;
}

// Folders and files that are no part of the table. A partition column may begin with '_'.
bool IsHidden(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name == delta::kChangeFolder) return false;
  return name.starts_with('.') || (name.starts_with('_') && name.find('=') == std::string::npos);
}

std::int64_t WrittenAtMs(const fs::directory_entry& entry, std::error_code& error) {
  const auto time = entry.last_write_time(error);
  const auto system = std::chrono::file_clock::to_sys(time);
  return std::chrono::duration_cast<std::chrono::milliseconds>(system.time_since_epoch()).count();
}

// Every file below the table that was last written before the cutoff.
Result<std::vector<Candidate>> OldFiles(const std::string& table, std::int64_t cutoff_ms) {
  std::vector<Candidate> candidates;
  std::error_code error;
  fs::recursive_directory_iterator entry(table, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (IsHidden(entry->path())) {
      if (entry->is_directory(error)) entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file(error) || entry->is_symlink(error)) continue;
    const std::int64_t written_at = WrittenAtMs(*entry, error);
    if (error || written_at >= cutoff_ms) continue;
    candidates.push_back({entry->path().lexically_relative(table).string(),
                          static_cast<std::int64_t>(entry->file_size(error))});
  }
  if (error) return base::FileError("list", table, error.value());
  std::sort(candidates.begin(), candidates.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return candidates;
}

Result<std::vector<Candidate>> RemovedFiles(const std::string& table,
                                            const std::vector<Tombstone>& tombstones,
                                            std::int64_t cutoff_ms) {
  std::set<std::string> names;
  for (const auto& tombstone : tombstones) {
    if (tombstone.removed_at_ms < cutoff_ms) names.insert(tombstone.name);
  }
  std::vector<Candidate> candidates;
  for (const auto& name : names) {
    std::error_code error;
    const auto size = fs::file_size(fs::path(table) / name, error);
    if (!error) candidates.push_back({name, static_cast<std::int64_t>(size)});
  }
  return candidates;
}

bool MayGo(const Candidate& candidate, const Kept& kept) {
  if (kept.names.contains(candidate.name)) return false;
  const bool deletion_vector = candidate.name.ends_with(".bin");
  return !(deletion_vector && kept.deletion_vectors);
}

Result<std::int64_t> RetentionOf(const Attempt& attempt, const VacuumOptions& vacuum) {
  const std::int64_t own = attempt.head.removed_file_retention_ms;
  if (!vacuum.retention_ms) return own;
  if (*vacuum.retention_ms < 0) {
    return Error(ErrorKind::kInvalidArgument, "The retention of a vacuum must not be negative.");
  }
  if (*vacuum.retention_ms >= own || vacuum.allow_short_retention) return *vacuum.retention_ms;
  constexpr std::int64_t kHourMs = 3'600'000;
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("The retention is shorter than the table's own and could take files "
                           "from readers and writers at work: {} h of {} h. Allow it by name "
                           "(allow_short_retention), or set delta.deletedFileRetentionDuration.",
                           *vacuum.retention_ms / kHourMs, own / kHourMs));
}

Status Vacuum(const Attempt& attempt, const VacuumOptions& vacuum) {
  const std::string& table = attempt.call.path;
  if (!attempt.head.unwritable.empty()) return write::CheckChangeable(attempt.head, table);
  LG_ASSIGN_OR_RETURN(const std::int64_t retention_ms, RetentionOf(attempt, vacuum));
  const std::int64_t cutoff_ms = attempt.call.context.clock.WallTimeMs() - retention_ms;
  LG_ASSIGN_OR_RETURN(const auto tombstones, TombstonesOf(attempt.head));
  LG_ASSIGN_OR_RETURN(const Kept kept, KeptFiles(attempt, tombstones, cutoff_ms));
  LG_ASSIGN_OR_RETURN(auto candidates, vacuum.lite ? RemovedFiles(table, tombstones, cutoff_ms)
                                                   : OldFiles(table, cutoff_ms));
  std::erase_if(candidates, [&](const Candidate& candidate) { return !MayGo(candidate, kept); });
  ChangeReceipt& receipt = attempt.receipt;
  receipt.metrics = {{"numFilesDeleted", 0}, {"numBytesDeleted", 0}};
  for (const auto& candidate : candidates) {
    if (attempt.call.options.cancel.cancelled()) {
      return Error(ErrorKind::kCancelled,
                   fmt::format("The vacuum was cancelled after {} files; the others stay.",
                               receipt.metrics["numFilesDeleted"]));
    }
    if (!attempt.call.options.dry_run) {
      LG_RETURN_IF_ERROR(base::RemoveFile(table + "/" + candidate.name));
    }
    ListFile(candidate.name, &receipt);
    receipt.metrics["numFilesDeleted"] += 1;
    receipt.metrics["numBytesDeleted"] += candidate.bytes;
  }
  if (candidates.empty()) return Nothing(attempt, "nothing_to_do");
  return Nothing(attempt, attempt.call.options.dry_run ? "dry_run" : "not_in_log");
}

}  // namespace

Result<ChangeReceipt> VacuumTable(const Call& call, const VacuumOptions& vacuum) {
  return RunChange("VACUUM", call, [&](const Attempt& attempt) { return Vacuum(attempt, vacuum); });
}

}  // namespace lakegate::control
