#include <nlohmann/json.hpp>

#include "engine/engine.h"
#include "lakegate/session.h"
#include "lakegate/version.h"

namespace lakegate {

std::string VersionsJson() {
  nlohmann::ordered_json versions = {{"lakegate", kVersion}};
  if (auto bridge = engine::BridgeVersions()) {
    const auto parsed = nlohmann::ordered_json::parse(*bridge, nullptr, false);
    if (parsed.is_object()) versions.update(parsed);
  } else {
    versions["bridge_error"] = bridge.error().message();
  }
  return versions.dump();
}

}  // namespace lakegate
