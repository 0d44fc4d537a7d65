#include "lakegate/error.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lakegate {
namespace {

constexpr std::array<std::pair<ErrorKind, std::string_view>, 19> kKinds = {{
    {ErrorKind::kInvalidArgument, "kInvalidArgument"},
    {ErrorKind::kInvalidSql, "kInvalidSql"},
    {ErrorKind::kSqlPolicyViolation, "kSqlPolicyViolation"},
    {ErrorKind::kNotFound, "kNotFound"},
    {ErrorKind::kAlreadyExists, "kAlreadyExists"},
    {ErrorKind::kSchemaMismatch, "kSchemaMismatch"},
    {ErrorKind::kConstraintViolation, "kConstraintViolation"},
    {ErrorKind::kUnsupported, "kUnsupported"},
    {ErrorKind::kCommitConflict, "kCommitConflict"},
    {ErrorKind::kUnavailable, "kUnavailable"},
    {ErrorKind::kTimeout, "kTimeout"},
    {ErrorKind::kCommitUnknown, "kCommitUnknown"},
    {ErrorKind::kResourceLimit, "kResourceLimit"},
    {ErrorKind::kCancelled, "kCancelled"},
    {ErrorKind::kCorruptData, "kCorruptData"},
    {ErrorKind::kIo, "kIo"},
    {ErrorKind::kPlugin, "kPlugin"},
    {ErrorKind::kVersionMismatch, "kVersionMismatch"},
    {ErrorKind::kInternal, "kInternal"},
}};

nlohmann::ordered_json JsonOf(const SqlPosition& position) {
  return {{"line", position.line}, {"column", position.column}};
}

struct DetailToJson {
  nlohmann::ordered_json operator()(std::monostate) const { return nullptr; }
  nlohmann::ordered_json operator()(const SqlPosition& detail) const { return JsonOf(detail); }
  nlohmann::ordered_json operator()(const PolicyViolation& detail) const {
    return {{"violation", detail.violation},
            {"name", detail.name},
            {"position", JsonOf(detail.position)},
            {"setting", detail.setting}};
  }
  nlohmann::ordered_json operator()(const CommitConflict& detail) const {
    return {{"reason", detail.reason},
            {"read_version", detail.read_version},
            {"found_version", detail.found_version}};
  }
  nlohmann::ordered_json operator()(const ConstraintViolation& detail) const {
    return {{"constraint", detail.constraint},
            {"violations", detail.violations},
            {"first_rows", detail.first_rows}};
  }
  nlohmann::ordered_json operator()(const FilePosition& detail) const {
    return {{"path", detail.path}, {"line", detail.line}};
  }
};

}  // namespace

std::string_view ErrorKindName(ErrorKind kind) {
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(),
                                   [kind](const auto& entry) { return entry.first == kind; });
  return found == kKinds.end() ? "kInternal" : found->second;
}

const std::vector<ErrorKind>& AllErrorKinds() {
  static const std::vector<ErrorKind> kinds = [] {
    std::vector<ErrorKind> result;
    result.reserve(kKinds.size());
    for (const auto& [kind, name] : kKinds) result.push_back(kind);
    return result;
  }();
  return kinds;
}

Error Error::WithContext(std::string_view context) const {
  return Error(kind_, fmt::format("{}: {}", context, message_), detail_);
}

std::string Error::ToString() const {
  // The other details are told by the message itself.
  if (const auto* position = std::get_if<SqlPosition>(&detail_); position && position->line > 0) {
    return fmt::format("{}: {} (line {}, column {})", ErrorKindName(kind_), message_,
                       position->line, position->column);
  }
  return fmt::format("{}: {}", ErrorKindName(kind_), message_);
}

std::string Error::ToJson() const {
  nlohmann::ordered_json json = {{"kind", ErrorKindName(kind_)},
                                 {"code", static_cast<std::int32_t>(kind_)},
                                 {"message", message_}};
  if (!std::holds_alternative<std::monostate>(detail_)) {
    json["detail"] = std::visit(DetailToJson{}, detail_);
  }
  // Messages quote what users gave us, so bytes that are no UTF-8 are replaced, not thrown at.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace lakegate
