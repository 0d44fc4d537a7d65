// The verb table: what `lakegate` can do, one row and one file a verb.
#ifndef LAKEGATE_CLI_VERB_H_
#define LAKEGATE_CLI_VERB_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string_view>

#include "cli/console.h"

namespace lakegate::cli {

// Runs with the options that were parsed; gives the exit code.
using Action = std::function<int(Console&)>;

struct Verb {
  std::string_view name;
  std::string_view doc;
  // Declares the verb's options on its own command.
  Action (*declare)(CLI::App& command);
};

std::span<const Verb> AllVerbs();

Action DeclareRun(CLI::App& command);
Action DeclareSql(CLI::App& command);
Action DeclareWrite(CLI::App& command);
Action DeclareDelta(CLI::App& command);
Action DeclareGuard(CLI::App& command);
Action DeclareConfig(CLI::App& command);
Action DeclareRuns(CLI::App& command);
Action DeclareVersion(CLI::App& command);

}  // namespace lakegate::cli

#endif  // LAKEGATE_CLI_VERB_H_
