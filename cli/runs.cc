#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/exit_code.h"
#include "cli/session_options.h"
#include "cli/verb.h"
#include "lakegate/run_record.h"

namespace lakegate::cli {
namespace {

struct RunsOptions {
  SessionOptions session;
  std::string directory;
  std::string id;
};

Result<std::string> DirectoryOf(const RunsOptions& options) {
  if (!options.directory.empty()) return options.directory;
  auto profile = BuildProfile(options.session);
  if (!profile) return profile.error();
  return profile->RunDirectory();
}

std::string TimeText(std::int64_t wall_time_ms) {
  const std::time_t seconds = wall_time_ms / 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

std::string LineOf(const RunRecord& run) {
  const std::string duration =
      run.ended_at_ms < 0
          ? "-"
          : fmt::format("{:.1f} s", static_cast<double>(run.ended_at_ms - run.started_at_ms) / 1e3);
  return fmt::format("{}  {}  {:<9}  {:>9}  {}\n", run.id, TimeText(run.started_at_ms),
                     RunStatusName(run.status), duration, run.job);
}

int ListAll(const RunsOptions& options, Console& console) {
  auto directory = DirectoryOf(options);
  if (!directory) return console.Fail(directory.error());
  auto list = ListRuns(*directory);
  if (!list) return console.Fail(list.error());
  if (console.json()) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const RunRecord& run : list->runs) {
      json.push_back(nlohmann::ordered_json::parse(ToJson(run), nullptr, false));
    }
    console.Out(json.dump() + "\n");
  } else {
    for (const RunRecord& run : list->runs) console.Out(LineOf(run));
  }
  for (const std::string& path : list->unreadable) {
    console.Note("not a run record: " + path);
  }
  return kExitOk;
}

int ShowOne(const RunsOptions& options, Console& console) {
  auto directory = DirectoryOf(options);
  if (!directory) return console.Fail(directory.error());
  auto run = LoadRun(*directory, options.id);
  if (!run) return console.Fail(run.error());
  console.Out(ToJson(*run) + "\n");
  return kExitOk;
}

}  // namespace

Action DeclareRuns(CLI::App& command) {
  auto options = std::make_shared<RunsOptions>();
  command.require_subcommand(1);
  CLI::App* list = command.add_subcommand("list", "One line a run, oldest first");
  CLI::App* show = command.add_subcommand("show", "One run's record, as JSON");
  for (CLI::App* verb : {list, show}) {
    verb->fallthrough();
    verb->add_option("--directory", options->directory,
                     "Where run records are; by default the profile's run_directory");
    DeclareProfileOptions(*verb, options->session);
  }
  show->add_option("id", options->id, "An id, its beginning, or \"last\"")->required();
  return [options, list](Console& console) {
    return list->parsed() ? ListAll(*options, console) : ShowOne(*options, console);
  };
}

}  // namespace lakegate::cli
