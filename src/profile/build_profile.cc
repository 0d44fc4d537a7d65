#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "base/try.h"
#include "lakegate/profile.h"
#include "profile/profile_file.h"
#include "profile/profile_state.h"
#include "profile/setting_table.h"
#include "profile/setting_value.h"

namespace lakegate {
namespace {

constexpr std::string_view kEnvironmentPrefix = "LAKEGATE_";
// Names with the prefix that are no settings: the build's and the tests' own, and the command's
// choice of profile file.
constexpr std::array<std::string_view, 4> kOtherVariables = {
    "LAKEGATE_PRESET", "LAKEGATE_PROFILE", "LAKEGATE_SOAK", "LAKEGATE_TARGET_DIR"};

std::string VariableOf(std::string_view setting) {
  std::string variable(kEnvironmentPrefix);
  for (const char c : setting) {
    variable.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return variable;
}

struct Layer {
  std::string origin;
  std::string base_directory;
  profile::ProfileFile file;
};

// `Profile::State` is private, so the functions here take it as a template argument.

// Lays one source of values over the other.
template <typename State>
Status Apply(std::string_view name, const SettingValue& given, const std::string& origin,
             State& state) {
  const auto index = profile::FindSetting(name);
  if (!index) {
    return profile::UnknownKey("setting", name, origin, profile::SettingNames());
  }
  LG_ASSIGN_OR_RETURN(state.values[*index], profile::ValueOf(AllSettings()[*index], given, origin));
  state.origins[*index] = origin;
  return {};
}

template <typename State>
Status ApplyDefaults(State& state) {
  for (const Setting& setting : AllSettings()) {
    LG_ASSIGN_OR_RETURN(
        SettingValue value,
        profile::ValueOf(setting, SettingValue(std::string(setting.default_text)), "default"));
    state.values.push_back(std::move(value));
    state.origins.emplace_back("default");
  }
  return {};
}

template <typename State>
Status ApplyPreset(State& state) {
  for (const profile::PresetEntry& entry : profile::PresetEntries()) {
    if (entry.preset != state.preset) continue;
    LG_RETURN_IF_ERROR(Apply(entry.setting, SettingValue(std::string(entry.text)),
                             fmt::format("preset {}", state.preset), state));
  }
  return {};
}

Result<std::string> TextValue(std::string_view dataset, const std::string& key,
                              const SettingValue& value, const std::string& origin) {
  if (const auto* const text = std::get_if<std::string>(&value)) return *text;
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("A key of a dataset has the wrong type: dataset.{}.{}, from {}. It "
                           "takes a text.",
                           dataset, key, origin));
}

Status SetPartitionColumns(const std::string& name, const SettingValue& value,
                           const std::string& origin, std::vector<std::string>& columns) {
  if (const auto* const list = std::get_if<std::vector<std::string>>(&value)) {
    columns = *list;
    return {};
  }
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("A key of a dataset has the wrong type: dataset.{}.partition_by, from "
                           "{}. It takes a list of texts.",
                           name, origin));
}

std::vector<std::string> DatasetKeys() {
  std::vector<std::string> keys = {"location", "format", "partition_by"};
  for (const Setting& setting : AllSettings()) {
    if (setting.group == "write") keys.emplace_back(setting.name);
  }
  return keys;
}

template <typename Dataset>
Status ApplyDatasetKey(const Layer& layer, const std::string& key, const SettingValue& value,
                       Dataset& dataset) {
  DatasetBinding& binding = dataset.binding;
  if (key == "location") {
    LG_ASSIGN_OR_RETURN(const std::string location,
                        TextValue(binding.name, key, value, layer.origin));
    binding.location = profile::NormaliseLocation(location, layer.base_directory);
    return {};
  }
  if (key == "format") {
    LG_ASSIGN_OR_RETURN(binding.format, TextValue(binding.name, key, value, layer.origin));
    return {};
  }
  if (key == "partition_by") {
    return SetPartitionColumns(binding.name, value, layer.origin, binding.partition_by);
  }
  const auto index = profile::FindSetting(key);
  if (!index || AllSettings()[*index].group != "write") {
    return profile::UnknownKey(fmt::format("key of dataset '{}'", binding.name), key, layer.origin,
                               DatasetKeys());
  }
  LG_ASSIGN_OR_RETURN(dataset.overrides[*index],
                      profile::ValueOf(AllSettings()[*index], value, layer.origin));
  return {};
}

template <typename State>
Status ApplyFile(const Layer& layer, State& state) {
  for (const auto& [key, value] : layer.file.settings) {
    LG_RETURN_IF_ERROR(Apply(key, value, layer.origin, state));
  }
  // A later file's dataset of the same name replaces the earlier one whole.
  for (const auto& [name, keys] : layer.file.datasets) {
    typename State::Dataset dataset;
    dataset.binding.name = name;
    dataset.origin = layer.origin;
    for (const auto& [key, value] : keys) {
      LG_RETURN_IF_ERROR(ApplyDatasetKey(layer, key, value, dataset));
    }
    if (dataset.binding.location.empty()) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A dataset has no location: dataset.{}, from {}. Add the key "
                               "location.",
                               name, layer.origin));
    }
    state.datasets.insert_or_assign(name, std::move(dataset));
  }
  return {};
}

