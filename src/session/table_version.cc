#include "session/table_version.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/quantity.h"

namespace lakegate::session {
namespace {

constexpr std::string_view kVersion = "VERSION AS OF ";
constexpr std::string_view kTimestamp = "TIMESTAMP AS OF ";

std::optional<std::int64_t> VersionIn(std::string_view text) {
  std::int64_t version = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 0) return std::nullopt;
  return version;
}

// 'it''s' as it.
std::string Unquoted(std::string_view literal) {
  std::string text;
  for (std::size_t i = 1; i + 1 < literal.size(); ++i) {
    text += literal[i];
    if (literal[i] == '\'') ++i;
  }
  return text;
}

std::optional<std::int64_t> MomentIn(const std::string& text) {
  for (const char* rest : {"", "Z", "T00:00:00Z"}) {
    if (const auto moment = base::ParseUtc(text + rest)) return *moment;
  }
  return std::nullopt;
}

}  // namespace

std::string NameAtVersion(std::string_view name, std::string_view at) {
  return fmt::format("{} {}", name, at);
}

Result<DatasetLocation> AtVersion(const DatasetLocation& location, std::string_view name,
                                  std::string_view at) {
  if (location.version || location.timestamp_ms) {
    return Error(
        ErrorKind::kInvalidArgument,
        fmt::format("The dataset is pinned to a version already: '{}', {}. Read it without "
                    "one, or register it without.",
                    name, at));
  }
  DatasetLocation pinned = location;
  if (at.starts_with(kVersion)) {
    pinned.version = VersionIn(at.substr(kVersion.size()));
  } else if (at.starts_with(kTimestamp)) {
    pinned.timestamp_ms = MomentIn(Unquoted(at.substr(kTimestamp.size())));
  }
  if (!pinned.version && !pinned.timestamp_ms) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("This is no version of a table: '{}', {}. Write VERSION AS OF 3, or "
                             "TIMESTAMP AS OF '2026-11-27T10:00:00Z'.",
                             name, at));
  }
  return pinned;
}

}  // namespace lakegate::session
