#include <fmt/format.h>

#include <map>
#include <set>

#include "base/text.h"
#include "base/try.h"
#include "job/job_file.h"

namespace lakegate::job {
namespace {

Error AtLine(const JobFile& file, std::int64_t line, std::string message) {
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("{}:{}: {}", file.path, line, std::move(message)),
               FilePosition{.path = file.path, .line = line});
}

std::string Label(const Step& step) {
  const std::string_view table = step.is_view() ? "view" : step.is_output() ? "output" : "step";
  return fmt::format("[{}.{}]", table, step.name);
}

// The names of views and steps by name; outputs are read by nobody.
std::map<std::string, std::size_t> Producers(const JobFile& file) {
  std::map<std::string, std::size_t> producers;
  for (std::size_t i = 0; i < file.steps.size(); ++i) {
    if (!file.steps[i].is_output()) producers.emplace(file.steps[i].name, i);
  }
  return producers;
}

std::vector<std::string> ReadableNames(const JobFile& file) {
  std::vector<std::string> names;
  names.reserve(file.datasets.size() + file.steps.size());
  for (const DatasetSpec& dataset : file.datasets) names.push_back(dataset.name);
  for (const Step& step : file.steps) {
    if (!step.is_output()) names.push_back(step.name);
  }
  return names;
}

Status RefuseUnknownNames(const JobFile& file) {
  const std::vector<std::string> names = ReadableNames(file);
  const std::set<std::string> known(names.begin(), names.end());
  for (const Step& step : file.steps) {
    for (const std::string& read : step.reads) {
      if (known.contains(read)) continue;
      return AtLine(
          file, step.line,
          fmt::format("{} reads a name that the file does not declare: '{}'.{} "
                      "Datasets, views and steps: {}.",
                      Label(step), read, base::DidYouMean(read, names), base::ListNames(names)));
    }
  }
  for (const ShowEntry& show : file.shows) {
    if (known.contains(show.name)) continue;
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("{}: [show] names what the file does not declare: '{}'.{} Datasets, "
                             "views and steps: {}.",
                             file.path, show.name, base::DidYouMean(show.name, names),
                             base::ListNames(names)),
                 FilePosition{.path = file.path, .line = 0});
  }
  return {};
}

// Depth-first along the reads; `path` holds the steps from the start to here.
std::vector<std::size_t> FindCircle(const JobFile& file,
                                    const std::map<std::string, std::size_t>& producers,
                                    std::size_t start) {
  std::vector<std::size_t> path;
  std::set<std::size_t> seen;
  struct Frame {
    std::size_t step;
    std::size_t next;
  };
  std::vector<Frame> frames = {{start, 0}};
  path.push_back(start);
  while (!frames.empty()) {
    Frame& frame = frames.back();
    const std::vector<std::string>& reads = file.steps[frame.step].reads;
    if (frame.next == reads.size()) {
      frames.pop_back();
      path.pop_back();
      continue;
    }
    const auto found = producers.find(reads[frame.next++]);
    if (found == producers.end()) continue;
    if (found->second == start) return path;
    if (!seen.insert(found->second).second) continue;
    frames.push_back({found->second, 0});
    path.push_back(found->second);
  }
  return {};
}

}  // namespace

Status CheckOrder(const JobFile& file) {
  LG_RETURN_IF_ERROR(RefuseUnknownNames(file));
  const std::map<std::string, std::size_t> producers = Producers(file);
  for (std::size_t i = 0; i < file.steps.size(); ++i) {
    const std::vector<std::size_t> circle = FindCircle(file, producers, i);
    if (circle.empty()) continue;
    std::vector<std::string> names;
    names.reserve(circle.size() + 1);
    for (const std::size_t step : circle) names.push_back(file.steps[step].name);
    names.push_back(file.steps[i].name);
    return AtLine(
        file, file.steps[i].line,
        fmt::format("The steps read one another in a circle: {}.", base::Join(names, " reads ")));
  }
  for (std::size_t i = 0; i < file.steps.size(); ++i) {
    for (const std::string& read : file.steps[i].reads) {
      const auto found = producers.find(read);
      if (found == producers.end() || found->second < i) continue;
      return AtLine(file, file.steps[i].line,
                    fmt::format("{} reads {}, which stands below it (line {}). Steps run in the "
                                "order of the file: move {} above.",
                                Label(file.steps[i]), read, file.steps[found->second].line,
                                Label(file.steps[found->second])));
    }
  }
  return {};
}

}  // namespace lakegate::job
