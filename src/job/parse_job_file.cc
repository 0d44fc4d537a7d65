#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/text.h"
#include "base/try.h"
#include "job/parse_tables.h"

namespace lakegate::job {
namespace {

// Names become file names (locks, errors) and SQL identifiers.
bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

std::string NameFromPath(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string().substr(0, 128);
  for (char& c : name) {
    if (!IsNameCharacter(c)) c = '_';
  }
  return name.empty() ? "job" : name;
}

Status CheckName(const TomlTable& parent, const std::string& name) {
  if (!name.empty() && name.size() <= 128 &&
      std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return {};
  }
  return parent.Problem(name, fmt::format("A name is made of letters, digits, '_' and '-', at "
                                          "most 128 of them: '{}'.",
                                          base::Shorten(name, 200)));
}

Status ParseJobTable(TomlTable& root, JobFile* file) {
  file->name = NameFromPath(file->path);
  LG_ASSIGN_OR_RETURN(auto job, root.Table("job"));
  if (!job) return {};
  LG_ASSIGN_OR_RETURN(const auto name, job->Text("name"));
  if (name) {
    file->name = *name;
    if (!CheckName(*job, *name)) {
      return job->Problem("name",
                          "A job's name is made of letters, digits, '_' and '-', at most 128 of "
                          "them.");
    }
  }
  LG_ASSIGN_OR_RETURN(auto profile, job->Text("profile"));
  file->profile = std::move(profile).value_or("");
  return job->RefuseOtherKeys();
}

Result<SettingValue> ToSettingValue(TomlTable& table, const std::string& key,
                                    const toml::node& node) {
  if (const auto* value = node.as_boolean()) return SettingValue(value->get());
  if (const auto* value = node.as_integer()) return SettingValue(std::int64_t{value->get()});
  if (const auto* value = node.as_string()) return SettingValue(std::string(value->get()));
  if (node.is_array()) {
    LG_ASSIGN_OR_RETURN(auto list, table.TextList(key));
    return SettingValue(std::move(list).value_or(std::vector<std::string>()));
  }
  return table.Problem(key, fmt::format("The setting '{}' must be a text, a number, true or "
                                        "false, or a list of texts.",
                                        key));
}

// `[profile]` with groups: `[profile.write] compression` is the setting write.compression.
Status ParseProfileTable(TomlTable table, const std::string& prefix, const std::string& origin,
                         std::vector<ExplicitSetting>* settings) {
  for (const auto& [key, node] : InFileOrder(table.table())) {
    const std::string name = prefix + key;
    if (node->is_table()) {
      LG_ASSIGN_OR_RETURN(auto group, table.Table(key));
      LG_RETURN_IF_ERROR(ParseProfileTable(*std::move(group), name + ".", origin, settings));
      continue;
    }
    LG_ASSIGN_OR_RETURN(SettingValue value, ToSettingValue(table, key, *node));
    settings->push_back(ExplicitSetting{
        .name = name,
        .value = std::move(value),
        .origin = node->source().begin
                      ? fmt::format("{}:{} [profile]", origin, node->source().begin.line)
                      : std::string("--set")});
  }
  return {};
}

Status ParseDatasets(TomlTable& root, JobFile* file) {
  LG_ASSIGN_OR_RETURN(auto group, root.Table("dataset"));
  if (!group) return {};
  LG_ASSIGN_OR_RETURN(auto tables, group->Tables());
  for (auto& [name, table] : tables) {
    LG_RETURN_IF_ERROR(CheckName(*group, name));
    LG_ASSIGN_OR_RETURN(auto spec, ParseDataset(name, std::move(table), file->directory));
    file->datasets.push_back(std::move(spec));
  }
  return {};
}

using StepParser = Result<Step> (*)(const std::string&, TomlTable, const std::string&);

Status ParseSteps(TomlTable& root, std::string_view key, StepParser parse, JobFile* file) {
  LG_ASSIGN_OR_RETURN(auto group, root.Table(key));
  if (!group) return {};
  LG_ASSIGN_OR_RETURN(auto tables, group->Tables());
  for (auto& [name, table] : tables) {
    LG_RETURN_IF_ERROR(CheckName(*group, name));
    LG_ASSIGN_OR_RETURN(Step step, parse(name, std::move(table), file->directory));
    file->steps.push_back(std::move(step));
  }
  return {};
}

Status ParseShows(TomlTable& root, JobFile* file) {
  LG_ASSIGN_OR_RETURN(auto group, root.Table("show"));
  if (!group) return {};
  LG_ASSIGN_OR_RETURN(auto tables, group->Tables());
  for (auto& [name, table] : tables) {
    LG_ASSIGN_OR_RETURN(const auto limit, table.Integer("limit"));
    LG_RETURN_IF_ERROR(table.RefuseOtherKeys());
    ShowEntry entry{.name = name};
    entry.limit = limit.value_or(entry.limit);
    if (entry.limit < 0) return table.Problem("limit", "The number of rows is below 0.");
    file->shows.push_back(std::move(entry));
  }
  return {};
}

Status RefuseSharedNames(const JobFile& file, const TomlTable& root) {
  std::map<std::string, std::string_view> kinds;
  for (const DatasetSpec& dataset : file.datasets) kinds.emplace(dataset.name, "dataset");
  for (const Step& step : file.steps) {
    if (step.is_output()) continue;
    const auto [found, added] = kinds.emplace(step.name, step.is_view() ? "view" : "step");
    if (added) continue;
    return root.Problem(
        "", fmt::format("Two things have one name: [{0}.{2}] and [{1}.{2}] (line "
                        "{3}). Datasets, views and steps share their names.",
                        found->second, step.is_view() ? "view" : "step", step.name, step.line));
  }
  return {};
}

Result<JobFile> ReadDocument(const toml::table& document, JobFile file) {
  TomlTable root(document, file.path, "");
  LG_RETURN_IF_ERROR(ParseJobTable(root, &file));
  LG_ASSIGN_OR_RETURN(auto profile, root.Table("profile"));
  if (profile) {
    LG_RETURN_IF_ERROR(ParseProfileTable(*std::move(profile), "", file.path, &file.settings));
  }
  LG_RETURN_IF_ERROR(ParseDatasets(root, &file));
  LG_RETURN_IF_ERROR(ParseSteps(
      root, "view",
      [](const auto& name, TomlTable table, const auto&) {
        return ParseView(name, std::move(table));
      },
      &file));
  LG_RETURN_IF_ERROR(ParseSteps(
      root, "step",
      [](const auto& name, TomlTable table, const auto&) {
        return ParseKernelStep(name, std::move(table));
      },
      &file));
  LG_RETURN_IF_ERROR(ParseSteps(root, "output", &ParseOutput, &file));
  LG_RETURN_IF_ERROR(ParseShows(root, &file));
  LG_RETURN_IF_ERROR(root.RefuseOtherKeys());
  LG_RETURN_IF_ERROR(RefuseSharedNames(file, root));
  std::stable_sort(file.steps.begin(), file.steps.end(), [](const Step& a, const Step& b) {
    return (a.line == 0 ? INT64_MAX : a.line) < (b.line == 0 ? INT64_MAX : b.line);
  });
  return file;
}

}  // namespace

Result<JobFile> ParseJobFile(std::string_view text, const std::string& path,
                             const std::string& directory,
                             const std::vector<std::string>& settings) {
  JobFile file;
  file.path = path;
  file.directory = directory;
  try {
    toml::table document = toml::parse(text, path);
    LG_RETURN_IF_ERROR(ApplySettings(settings, document));
    return ReadDocument(document, std::move(file));
  } catch (const toml::parse_error& error) {
    const toml::source_position begin = error.source().begin;
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("The job file is not TOML: {}:{}:{}: {}", path, begin.line,
                             begin.column, error.description()),
                 FilePosition{.path = path, .line = static_cast<std::int64_t>(begin.line)});
  }
}

}  // namespace lakegate::job
