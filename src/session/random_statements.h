// For tests: random statements, and their rows whatever the order.
#ifndef LAKEGATE_SESSION_RANDOM_STATEMENTS_H_
#define LAKEGATE_SESSION_RANDOM_STATEMENTS_H_

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/test_arrays.h"

namespace lakegate::session {

using columnar::Pick;
using columnar::Rng;

template <typename T, std::size_t kCount>
const T& OneOf(Rng& rng, const T (&values)[kCount]) {
  return values[Pick(rng, 0, kCount - 1)];
}

// The pattern with `with` where `mark` first stands.
inline std::string Filled(std::string_view pattern, std::string_view mark, std::string_view with) {
  std::string text(pattern);
  const auto at = text.find(mark);
  return at == std::string::npos ? text : text.replace(at, mark.size(), with);
}

// Lines in order.
inline std::string Sorted(const std::string& rows) {
  std::vector<std::string> lines;
  std::stringstream text(rows);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, "\n"));
}

// How many cases the variable of the environment asks for.
inline int CasesOf(const char* variable, int otherwise) {
  const char* const given = std::getenv(variable);
  return given == nullptr ? otherwise : std::atoi(given);
}

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_RANDOM_STATEMENTS_H_
