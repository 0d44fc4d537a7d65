#include <string>

#include <fmt/format.h>

#include "lakegate/profile.h"
#include "profile/setting_table.h"
#include "profile/setting_value.h"

namespace lakegate {

std::string SettingsMarkdown() {
  std::string text =
      "# Settings\n\n"
      "Every setting of a profile. Generated from the table in `src/profile/setting_table.cc`;\n"
      "a test fails when this file differs.\n\n"
      "A later source wins over an earlier one: default, preset, user file, project file,\n"
      "environment, explicit (`--set`, a job's `[profile]`). `lakegate config show --origin`\n"
      "tells where each value came from. In the environment a setting is `LAKEGATE_` and its\n"
      "name in capitals (`LAKEGATE_MEMORY_LIMIT=\"512 MiB\"`), lists separated by commas. A\n"
      "setting may also be written under its group: `[write]` `compression = \"zstd\"`, or\n"
      "`--set write.compression=zstd`.\n";
  std::string_view group;
  for (const Setting& setting : AllSettings()) {
    if (setting.group != group) {
      group = setting.group;
      text += fmt::format(
          "\n## {}\n\n| setting | type | default | takes | meaning |\n|---|---|---|---|---|\n",
          group);
    }
    const std::string_view default_text = setting.default_text;
    text +=
        fmt::format("| `{}` | {} | {} | {} | {} |\n", setting.name, profile::TypeName(setting.type),
                    default_text.empty() ? "empty" : fmt::format("`{}`", default_text),
                    profile::Takes(setting), setting.doc);
  }
  text += "\n## Presets\n\n`default` changes nothing.\n";
  std::string_view preset;
  for (const profile::PresetEntry& entry : profile::PresetEntries()) {
    if (entry.preset != preset) {
      preset = entry.preset;
      text += fmt::format("\n`{}`:\n\n| setting | value |\n|---|---|\n", preset);
    }
    text += fmt::format("| `{}` | {} |\n", entry.setting,
                        entry.text.empty() ? "empty" : fmt::format("`{}`", entry.text));
  }
  return text;
}

}  // namespace lakegate
