#include "profile/profile_file.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/text.h"
#include "base/try.h"
#include "profile/setting_table.h"

namespace lakegate::profile {
namespace {

std::optional<SettingValue> ScalarOf(const toml::node& node) {
  if (const auto flag = node.value_exact<bool>()) return SettingValue(*flag);
  if (const auto number = node.value_exact<std::int64_t>()) return SettingValue(*number);
  if (const auto text = node.value_exact<std::string>()) return SettingValue(*text);
  return std::nullopt;
}

std::optional<SettingValue> ListOf(const toml::array& array) {
  std::vector<std::string> texts;
  for (const toml::node& item : array) {
    const auto text = item.value_exact<std::string>();
    if (!text) return std::nullopt;
    texts.push_back(*text);
  }
  return SettingValue(std::move(texts));
}

Result<SettingValue> ValueOfNode(std::string_view key, const toml::node& node,
                                 const std::string& origin) {
  const auto value = node.is_array() ? ListOf(*node.as_array()) : ScalarOf(node);
  if (value) return *value;
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("The value of a setting has the wrong type: {}, from {} line {}. "
                           "Settings are booleans, whole numbers, texts and lists of texts.",
                           key, origin, node.source().begin.line));
}

Status ReadDatasets(const toml::table& table, const std::string& origin, ProfileFile& file) {
  for (const auto& [name, node] : table) {
    const std::string dataset(name.str());
    const toml::table* const keys = node.as_table();
    if (keys == nullptr) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A dataset is a table: write [dataset.{}], in {} line {}.", dataset,
                               origin, node.source().begin.line));
    }
    for (const auto& [key, value_node] : *keys) {
      LG_ASSIGN_OR_RETURN(SettingValue value, ValueOfNode(key.str(), value_node, origin));
      file.datasets[dataset].emplace_back(std::string(key.str()), std::move(value));
    }
  }
  return {};
}

Status ReadTable(std::string_view name, const toml::table& table, const std::string& origin,
                 ProfileFile& file) {
  if (name == "dataset") return ReadDatasets(table, origin, file);
  std::vector<std::string> known = GroupNames();
  known.emplace_back("dataset");
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    return UnknownKey("table of settings", name, origin, known);
  }
  for (const auto& [key, node] : table) {
    const std::string qualified = fmt::format("{}.{}", name, key.str());
    LG_ASSIGN_OR_RETURN(SettingValue value, ValueOfNode(qualified, node, origin));
    file.settings.emplace_back(qualified, std::move(value));
  }
  return {};
}

Result<ProfileFile> ReadRoot(const toml::table& root, const std::string& origin) {
  ProfileFile file;
  for (const auto& [key, node] : root) {
    if (const toml::table* const table = node.as_table()) {
      LG_RETURN_IF_ERROR(ReadTable(key.str(), *table, origin, file));
      continue;
    }
    LG_ASSIGN_OR_RETURN(SettingValue value, ValueOfNode(key.str(), node, origin));
    if (key.str() != "preset") {
      file.settings.emplace_back(std::string(key.str()), std::move(value));
    } else if (const auto* const preset = std::get_if<std::string>(&value)) {
      file.preset = *preset;
    } else {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("The preset must be a text, in {}. Presets: {}.", origin,
                               base::ListNames(AllPresets())));
    }
  }
  return file;
}

}  // namespace

Result<ProfileFile> ParseProfileFile(const ProfileText& file) {
  try {
    return ReadRoot(toml::parse(std::string_view(file.text)), file.origin);
  } catch (const toml::parse_error& error) {
    return Error(
        ErrorKind::kInvalidArgument,
        fmt::format("The profile is not TOML: {} line {} column {}: {}.", file.origin,
                    error.source().begin.line, error.source().begin.column, error.description()),
        FilePosition{file.origin, static_cast<std::int64_t>(error.source().begin.line)});
  }
}

}  // namespace lakegate::profile
