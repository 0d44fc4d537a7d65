#include "profile/setting_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/quantity.h"
#include "base/text.h"

namespace lakegate::profile {
namespace {

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!base::TrimAscii(text).empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(base::TrimAscii(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<bool> BoolOf(std::string_view text) {
  if (text == "true" || text == "on") return true;
  if (text == "false" || text == "off") return false;
  return std::nullopt;
}

std::optional<std::int64_t> IntegerOf(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

// Numbers as text, by the unit of the setting.
std::optional<std::int64_t> NumberOf(SettingType type, const std::string& text) {
  if (type == SettingType::kInteger) return IntegerOf(base::TrimAscii(text));
  const Result<std::int64_t> parsed =
      type == SettingType::kBytes ? base::ParseByteSize(text) : base::ParseDurationMs(text);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

std::string FormatNumber(SettingType type, std::int64_t value) {
  if (type == SettingType::kBytes) return base::FormatByteSize(value);
  if (type == SettingType::kDuration) return base::FormatDurationMs(value);
  return fmt::format("{}", value);
}

bool IsNumber(SettingType type) {
  return type == SettingType::kInteger || type == SettingType::kBytes ||
         type == SettingType::kDuration;
}

// The given value in the type of the setting, bounds and choices aside.
std::optional<SettingValue> Convert(SettingType type, const SettingValue& given) {
  const auto* const text = std::get_if<std::string>(&given);
  if (type == SettingType::kBool) {
    if (std::holds_alternative<bool>(given)) return given;
    const auto parsed = text != nullptr ? BoolOf(*text) : std::nullopt;
    return parsed ? std::optional<SettingValue>(*parsed) : std::nullopt;
  }
  if (IsNumber(type)) {
    const auto* const number = std::get_if<std::int64_t>(&given);
    // A duration without a unit says nothing, save nought.
    if (number != nullptr && (type != SettingType::kDuration || *number == 0)) return given;
    const auto parsed = text != nullptr ? NumberOf(type, *text) : std::nullopt;
    return parsed ? std::optional<SettingValue>(*parsed) : std::nullopt;
  }
  if (type == SettingType::kTextList) {
    if (std::holds_alternative<std::vector<std::string>>(given)) return given;
    return text != nullptr ? std::optional<SettingValue>(Split(*text, ',')) : std::nullopt;
  }
  return text != nullptr ? std::optional<SettingValue>(*text) : std::nullopt;
}

bool Fits(const Setting& setting, const SettingValue& value) {
  if (const auto* const number = std::get_if<std::int64_t>(&value)) {
    return setting.minimum <= *number && *number <= setting.maximum;
  }
  if (setting.type != SettingType::kChoice) return true;
  const std::vector<std::string> choices = Split(setting.choices, '|');
  return std::find(choices.begin(), choices.end(), std::get<std::string>(value)) != choices.end();
}

// What was given, for a message; never more than a line.
std::string Shown(const SettingValue& given) {
  if (const auto* const flag = std::get_if<bool>(&given)) return *flag ? "true" : "false";
  if (const auto* const number = std::get_if<std::int64_t>(&given)) {
    return fmt::format("{}", *number);
  }
  if (const auto* const text = std::get_if<std::string>(&given)) {
    return fmt::format("'{}'", base::Shorten(*text, 100));
  }
  return fmt::format("[{}]", base::ListNames(std::get<std::vector<std::string>>(given), 5));
}

}  // namespace

Result<SettingValue> ValueOf(const Setting& setting, const SettingValue& given,
                             std::string_view origin) {
  std::optional<SettingValue> value = Convert(setting.type, given);
  if (!value) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("The value of a setting has the wrong type: {} = {}, from {}. It "
                             "takes {}.",
                             setting.name, Shown(given), origin, Takes(setting)));
  }
  if (!Fits(setting, *value)) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("The value of a setting is out of bounds: {} = {}, from {}. It takes "
                             "{}.",
                             setting.name, Shown(given), origin, Takes(setting)));
  }
  return std::move(*value);
}

std::string TextOf(const Setting& setting, const SettingValue& value) {
  if (const auto* const flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* const number = std::get_if<std::int64_t>(&value)) {
    return FormatNumber(setting.type, *number);
  }
  if (const auto* const text = std::get_if<std::string>(&value)) return *text;
  return base::Join(std::get<std::vector<std::string>>(value), ",");
}

std::string Takes(const Setting& setting) {
  switch (setting.type) {
    case SettingType::kBool:
      return "true or false";
    case SettingType::kText:
      return "a text";
    case SettingType::kTextList:
      return "a list of texts";
    case SettingType::kChoice:
      return fmt::format("one of {}", base::Join(Split(setting.choices, '|'), ", "));
    default:
      break;
  }
  const std::string_view noun = setting.type == SettingType::kBytes      ? "a size such as 64 MiB"
                                : setting.type == SettingType::kDuration ? "a duration such as 30 s"
                                                                         : "a whole number";
  return fmt::format("{} between {} and {}", noun, FormatNumber(setting.type, setting.minimum),
                     FormatNumber(setting.type, setting.maximum));
}

std::string_view TypeName(SettingType type) {
  constexpr std::array<std::string_view, 7> kNames = {"bool", "integer", "bytes", "duration",
                                                      "text", "choice",  "list"};
  return kNames[static_cast<std::size_t>(type)];
}

}  // namespace lakegate::profile
