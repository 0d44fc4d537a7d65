// Options that `sql`, `write`, `guard` and `config` share: profile, settings, policy, tables,
// parameters.
#ifndef LAKEGATE_CLI_SESSION_OPTIONS_H_
#define LAKEGATE_CLI_SESSION_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lakegate/session.h"

namespace lakegate::cli {

struct SessionOptions {
  std::string profile;
  std::vector<std::string> settings;
  std::string policy;
  std::vector<std::string> tables;
  std::vector<std::string> parameters;
};

void DeclareProfileOptions(CLI::App& command, SessionOptions& options);
void DeclarePolicyOption(CLI::App& command, SessionOptions& options);
void DeclareStatementOptions(CLI::App& command, SessionOptions& options);

// Defaults ← preset ← user file ← project file (lakegate.toml here) ← environment ← --set.
Result<Profile> BuildProfile(const SessionOptions& options);
// A session with the profile's and the command's datasets registered.
Result<std::unique_ptr<Session>> OpenSession(const SessionOptions& options);
// Policy file and parameters, as one statement wants them.
Result<QueryOptions> QueryOptionsOf(const SessionOptions& options);

// "name=value" in two; kInvalidArgument naming `option` when there is no '='.
Result<std::pair<std::string, std::string>> SplitPair(std::string_view text,
                                                      std::string_view option);
// A whole text file; "-" is standard input.
Result<std::string> ReadText(const std::string& path);

// LAKEGATE_ variables of this process.
std::map<std::string, std::string> Environment();

}  // namespace lakegate::cli

#endif  // LAKEGATE_CLI_SESSION_OPTIONS_H_
