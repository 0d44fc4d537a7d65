// Job files: datasets, views, kernel steps and outputs, run in dependency order.
//
// docs/JOB.md explains the file. Reading it checks everything that needs no data: unknown keys
// (the nearest is named), unknown names, cycles, forward references, option words. Running it
// leaves a run record, also when it fails or is cancelled.
#ifndef LAKEGATE_JOB_H_
#define LAKEGATE_JOB_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/cancel.h"
#include "lakegate/export.h"
#include "lakegate/result.h"
#include "lakegate/write.h"

namespace lakegate {

struct JobOverrides {
  // `table.key=value` texts, as `--set` takes them; they win over the file.
  std::vector<std::string> settings;
  // LAKEGATE_… variables, as "NAME=value".
  std::vector<std::string> environment;
};

struct JobOutput {
  std::string name;
  WriteReceipt receipt;
};

struct JobReport {
  std::string run_id;
  // The run record's file.
  std::string record_path;
  std::vector<JobOutput> outputs;
};

// What a run tells while it works. Calls come from the thread that runs the job.
struct JobObserver {
  std::function<void(std::string_view step, std::string_view what)> progress;
  // The rows of a `[show]` entry.
  std::function<Status(std::string_view name, ArrowStream rows)> show;
};

class LAKEGATE_EXPORT Job {
 public:
  // kNotFound or kIo (the file), kInvalidArgument (not TOML, with line and column; an unknown
  // key, name or word; a cycle). Relative paths are relative to the job file.
  static Result<Job> Load(std::string_view path, const JobOverrides& overrides = {});
  Job(Job&&) noexcept;
  Job& operator=(Job&&) noexcept;
  ~Job();

  // The steps in the order they will run, one line each, with the guard's verdict on each SQL
  // text: what `--dry-run` prints. Opens no dataset.
  Result<std::string> Explain() const;

  Result<JobReport> Run(const JobObserver& observer = {}, const CancelToken& cancel = {}) const;

 private:
  struct State;
  explicit Job(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lakegate

#endif  // LAKEGATE_JOB_H_
