#include "cli/verb.h"

#include <array>

namespace lakegate::cli {
namespace {

constexpr std::array kVerbs = std::to_array<Verb>({
    {"run", "Run a job file", &DeclareRun},
    {"sql", "Run SQL over datasets and print the rows", &DeclareSql},
    {"write", "Write the rows of a query to a destination, whole or not at all", &DeclareWrite},
    {"delta", "Look at a Delta table, change it, take care of it", &DeclareDelta},
    {"guard", "Judge SQL without running it", &DeclareGuard},
    {"config", "Show the settings and where they come from", &DeclareConfig},
    {"runs", "List and show run records", &DeclareRuns},
    {"version", "Print the versions of the library and of what it carries", &DeclareVersion},
});

}  // namespace

std::span<const Verb> AllVerbs() { return kVerbs; }

}  // namespace lakegate::cli
