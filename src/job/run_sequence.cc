#include "job/run_sequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "base/file.h"
#include "base/try.h"
#include "hashing/blake3.h"

namespace lakegate::job {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLargestFile = 1 << 20;

// Relative, so that a folder that was moved as a whole is still the same work.
std::string FileLine(const fs::path& path, const std::string& directory) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  const auto time = fs::last_write_time(path, error).time_since_epoch().count();
  return fmt::format("{}\n{}\n{}\n", path.lexically_proximate(directory).string(), error ? 0 : size,
                     error ? 0 : time);
}

// Every file at a location, sorted.
Result<std::vector<std::string>> FileLines(const std::string& location,
                                           const std::string& directory) {
  std::error_code error;
  if (!fs::is_directory(location, error)) {
    return std::vector<std::string>{FileLine(location, directory)};
  }
  std::vector<std::string> lines;
  fs::recursive_directory_iterator entry(location, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->is_regular_file(error)) lines.push_back(FileLine(entry->path(), directory));
  }
  if (error) return base::FileError("list", location, error.value());
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::set<std::string> OutputPaths(const JobFile& file) {
  std::set<std::string> paths;
  for (const Step& step : file.steps) {
    if (const auto* output = std::get_if<OutputStep>(&step.action)) {
      paths.insert(output->write.destination.path);
    }
  }
  return paths;
}

Status Save(const RunSequence& sequence, bool complete) {
  const nlohmann::ordered_json json = {{"sequence", sequence.number},
                                       {"lineage", sequence.lineage},
                                       {"work", sequence.work},
                                       {"complete", complete}};
  return base::WriteFileAtomically(sequence.path, json.dump(2) + "\n");
}

struct SavedSequence {
  std::int64_t number = 0;
  std::string lineage;
  std::string work;
  bool complete = true;
};

Result<SavedSequence> Load(const std::string& path) {
  LG_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path, kLargestFile));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto has = [&json](const char* key, bool (nlohmann::json::*is)() const noexcept) {
    return json.is_object() && json.contains(key) && (json[key].*is)();
  };
  if (!has("sequence", &nlohmann::json::is_number_integer) ||
      !has("lineage", &nlohmann::json::is_string) || !has("work", &nlohmann::json::is_string) ||
      !has("complete", &nlohmann::json::is_boolean)) {
    return Error(ErrorKind::kCorruptData,
                 fmt::format("The file does not hold a run's sequence: {}. Remove it to start "
                             "anew.",
                             path),
                 FilePosition{.path = path, .line = 0});
  }
  return SavedSequence{.number = json["sequence"].get<std::int64_t>(),
                       .lineage = json["lineage"].get<std::string>(),
                       .work = json["work"].get<std::string>(),
                       .complete = json["complete"].get<bool>()};
}

}  // namespace

Result<std::string> WorkDigest(const JobFile& file, const std::string& job_text) {
  hashing::Blake3 digest;
  digest.Update(job_text);
  const std::set<std::string> outputs = OutputPaths(file);
  for (const DatasetSpec& dataset : file.datasets) {
    if (outputs.contains(dataset.location.path)) continue;
    LG_ASSIGN_OR_RETURN(const auto lines, FileLines(dataset.location.path, file.directory));
    for (const std::string& line : lines) digest.Update(line);
  }
  return digest.Finish().ToHex();
}

Result<RunSequence> TakeSequence(const std::string& run_directory, const JobFile& file,
                                 const std::string& job_text, base::RandomSource& random) {
  RunSequence sequence;
  sequence.path = fmt::format("{}/{}.sequence", run_directory, file.name);
  LG_ASSIGN_OR_RETURN(sequence.work, WorkDigest(file, job_text));
  LG_ASSIGN_OR_RETURN(const base::PathKind kind, base::KindOf(sequence.path));
  SavedSequence saved;
  if (kind == base::PathKind::kMissing) {
    saved.lineage = base::MakeUuidV4(random).ToString();
  } else {
    LG_ASSIGN_OR_RETURN(saved, Load(sequence.path));
  }
  sequence.lineage = saved.lineage;
  sequence.resumed = !saved.complete && saved.work == sequence.work;
  sequence.number = sequence.resumed ? saved.number : saved.number + 1;
  LG_RETURN_IF_ERROR(Save(sequence, false));
  return sequence;
}

Status CompleteSequence(const RunSequence& sequence) { return Save(sequence, true); }

AppTransaction TransactionOf(const RunSequence& sequence, const JobFile& file,
                             const std::string& output) {
  return AppTransaction{
      .app_id = fmt::format("lakegate:{}:{}:{}", file.name, output, sequence.lineage),
      .version = sequence.number};
}

}  // namespace lakegate::job
