// For tests: a case that fails is made small before it is shown.
#ifndef LAKEGATE_KERNELS_SHRINK_H_
#define LAKEGATE_KERNELS_SHRINK_H_

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/test_tables.h"

namespace lakegate::kernels {

// Says what is wrong with the tables of a case as they are now; "" when nothing is.
using Fault = std::function<std::string()>;

// "" when equal, both otherwise.
inline std::string Difference(const std::vector<std::string>& given,
                              const std::vector<std::string>& expected) {
  if (given == expected) return "";
  return fmt::format("given: [{}]\nexpected: [{}]\n", fmt::join(given, ", "),
                     fmt::join(expected, ", "));
}

inline std::string TextOfRow(const TestRow& row) {
  const auto text = [](const auto& value) -> std::string {
    if (!value) return "null";
    if constexpr (std::is_same_v<std::decay_t<decltype(*value)>, Wide>) {
      const bool fits = *value <= std::numeric_limits<std::int64_t>::max();
      return fits ? std::to_string(static_cast<std::int64_t>(*value))
                  : std::to_string(static_cast<std::uint64_t>(*value));
    } else {
      return fmt::format("{}", *value);
    }
  };
  return fmt::format("path {} num {} start {} end {} score {} tie {} id {}\n", text(row.path),
                     text(row.num), text(row.start), text(row.end), text(row.score), text(row.tie),
                     row.id);
}

// Drops rows, long runs first, for as long as something stays wrong.
template <typename Item>
void Shrink(std::vector<Item>* rows, const Fault& fault) {
  for (std::size_t run = rows->size(); run > 0; run /= 2) {
    for (std::size_t at = 0; at < rows->size();) {
      const std::vector<Item> before = *rows;
      const auto first = rows->begin() + static_cast<std::ptrdiff_t>(at);
      rows->erase(first, first + static_cast<std::ptrdiff_t>(std::min(run, rows->size() - at)));
      if (!fault().empty()) continue;
      *rows = before;
      at += run;
    }
  }
}

// What is wrong with the least tables that shrinking finds, and their rows; "" when nothing is.
inline std::string LeastFault(const std::vector<std::vector<TestRow>*>& tables,
                              const Fault& fault) {
  if (fault().empty()) return "";
  for (std::vector<TestRow>* rows : tables) Shrink(rows, fault);
  std::string text = fault();
  for (std::vector<TestRow>* rows : tables) {
    text += fmt::format("{} rows:\n", rows->size());
    for (const TestRow& row : *rows) text += TextOfRow(row);
  }
  return text;
}

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_SHRINK_H_
