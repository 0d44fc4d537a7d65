#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/try.h"
#include "job/parse_tables.h"

namespace lakegate::job {
namespace {

constexpr std::array<std::string_view, 7> kTables = {"job",  "profile", "dataset", "view",
                                                     "step", "output",  "show"};

Error BadSetting(std::string_view setting, std::string_view why) {
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("The setting cannot be used: {} --set {}", why, setting));
}

std::vector<std::string> SplitDots(std::string_view name) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t dot = name.find('.');
    parts.emplace_back(base::TrimAscii(name.substr(0, dot)));
    if (dot == std::string_view::npos) return parts;
    name.remove_prefix(dot + 1);
  }
}

void Insert(toml::table& table, const std::string& key, std::string_view text) {
  try {
    toml::table parsed = toml::parse(fmt::format("value = {}", text));
    if (toml::node* node = parsed.get("value"); node != nullptr && parsed.size() == 1) {
      table.insert_or_assign(key, std::move(*node));
      return;
    }
  } catch (const toml::parse_error&) {
    // Not TOML: taken as text, so that `mode=append` needs no quotes.
  }
  table.insert_or_assign(key, std::string(text));
}

Status ApplySetting(std::string_view setting, toml::table& document) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string_view::npos) {
    return BadSetting(setting, "it has no '='; write table.key=value.");
  }
  std::vector<std::string> parts = SplitDots(setting.substr(0, equals));
  if (std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); })) {
    return BadSetting(setting, "a part of its name is empty; write table.key=value.");
  }
  const bool names_table =
      std::find(kTables.begin(), kTables.end(), parts.front()) != kTables.end();
  if (!names_table || parts.size() == 1) {
    if (names_table) return BadSetting(setting, "it names a table, not a key.");
    parts = {"profile", base::Join(parts, ".")};
  } else if (parts.front() == "profile") {
    parts = {"profile", base::Join(std::span(parts).subspan(1), ".")};
  }
  toml::table* table = &document;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (!table->contains(parts[i])) table->insert(parts[i], toml::table());
    table = table->get(parts[i])->as_table();
    if (table == nullptr) {
      return BadSetting(setting, fmt::format("'{}' is no table in the file.", parts[i]));
    }
  }
  Insert(*table, parts.back(), base::TrimAscii(setting.substr(equals + 1)));
  return {};
}

}  // namespace

Status ApplySettings(const std::vector<std::string>& settings, toml::table& document) {
  for (const std::string& setting : settings) {
    LG_RETURN_IF_ERROR(ApplySetting(setting, document));
  }
  return {};
}

}  // namespace lakegate::job