template <typename State>
Status ApplyEnvironment(const std::map<std::string, std::string>& environment, State& state) {
  std::map<std::string, std::string> settings;  // variable → setting
  std::vector<std::string> known;
  for (const Setting& setting : AllSettings()) {
    known.push_back(VariableOf(setting.name));
    settings.emplace(known.back(), setting.name);
  }
  for (const auto& [variable, text] : environment) {
    if (!variable.starts_with(kEnvironmentPrefix) ||
        std::find(kOtherVariables.begin(), kOtherVariables.end(), variable) !=
            kOtherVariables.end()) {
      continue;
    }
    const auto setting = settings.find(variable);
    if (setting == settings.end()) {
      return profile::UnknownKey("setting", variable, "the environment", known);
    }
    LG_RETURN_IF_ERROR(Apply(setting->second, SettingValue(text), variable, state));
  }
  return {};
}

// The first of: asked for, environment, project file, user file, default.
Result<std::string> ChoosePreset(const ProfileSources& sources, const std::vector<Layer>& layers) {
  std::string preset = sources.preset;
  std::string origin = "the caller";
  if (const auto variable = sources.environment.find("LAKEGATE_PRESET");
      preset.empty() && variable != sources.environment.end()) {
    preset = variable->second;
    origin = variable->first;
  }
  for (auto layer = layers.rbegin(); preset.empty() && layer != layers.rend(); ++layer) {
    preset = layer->file.preset;
    origin = layer->origin;
  }
  if (preset.empty()) return std::string("default");
  if (!profile::IsPreset(preset)) {
    const Error unknown = profile::UnknownKey("preset", preset, origin, AllPresets());
    return Error(unknown.kind(),
                 fmt::format("{} Presets: {}.", unknown.message(), base::ListNames(AllPresets())));
  }
  return preset;
}

Result<std::vector<Layer>> ReadLayers(const ProfileSources& sources) {
  std::vector<Layer> layers;
  for (const auto* const text : {&sources.user_file, &sources.project_file}) {
    if (!text->has_value()) continue;
    LG_ASSIGN_OR_RETURN(profile::ProfileFile file, profile::ParseProfileFile(**text));
    layers.push_back({(*text)->origin, (*text)->base_directory, std::move(file)});
  }
  return layers;
}

}  // namespace

Result<Profile> Profile::Build(const ProfileSources& sources) {
  LG_ASSIGN_OR_RETURN(const std::vector<Layer> layers, ReadLayers(sources));
  auto state = std::make_shared<State>();
  LG_ASSIGN_OR_RETURN(state->preset, ChoosePreset(sources, layers));
  LG_RETURN_IF_ERROR(ApplyDefaults(*state));
  LG_RETURN_IF_ERROR(ApplyPreset(*state));
  for (const Layer& layer : layers) LG_RETURN_IF_ERROR(ApplyFile(layer, *state));
  LG_RETURN_IF_ERROR(ApplyEnvironment(sources.environment, *state));
  for (const ExplicitSetting& setting : sources.explicit_settings) {
    LG_RETURN_IF_ERROR(Apply(setting.name, setting.value, setting.origin, *state));
  }
  return Profile(std::move(state));
}

const Profile& Profile::Safe() {
  static const Profile safe = Build({}).value();
  return safe;
}

}  // namespace lakegate
