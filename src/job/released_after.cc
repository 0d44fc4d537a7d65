#include <map>
#include <set>

#include "job/run_job.h"

namespace lakegate::job {
namespace {

// A view's rows are computed again by whoever reads it, so its readers read what it reads.
void AddReads(const std::map<std::string, const Step*>& producers, const std::string& name,
              std::set<std::string>* reads) {
  if (!reads->insert(name).second) return;
  const auto found = producers.find(name);
  if (found == producers.end() || !found->second->is_view()) return;
  for (const std::string& read : found->second->reads) AddReads(producers, read, reads);
}

}  // namespace

std::vector<std::vector<std::string>> ReleasedAfter(const JobFile& file) {
  std::map<std::string, const Step*> producers;
  for (const Step& step : file.steps) {
    if (!step.is_output()) producers.emplace(step.name, &step);
  }
  std::map<std::string, std::size_t> last_read;
  for (std::size_t i = 0; i < file.steps.size(); ++i) {
    const Step& step = file.steps[i];
    if (!step.is_view() && !step.is_output()) last_read[step.name] = i;
    if (step.is_view()) continue;
    std::set<std::string> reads;
    for (const std::string& read : step.reads) AddReads(producers, read, &reads);
    for (const std::string& read : reads) {
      if (last_read.contains(read)) last_read[read] = i;
    }
  }
  std::set<std::string> shown;
  for (const ShowEntry& show : file.shows) AddReads(producers, show.name, &shown);
  std::vector<std::vector<std::string>> released(file.steps.size());
  for (const auto& [name, step] : last_read) {
    if (!shown.contains(name)) released[step].push_back(name);
  }
  return released;
}

}  // namespace lakegate::job
