#include "engine/bridge_error.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace lakegate::engine {

namespace {

std::string TextOf(const lg_str& text) {
  return text.size == 0 ? std::string()
                        : std::string(reinterpret_cast<const char*>(text.data), text.size);
}

// What the bridge calls a limit, and the setting that changes it.
std::string SettingOf(std::string_view subject) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSettings = {{
      {"memory_limit_bytes", "memory_limit"},
      {"spill_limit_bytes", "spill_limit"},
      {"function_limit_bytes", "function_limit"},
      {"time_limit_ms", "time_limit"},
  }};
  const auto* found = std::find_if(kSettings.begin(), kSettings.end(),
                                   [&](const auto& row) { return row.first == subject; });
  return std::string(found == kSettings.end() ? subject : found->second);
}

ErrorDetail DetailOf(ErrorKind kind, const lg_error_view& view) {
  const SqlPosition position{view.line, view.column};
  std::string subject = TextOf(view.subject);
  switch (kind) {
    case ErrorKind::kSqlPolicyViolation:
      return PolicyViolation{"limit", subject, position, "sql_" + subject};
    case ErrorKind::kCommitConflict:
      return CommitConflict{subject, view.read_version, view.found_version};
    case ErrorKind::kCorruptData:
    case ErrorKind::kIo:
      if (subject.empty() && view.line == 0) return std::monostate{};
      return FilePosition{std::move(subject), view.line};
    case ErrorKind::kNotFound:
      if (subject.starts_with('/')) return FilePosition{std::move(subject), view.line};
      break;
    default:
      break;
  }
  if (view.line > 0) return position;
  return std::monostate{};
}

bool IsKnown(std::int32_t number) {
  const auto& kinds = AllErrorKinds();
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](ErrorKind kind) { return static_cast<std::int32_t>(kind) == number; });
}

}  // namespace

Error ErrorFrom(const lg_error_view& view) {
  std::string message = TextOf(view.message);
  if (!IsKnown(view.kind)) {
    return Error(
        ErrorKind::kInternal,
        fmt::format("The bridge reported an error of no known kind: {}: {}", view.kind, message));
  }
  const auto kind = static_cast<ErrorKind>(view.kind);
  if (kind == ErrorKind::kResourceLimit || kind == ErrorKind::kTimeout) {
    const std::string subject = TextOf(view.subject);
    if (!subject.empty()) message += fmt::format(" (setting {})", SettingOf(subject));
  }
  return Error(kind, std::move(message), DetailOf(kind, view));
}

ErrorOut::~ErrorOut() {
  if (error_ != nullptr) api_->lg_error_free(error_);
}

Error ErrorOut::Take() {
  if (error_ == nullptr) {
    return Error(ErrorKind::kInternal, "The bridge reported a failure without an error.");
  }
  lg_error_view view{};
  api_->lg_error_get(error_, &view);
  Error error = ErrorFrom(view);
  api_->lg_error_free(std::exchange(error_, nullptr));
  return error;
}

Status ErrorOut::Settle(std::int32_t code) {
  if (code == 0) return {};
  if (error_ == nullptr) {
    return Error(ErrorKind::kInternal,
                 fmt::format("The bridge reported a failure without an error: code {}", code));
  }
  return Take();
}

}  // namespace lakegate::engine
