// A job file as values: what `[dataset.*]`, `[view.*]`, `[step.*]`, `[output.*]` and `[show]` say.
//
// Names are unique over datasets, views and steps, because SQL and steps read all three alike;
// outputs have names of their own. `steps` is in the order of the file, and a step may only
// read what stands above it: that order is the order in which they run.
#ifndef LAKEGATE_JOB_JOB_FILE_H_
#define LAKEGATE_JOB_JOB_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lakegate/dataset.h"
#include "lakegate/kernel_call.h"
#include "lakegate/profile.h"
#include "lakegate/result.h"
#include "lakegate/write.h"

namespace lakegate::job {

struct ViewStep {
  std::string sql;
};

struct KernelStep {
  KernelCall call;
  // What it reads, in the order of the kernel's inputs.
  std::vector<std::string> inputs;
  KernelOptions options;  // as the file gives them
};

struct OutputStep {
  std::string source;
  WriteOptions write;
  // The application transaction is made from job, output and the run's sequence.
  bool automatic_transaction = false;
};

// One thing a run does. `line` is where it stands in the file, 0 when `--set` made it.
struct Step {
  std::string name;
  std::int64_t line = 0;
  std::variant<ViewStep, KernelStep, OutputStep> action;
  // The names it reads, sorted; a view's are filled in from the facts of its SQL.
  std::vector<std::string> reads;

  bool is_view() const { return std::holds_alternative<ViewStep>(action); }
  bool is_output() const { return std::holds_alternative<OutputStep>(action); }
  // "view", "write", or the kernel's name.
  std::string_view kind() const;
};

struct ShowEntry {
  std::string name;
  std::int64_t limit = 20;
};

struct JobFile {
  std::string path;       // as given, for messages
  std::string directory;  // absolute; relative locations start here
  std::string name;
  std::string profile;  // a preset or a profile file; "" is the default preset
  std::vector<ExplicitSetting> settings;
  std::vector<DatasetSpec> datasets;
  std::vector<Step> steps;
  std::vector<ShowEntry> shows;
};

// Text to values. `settings` are `table.key=value` texts that win over the file. All errors
// are kInvalidArgument with path and line: not TOML, an unknown key (the nearest is named), a
// wrong type, an unknown word, two things of one name.
Result<JobFile> ParseJobFile(std::string_view text, const std::string& path,
                             const std::string& directory,
                             const std::vector<std::string>& settings);

// Every name a step reads must be a dataset or a view or step that stands above it:
// kInvalidArgument for an unknown name (the nearest is named), a circle (its names in order)
// and a forward reference (both names).
Status CheckOrder(const JobFile& file);

}  // namespace lakegate::job

#endif  // LAKEGATE_JOB_JOB_FILE_H_
