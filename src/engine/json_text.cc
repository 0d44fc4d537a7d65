#include "engine/json_text.h"

#include <fmt/core.h>

#include <charconv>
#include <set>

namespace lakegate::engine {

Result<nlohmann::json> ParseBridgeJson(std::string_view text, std::string_view what) {
  auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (parsed.is_discarded()) {
    return Error(ErrorKind::kInternal,
                 fmt::format("The bridge answered with text that is not JSON: {}", what));
  }
  return parsed;
}

std::string_view FormatName(DataFormat format) {
  switch (format) {
    case DataFormat::kDelta:
      return "delta";
    case DataFormat::kParquet:
      return "parquet";
    case DataFormat::kCsv:
      return "csv";
    case DataFormat::kNdjson:
      return "ndjson";
    case DataFormat::kArrow:
      return "arrow";
  }
  return "delta";
}

nlohmann::json TypedOptions(const std::map<std::string, std::string>& options) {
  static const std::set<std::string_view> kBooleans = {
      "header", "newlines_in_values", "dictionary", "double_quote", "explicit_nulls", "stream"};
  static const std::set<std::string_view> kNumbers = {"infer_rows", "max_row_group_rows"};
  auto typed = nlohmann::json::object();
  for (const auto& [name, text] : options) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (kBooleans.contains(name) && (text == "true" || text == "false")) {
      typed[name] = text == "true";
    } else if (kNumbers.contains(name) && whole) {
      typed[name] = number;
    } else {
      typed[name] = text;
    }
  }
  return typed;
}

}  // namespace lakegate::engine
