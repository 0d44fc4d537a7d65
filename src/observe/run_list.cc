#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "base/try.h"
#include "base/uuid.h"
#include "lakegate/run_record.h"

namespace lakegate {
namespace {

constexpr std::string_view kEnding = ".json";
// A record holds at most RunRecorderOptions::max_events events; this is far above that.
constexpr std::int64_t kLargestRecordBytes = std::int64_t{256} << 20;

// Ids of the files in the directory that are named like records, sorted: oldest first.
Result<std::vector<std::string>> RunIds(const std::string& run_directory) {
  std::vector<std::string> ids;
  LG_ASSIGN_OR_RETURN(const base::PathKind kind, base::KindOf(run_directory));
  if (kind == base::PathKind::kMissing) return ids;
  LG_ASSIGN_OR_RETURN(const std::vector<std::string> names, base::ListDirectory(run_directory));
  for (const std::string& name : names) {
    if (!name.ends_with(kEnding)) continue;
    std::string id = name.substr(0, name.size() - kEnding.size());
    if (base::ParseUuid(id)) ids.push_back(std::move(id));
  }
  return ids;
}

Result<RunRecord> ReadRun(const std::string& run_directory, const std::string& id) {
  const std::string path = fmt::format("{}/{}{}", run_directory, id, kEnding);
  LG_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path, kLargestRecordBytes));
  return ParseRunRecord(text).transform_error(
      [&](const Error& error) { return error.WithContext(path); });
}

}  // namespace

Result<RunList> ListRuns(const std::string& run_directory) {
  RunList list;
  LG_ASSIGN_OR_RETURN(const std::vector<std::string> ids, RunIds(run_directory));
  for (const std::string& id : ids) {
    Result<RunRecord> record = ReadRun(run_directory, id);
    if (record) {
      list.runs.push_back(std::move(record).value());
    } else {
      list.unreadable.push_back(id + std::string(kEnding));
    }
  }
  std::stable_sort(list.runs.begin(), list.runs.end(), [](const auto& a, const auto& b) {
    return std::tie(a.started_at_ms, a.id) < std::tie(b.started_at_ms, b.id);
  });
  return list;
}

Result<RunRecord> LoadRun(const std::string& run_directory, std::string_view id) {
  LG_ASSIGN_OR_RETURN(const std::vector<std::string> ids, RunIds(run_directory));
  std::vector<std::string> found;
  if (id == "last") {
    if (!ids.empty()) found.push_back(ids.back());
  } else if (!id.empty()) {
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(found),
                 [&](const std::string& candidate) { return candidate.starts_with(id); });
  }
  if (found.empty()) {
    return Error(ErrorKind::kNotFound,
                 fmt::format("There is no such run: '{}' among {} records in '{}'. The setting "
                             "run_directory says where records lie.",
                             id, ids.size(), run_directory));
  }
  if (found.size() > 1) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("Several runs begin with '{}': {} and {} more. Give more of the id.",
                             id, found.front(), found.size() - 1));
  }
  return ReadRun(run_directory, found.front());
}

}  // namespace lakegate
