#include "base/error_json.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace lakegate::base {
namespace {

using Json = nlohmann::json;

// Reads members of one object; a missing one or one of another type makes the whole no error.
class Members {
 public:
  Members(const Json& object, bool* good) : object_(object), good_(good) {
    if (!object.is_object()) *good_ = false;
  }

  std::string Text(const char* name) const {
    const Json* member = Find(name);
    if (member != nullptr && member->is_string()) return member->get<std::string>();
    *good_ = false;
    return {};
  }
  std::int64_t Number(const char* name) const {
    const Json* member = Find(name);
    if (member != nullptr && member->is_number_integer()) return member->get<std::int64_t>();
    *good_ = false;
    return 0;
  }
  std::vector<std::string> Texts(const char* name) const {
    std::vector<std::string> texts;
    const Json* member = Find(name);
    if (member == nullptr || !member->is_array()) {
      *good_ = false;
      return texts;
    }
    for (const Json& item : *member) {
      if (item.is_string()) texts.push_back(item.get<std::string>());
    }
    *good_ = *good_ && texts.size() == member->size();
    return texts;
  }
  SqlPosition Position(const char* name) const {
    const Json* member = Find(name);
    if (member != nullptr) return PositionOf(*member, good_);
    *good_ = false;
    return {};
  }
  static SqlPosition PositionOf(const Json& object, bool* good) {
    const Members members(object, good);
    return {members.Number("line"), members.Number("column")};
  }

 private:
  const Json* Find(const char* name) const {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }

  const Json& object_;
  bool* good_;
};

// Each kind of detail has a member that no other has.
ErrorDetail DetailOf(const Json& detail, bool* good) {
  const Members members(detail, good);
  const auto has = [&](const char* name) { return detail.is_object() && detail.contains(name); };
  if (has("violation")) {
    return PolicyViolation{members.Text("violation"), members.Text("name"),
                           members.Position("position"), members.Text("setting")};
  }
  if (has("reason")) {
    return CommitConflict{members.Text("reason"), members.Number("read_version"),
                          members.Number("found_version")};
  }
  if (has("constraint")) {
    return ConstraintViolation{members.Text("constraint"), members.Number("violations"),
                               members.Texts("first_rows")};
  }
  if (has("path")) return FilePosition{members.Text("path"), members.Number("line")};
  return Members::PositionOf(detail, good);
}

std::optional<ErrorKind> KindOf(std::string_view name) {
  for (const ErrorKind kind : AllErrorKinds()) {
    if (ErrorKindName(kind) == name) return kind;
  }
  return std::nullopt;
}

}  // namespace

Error ParseErrorJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  bool good = true;
  const Members members(json, &good);
  const std::optional<ErrorKind> kind = KindOf(members.Text("kind"));
  std::string message = members.Text("message");
  ErrorDetail detail;
  if (good && json.contains("detail")) detail = DetailOf(json["detail"], &good);
  if (good && kind) return Error(*kind, std::move(message), std::move(detail));
  return Error(ErrorKind::kCorruptData, "What should be an error of another process is none.");
}

}  // namespace lakegate::base
