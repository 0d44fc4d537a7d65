#include "lakegate/job.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "base/try.h"
#include "job/job_file.h"
#include "job/run_job.h"
#include "lakegate/profile.h"
#include "lakegate/session.h"

namespace lakegate {

struct Job::State {
  job::JobFile file;
  std::string text;
  Profile profile;
};

namespace {

constexpr std::int64_t kLargestJobFile = 16 << 20;

std::string DirectoryOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

Result<ProfileText> ReadProfileFile(const job::JobFile& file) {
  std::string path = file.profile;
  if (!path.starts_with('/')) path = file.directory + "/" + path;
  auto text = base::ReadFile(path, kLargestJobFile);
  if (!text) return text.error().WithContext(fmt::format("{}: [job] profile", file.path));
  return ProfileText{.text = *std::move(text), .origin = path, .base_directory = DirectoryOf(path)};
}

Result<Profile> BuildProfile(const job::JobFile& file,
                             const std::vector<std::string>& environment) {
  ProfileSources sources;
  const bool is_file =
      file.profile.ends_with(".toml") || file.profile.find('/') != std::string::npos;
  if (is_file) {
    LG_ASSIGN_OR_RETURN(sources.project_file, ReadProfileFile(file));
  } else {
    sources.preset = file.profile;
  }
  for (const std::string& variable : environment) {
    const std::size_t equals = variable.find('=');
    if (equals == std::string::npos) continue;
    sources.environment.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  sources.explicit_settings = file.settings;
  return Profile::Build(sources);
}

// What views read is known from the syntax of their SQL alone.
Status FillReads(job::JobFile& file, const Profile& profile) {
  for (job::Step& step : file.steps) {
    const auto* view = std::get_if<job::ViewStep>(&step.action);
    if (view == nullptr) continue;
    auto judgement = Session::Judge(view->sql, profile);
    if (!judgement) {
      return judgement.error().WithContext(
          fmt::format("{}:{}: [view.{}]", file.path, step.line, step.name));
    }
    if (judgement->statements.size() != 1) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("{}:{}: [view.{}] must hold one statement, and holds {}.", file.path,
                               step.line, step.name, judgement->statements.size()),
                   FilePosition{.path = file.path, .line = step.line});
    }
    // A refused statement may name anything; the verdict is what it gets when the job runs.
    if (!judgement->refusal) step.reads = judgement->statements.front().relations;
  }
  return {};
}

// An option's value as a job file would have it.
struct ValueText {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::vector<std::string>& values) const {
    return fmt::format("[{}]", base::Join(values, ", "));
  }
};

std::string Describe(const job::Step& step) {
  if (step.is_view()) {
    return fmt::format("view    {}: SQL over {}", step.name, base::ListNames(step.reads));
  }
  if (const auto* kernel = std::get_if<job::KernelStep>(&step.action)) {
    std::string text = fmt::format("step    {}: {} of {}", step.name, step.kind(),
                                   base::Join(kernel->inputs, " with "));
    for (const auto& [name, value] : kernel->options) {
      text += fmt::format("; {} = {}", name, std::visit(ValueText{}, value));
    }
    return text;
  }
  const auto& output = std::get<job::OutputStep>(step.action);
  const DatasetLocation& destination = output.write.destination;
  return fmt::format(
      "output  {}: {} to {} ({}, {})", step.name, output.source, destination.path,
      destination.format ? DataFormatName(*destination.format) : std::string_view("format by name"),
      WriteModeName(output.write.mode));
}

std::string Indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += fmt::format("        {}\n", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

Job::Job(std::unique_ptr<State> state) : state_(std::move(state)) {}
Job::Job(Job&&) noexcept = default;
Job& Job::operator=(Job&&) noexcept = default;
Job::~Job() = default;

Result<Job> Job::Load(std::string_view path, const JobOverrides& overrides) {
  const std::string shown(path);
  LG_ASSIGN_OR_RETURN(std::string text, base::ReadFile(shown, kLargestJobFile));
  LG_ASSIGN_OR_RETURN(const std::string canonical, base::CanonicalPath(shown));
  LG_ASSIGN_OR_RETURN(job::JobFile file,
                      job::ParseJobFile(text, shown, DirectoryOf(canonical), overrides.settings));
  LG_ASSIGN_OR_RETURN(Profile profile, BuildProfile(file, overrides.environment));
  LG_RETURN_IF_ERROR(FillReads(file, profile));
  LG_RETURN_IF_ERROR(job::CheckOrder(file));
  for (const std::string& setting : overrides.settings) text += "\n" + setting;
  return Job(std::make_unique<State>(
      State{.file = std::move(file), .text = std::move(text), .profile = std::move(profile)}));
}

Result<std::string> Job::Explain() const {
  const job::JobFile& file = state_->file;
  std::string text = fmt::format("job     {} (profile {})\n", file.name, state_->profile.preset());
  for (const DatasetSpec& dataset : file.datasets) {
    text += fmt::format("dataset {}: {}\n", dataset.name, dataset.location.path);
  }
  for (const job::Step& step : file.steps) {
    text += Describe(step) + "\n";
    const auto* view = std::get_if<job::ViewStep>(&step.action);
    if (view == nullptr) continue;
    LG_ASSIGN_OR_RETURN(const Judgement judgement, Session::Judge(view->sql, state_->profile));
    text += Indented(judgement.text);
  }
  for (const job::ShowEntry& show : file.shows) {
    text += fmt::format("show    {}: at most {} rows\n", show.name, show.limit);
  }
  return text;
}

Result<JobReport> Job::Run(const JobObserver& observer, const CancelToken& cancel) const {
  return job::RunJob(state_->file, state_->text, state_->profile, observer, cancel);
}

}  // namespace lakegate
