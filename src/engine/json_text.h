// The JSON the bridge speaks, read and written without exceptions. Internal to this room.
#ifndef LAKEGATE_ENGINE_JSON_TEXT_H_
#define LAKEGATE_ENGINE_JSON_TEXT_H_

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "lakegate/dataset.h"
#include "lakegate/result.h"

namespace lakegate::engine {

inline std::string Dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// kInternal: the bridge said something that is not the JSON it promised.
Result<nlohmann::json> ParseBridgeJson(std::string_view text, std::string_view what);

// A member that is a number; 0 or `otherwise` when it is not there.
inline std::int64_t NumberIn(const nlohmann::json& object, const char* name,
                             std::int64_t otherwise = 0) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<std::int64_t>() : otherwise;
}

// What the bridge calls a format.
std::string_view FormatName(DataFormat format);

// Options by name as the bridge takes them: the ones it reads as booleans or numbers become
// such; a text that is none stays text and is refused over there by name.
nlohmann::json TypedOptions(const std::map<std::string, std::string>& options);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_JSON_TEXT_H_
