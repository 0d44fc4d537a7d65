#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/exit_code.h"
#include "cli/session_options.h"
#include "cli/verb.h"

namespace lakegate::cli {
namespace {

struct ConfigOptions {
  SessionOptions session;
  bool origin = false;
};

int ShowConfig(const ConfigOptions& options, Console& console) {
  auto profile = BuildProfile(options.session);
  if (!profile) return console.Fail(profile.error());
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  std::string text;
  for (const SettingReport& setting : profile->Report()) {
    if (console.json()) {
      nlohmann::ordered_json row = {{"name", setting.name}, {"value", setting.value}};
      if (options.origin) row["origin"] = setting.origin;
      json.push_back(std::move(row));
    } else if (options.origin) {
      text += fmt::format("{} = {}  # {}\n", setting.name, setting.value, setting.origin);
    } else {
      text += fmt::format("{} = {}\n", setting.name, setting.value);
    }
  }
  console.Out(console.json() ? json.dump() + "\n" : text);
  return kExitOk;
}

}  // namespace

Action DeclareConfig(CLI::App& command) {
  auto options = std::make_shared<ConfigOptions>();
  command.require_subcommand(1);
  CLI::App* show = command.add_subcommand("show", "Every setting with its value");
  show->fallthrough();
  show->add_flag("--origin", options->origin, "Where each value comes from");
  DeclareProfileOptions(*show, options->session);
  return [options](Console& console) { return ShowConfig(*options, console); };
}

}  // namespace lakegate::cli
