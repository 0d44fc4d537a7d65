#include "write/column_options.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "columnar/schema.h"

namespace lakegate::write {

namespace {

constexpr std::string_view kPrefix = "column.";
constexpr std::array<std::string_view, 5> kSettings = {"compression", "dictionary", "statistics",
                                                       "bloom_filter_fpp", "bloom_filter_ndv"};

Error BadValue(std::string_view name, std::string_view value, std::string_view expected) {
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("A write option has a value it cannot have: {} = '{}'; it is {}.", name,
                           value, expected));
}

template <typename Number>
std::optional<Number> NumberIn(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool IsOneOf(std::string_view value, std::initializer_list<std::string_view> known) {
  for (const auto each : known) {
    if (each == value) return true;
  }
  return false;
}

}  // namespace

bool IsColumnOption(std::string_view name) { return name.starts_with(kPrefix); }

Status AddColumnOption(std::string_view name, const std::string& value, ColumnOptions* columns) {
  const std::string_view rest = name.substr(kPrefix.size());
  const auto dot = rest.rfind('.');
  const std::string_view setting = dot == std::string_view::npos ? "" : rest.substr(dot + 1);
  const std::string column(rest.substr(0, dot));
  if (column.empty() || setting.empty()) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("An option of a column is column.NAME.SETTING: {}.", name));
  }
  engine::DeltaColumnOptions& options = (*columns)[column];
  if (setting == "compression") {
    if (!IsOneOf(value, {"zstd", "snappy", "lz4", "gzip", "none"})) {
      return BadValue(name, value, "zstd, snappy, lz4, gzip or none");
    }
    options.compression = value;
  } else if (setting == "dictionary") {
    if (!IsOneOf(value, {"true", "false"})) return BadValue(name, value, "true or false");
    options.dictionary = value == "true";
  } else if (setting == "statistics") {
    if (!IsOneOf(value, {"none", "chunk", "page"})) {
      return BadValue(name, value, "none, chunk or page");
    }
    options.statistics = value;
  } else if (setting == "bloom_filter_fpp") {
    options.bloom_filter_fpp = NumberIn<double>(value);
    const bool sound = options.bloom_filter_fpp && *options.bloom_filter_fpp > 0.0 &&
                       *options.bloom_filter_fpp < 1.0;
    if (!sound) return BadValue(name, value, "a rate between 0 and 1");
  } else if (setting == "bloom_filter_ndv") {
    options.bloom_filter_ndv = NumberIn<std::int64_t>(value);
    if (!options.bloom_filter_ndv || *options.bloom_filter_ndv < 1) {
      return BadValue(name, value, "a number of values of at least 1");
    }
  } else {
    const std::vector<std::string> known(kSettings.begin(), kSettings.end());
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("A column has no such setting: {}.{} The settings are {}.", name,
                             base::DidYouMean(setting, known), base::ListNames(known)));
  }
  return {};
}

Status CheckColumnsOf(const ColumnOptions& columns, const ArrowSchema& schema) {
  for (const auto& [column, options] : columns) {
    LG_RETURN_IF_ERROR(columnar::FindColumn(schema, column, "column option"));
  }
  return {};
}

}  // namespace lakegate::write
