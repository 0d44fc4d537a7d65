// What the shell is told: one exit code for each class of error. docs/CLI.md holds this table, and
// tests/contract/exit_codes.py compares the two.
#ifndef LAKEGATE_CLI_EXIT_CODE_H_
#define LAKEGATE_CLI_EXIT_CODE_H_

#include <span>
#include <string_view>

#include "lakegate/error.h"

namespace lakegate::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

struct ExitCodeRow {
  int code;
  std::string_view meaning;
};

std::span<const ExitCodeRow> ExitCodes();
int ExitCodeOf(ErrorKind kind);

}  // namespace lakegate::cli

#endif  // LAKEGATE_CLI_EXIT_CODE_H_
