#include "lakegate/version.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/exit_code.h"
#include "cli/verb.h"
#include "lakegate/session.h"

namespace lakegate::cli {

Action DeclareVersion(CLI::App&) {
  return [](Console& console) {
    const std::string versions = VersionsJson();
    if (console.json()) {
      console.Out(versions + "\n");
      return kExitOk;
    }
    const auto json = nlohmann::ordered_json::parse(versions, nullptr, false);
    std::string text;
    for (const auto& [name, version] : json.items()) {
      text += fmt::format("{} {}\n", name,
                          version.is_string() ? version.get<std::string>() : version.dump());
    }
    console.Out(text);
    return kExitOk;
  };
}

}  // namespace lakegate::cli
