#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/exit_code.h"
#include "cli/receipt_summary.h"
#include "cli/session_options.h"
#include "cli/verb.h"
#include "lakegate/job.h"
#include "lakegate/render.h"

namespace lakegate::cli {
namespace {

struct RunOptionsOfCommand {
  std::string job;
  std::vector<std::string> settings;
  std::string format = "table";
  bool dry_run = false;
};

std::string ReportJson(const JobReport& report) {
  nlohmann::ordered_json json = {{"run_id", report.run_id}, {"record", report.record_path}};
  json["outputs"] = nlohmann::ordered_json::array();
  for (const JobOutput& output : report.outputs) {
    json["outputs"].push_back({{"name", output.name},
                               {"receipt", nlohmann::ordered_json::parse(
                                               ReceiptToJson(output.receipt), nullptr, false)}});
  }
  return json.dump() + "\n";
}

JobObserver ObserverFor(RenderFormat format, Console& console) {
  JobObserver observer;
  if (console.error_is_terminal()) {
    const auto started = std::chrono::steady_clock::now();
    observer.progress = [&console, started](std::string_view step, std::string_view what) {
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
      console.Note(fmt::format("[{:6.1f} s] {}: {}", elapsed.count(), step, what));
    };
  }
  if (console.json()) return observer;
  observer.show = [&console, format](std::string_view name, ArrowStream rows) -> Status {
    RenderOptions render;
    render.format = format;
    if (format == RenderFormat::kTable) console.Out(fmt::format("{}\n", name));
    auto printed = Render(std::move(rows), render, console.sink());
    return printed ? Status() : Status(printed.error());
  };
  return observer;
}

int RunJobFile(const RunOptionsOfCommand& options, Console& console) {
  JobOverrides overrides;
  overrides.settings = options.settings;
  for (const auto& [name, value] : Environment()) {
    overrides.environment.push_back(fmt::format("{}={}", name, value));
  }
  auto format = RenderFormatFromText(options.format);
  if (!format) return console.Fail(format.error());
  auto job = Job::Load(options.job, overrides);
  if (!job) return console.Fail(job.error());
  if (options.dry_run) {
    auto text = job->Explain();
    if (!text) return console.Fail(text.error());
    console.Out(*text);
    return kExitOk;
  }
  auto report = job->Run(ObserverFor(*format, console), console.cancel());
  if (!report) return console.Fail(report.error());
  if (console.json()) {
    console.Out(ReportJson(*report));
    return kExitOk;
  }
  for (const JobOutput& output : report->outputs) {
    console.Note(fmt::format("{}: {}", output.name, SummaryOf(output.receipt)));
  }
  if (!report->record_path.empty()) console.Note("run record: " + report->record_path);
  return kExitOk;
}

}  // namespace

Action DeclareRun(CLI::App& command) {
  auto options = std::make_shared<RunOptionsOfCommand>();
  command.add_option("job", options->job, "The job file")->required();
  command
      .add_option("--set", options->settings,
                  "A key of the file, table.key=value, or a setting, name=value; repeatable")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--format", options->format, "How [show] rows are printed");
  command.add_flag("--dry-run", options->dry_run,
                   "Print the steps and the guard's verdicts; open nothing");
  return [options](Console& console) { return RunJobFile(*options, console); };
}

}  // namespace lakegate::cli
