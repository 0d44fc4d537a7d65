// The settings table by position, and the presets over it.
//
// Private to the profile room; public readers use `AllSettings`. Threads: constant data.
#ifndef LAKEGATE_PROFILE_SETTING_TABLE_H_
#define LAKEGATE_PROFILE_SETTING_TABLE_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/profile.h"

namespace lakegate::profile {

// The position of a setting, given as "memory_limit" or "execution.memory_limit"; of settings
// whose name begins with their group ("sql_policy"), also as "sql.policy".
std::optional<std::size_t> FindSetting(std::string_view name);

// The same, for a name known when this was written; an unknown one is a bug.
std::size_t SettingIndex(std::string_view name);

std::vector<std::string> SettingNames();
// In the order of the table.
std::vector<std::string> GroupNames();

struct PresetEntry {
  std::string_view preset;
  std::string_view setting;
  std::string_view text;  // as a user would write it
};
std::span<const PresetEntry> PresetEntries();
bool IsPreset(std::string_view name);

// kInvalidArgument that names the nearest key; `what` is the noun ("setting", "preset").
Error UnknownKey(std::string_view what, std::string_view name, std::string_view origin,
                 std::span<const std::string> known);

}  // namespace lakegate::profile

#endif  // LAKEGATE_PROFILE_SETTING_TABLE_H_
