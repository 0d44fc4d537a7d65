#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/console.h"
#include "cli/exit_code.h"
#include "cli/verb.h"
#include "lakegate/worker.h"

namespace lakegate::cli {
namespace {

std::string Footer() {
  std::string text = "Exit codes:\n";
  for (const ExitCodeRow& row : ExitCodes()) {
    text += fmt::format("  {:>2}  {}\n", row.code, row.meaning);
  }
  return text;
}

// A first word that is no verb, told before CLI11 would only say that one is missing.
bool NamesNoVerb(int count, char** arguments) {
  if (count < 2 || arguments[1][0] == '-' || arguments[1] == std::string_view("help")) return false;
  std::string verbs;
  for (const Verb& verb : AllVerbs()) {
    if (verb.name == arguments[1]) return false;
    verbs += fmt::format("{}{}", verbs.empty() ? "" : ", ", verb.name);
  }
  fmt::print(stderr, "lakegate: There is no verb of that name: '{}'. Verbs: {}.\n", arguments[1],
             verbs);
  return true;
}

int Main(int count, char** arguments) {
  if (NamesNoVerb(count, arguments)) return kExitUsage;
  CLI::App app("Lakegate: guarded SQL and Delta tables, from a shared library", "lakegate");
  app.footer(Footer());
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Action>> actions;
  bool json = false;
  for (const Verb& verb : AllVerbs()) {
    CLI::App* command = app.add_subcommand(std::string(verb.name), std::string(verb.doc));
    command->add_flag("--json", json, "Machine-readable output and errors");
    actions.emplace_back(command, verb.declare(*command));
  }
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" of code 0 there.
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  Console console;
  console.set_json(json);
  console.CancelOnInterrupt();
  for (const auto& [command, action] : actions) {
    if (command->parsed()) return action(console);
  }
  return kExitUsage;
}

}  // namespace
}  // namespace lakegate::cli

int main(int count, char** arguments) {
  // Not a verb of people: a session starts it. Nothing may come before it, and nothing after.
  if (count == 2 && arguments[1] == std::string_view("worker")) std::_Exit(lakegate::RunWorker());
  try {
    return lakegate::cli::Main(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lakegate: %s\n", error.what());
    return lakegate::cli::kExitFailure;
  }
}
