// Reads JSON objects whose every field is known: what is missing, unknown or of another type
// is kInternal, because both sides of the reading are ours.
#ifndef LAKEGATE_GUARD_STRICT_JSON_H_
#define LAKEGATE_GUARD_STRICT_JSON_H_

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/try.h"
#include "lakegate/result.h"

namespace lakegate::guard {

inline Error MalformedFacts(std::string_view path, std::string_view problem) {
  return Error(ErrorKind::kInternal,
               fmt::format("The facts of a statement are not what this build expects: {} {}. The "
                           "library and its bridge are of different builds.",
                           path, problem));
}

// One object. Take every field with a reader, then call `Finish`, which refuses the rest. The
// first failure sticks and is what `Finish` gives.
class StrictObject {
 public:
  StrictObject(const nlohmann::json& value, std::string path)
      : value_(value), path_(std::move(path)) {
    if (!value_.is_object()) Fail(path_, "is not an object");
  }

  bool Has(const char* key) const { return value_.is_object() && value_.contains(key); }

  void Text(const char* key, std::string* out) {
    const nlohmann::json* field = Field(key);
    if (field == nullptr) return;
    if (!field->is_string()) return Fail(PathOf(key), "is not a string");
    *out = field->get_ref<const std::string&>();
  }
  void Count(const char* key, std::int64_t* out) {
    const nlohmann::json* field = Field(key);
    if (field == nullptr) return;
    if (!field->is_number_integer() || *field < 0 || *field > INT64_MAX) {
      return Fail(PathOf(key), "is not a count");
    }
    *out = field->get<std::int64_t>();
  }
  void Flag(const char* key, bool* out) {
    const nlohmann::json* field = Field(key);
    if (field == nullptr) return;
    if (!field->is_boolean()) return Fail(PathOf(key), "is not a boolean");
    *out = field->get<bool>();
  }
  void Texts(const char* key, std::vector<std::string>* out) {
    Each(key, [&](const nlohmann::json& item, const std::string& path) -> Status {
      if (!item.is_string()) return MalformedFacts(path, "is not a string");
      out->push_back(item.get_ref<const std::string&>());
      return {};
    });
  }
  // `read(item, path)` gives Result<Item>.
  template <typename Item, typename Read>
  void List(const char* key, Read read, std::vector<Item>* out) {
    Each(key, [&](const nlohmann::json& item, const std::string& path) -> Status {
      LG_ASSIGN_OR_RETURN(Item value, read(item, path));
      out->push_back(std::move(value));
      return {};
    });
  }
  template <typename Item, typename Read>
  void Object(const char* key, Read read, Item* out) {
    const nlohmann::json* field = Field(key);
    if (field == nullptr) return;
    Result<Item> value = read(*field, PathOf(key));
    if (!value) return Fail(std::move(value).error());
    *out = std::move(value).value();
  }

  Status Finish() {
    if (!status_) return status_;
    for (const auto& [key, field] : value_.items()) {
      if (!taken_.contains(key)) return MalformedFacts(PathOf(key), "is not known here");
    }
    return {};
  }

 private:
  std::string PathOf(std::string_view key) const { return fmt::format("{}.{}", path_, key); }
  void Fail(std::string_view path, std::string_view problem) {
    Fail(MalformedFacts(path, problem));
  }
  void Fail(Error error) {
    if (status_) status_ = std::move(error);
  }
  const nlohmann::json* Field(const char* key) {
    if (!status_) return nullptr;
    taken_.insert(key);
    const auto found = value_.find(key);
    if (found == value_.end()) {
      Fail(PathOf(key), "is missing");
      return nullptr;
    }
    return &*found;
  }
  template <typename Take>
  void Each(const char* key, Take take) {
    const nlohmann::json* field = Field(key);
    if (field == nullptr) return;
    if (!field->is_array()) return Fail(PathOf(key), "is not an array");
    for (std::size_t i = 0; i < field->size(); ++i) {
      Status status = take((*field)[i], fmt::format("{}[{}]", PathOf(key), i));
      if (!status) return Fail(std::move(status).error());
    }
  }

  const nlohmann::json& value_;
  std::string path_;
  std::set<std::string, std::less<>> taken_;
  Status status_;
};

}  // namespace lakegate::guard

#endif  // LAKEGATE_GUARD_STRICT_JSON_H_
