// For tests: the shared ordering vocabulary over test rows, written down a second time.
#ifndef LAKEGATE_KERNELS_NAIVE_ORDER_H_
#define LAKEGATE_KERNELS_NAIVE_ORDER_H_

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/test_tables.h"

namespace lakegate::kernels {

// A comparable stand-in: (is it a NaN, value), so that NaN is greatest and zeros are equal.
inline std::optional<std::pair<bool, double>> NaiveNumber(const std::optional<double>& value) {
  if (!value) return std::nullopt;
  return std::isnan(*value) ? std::pair(true, 0.0) : std::pair(false, *value + 0.0);
}

template <typename Value>
int NaiveCompare(const std::optional<Value>& a, const std::optional<Value>& b, const SortKey& key) {
  if (a == b) return 0;
  if (!a || !b) return a.has_value() == (key.nulls == NullPlacement::kLast) ? -1 : 1;
  return (*a < *b) == (key.direction == SortDirection::kAscending) ? -1 : 1;
}

// Below, at or above zero: a before, with or after b by one key.
inline int NaiveCompare(const TestRow& a, const TestRow& b, const SortKey& key) {
  if (key.column == "path") return NaiveCompare(a.path, b.path, key);
  if (key.column == "num") return NaiveCompare(NaiveNumber(a.num), NaiveNumber(b.num), key);
  if (key.column == "score") return NaiveCompare(NaiveNumber(a.score), NaiveNumber(b.score), key);
  if (key.column == "start") return NaiveCompare(a.start, b.start, key);
  if (key.column == "tie") return NaiveCompare(a.tie, b.tie, key);
  return NaiveCompare(std::optional(a.id), std::optional(b.id), key);
}

// Whether a comes before b by the keys; then by ordinal.
inline bool NaiveBefore(const TestRow& a, const TestRow& b, const std::vector<SortKey>& keys) {
  for (const SortKey& key : keys) {
    const int order = NaiveCompare(a, b, key);
    if (order != 0) return order < 0;
  }
  return a.id < b.id;
}

// Whether two rows agree on key columns; null agrees with null.
inline bool NaiveSameKeys(const TestRow& a, const TestRow& b,
                          const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (NaiveCompare(a, b, SortKey{.column = key}) != 0) return false;
  }
  return true;
}

inline SortKey RandomKey(const std::string& column, Rng& rng) {
  return SortKey{column,
                 Pick(rng, 0, 1) == 0 ? SortDirection::kAscending : SortDirection::kDescending,
                 Pick(rng, 0, 1) == 0 ? NullPlacement::kFirst : NullPlacement::kLast};
}

// Rows with few distinct values, extremes and nulls in every column; ids are ordinals.
inline std::vector<TestRow> RandomRows(Rng& rng, std::int64_t most) {
  constexpr double kSpecial[] = {0.0, -0.0, std::numeric_limits<double>::quiet_NaN(), 2,
                                 -std::numeric_limits<double>::infinity()};
  const char* const paths[] = {"", "a", "ab", "a path longer than twelve bytes",
                               "a path longer than twelve bytes, a bit"};
  std::vector<TestRow> rows;
  for (std::int64_t i = Pick(rng, 0, most); i > 0; --i) {
    TestRow row;
    row.id = static_cast<std::int64_t>(rows.size());
    row.path = paths[Pick(rng, 0, 4)];
    row.num = kSpecial[Pick(rng, 0, 4)];
    row.start = Pick(rng, 0, 1) == 0 ? Wide(std::numeric_limits<std::int64_t>::min()) : Wide(1);
    row.score = kSpecial[Pick(rng, 0, 4)];
    row.tie = Pick(rng, 0, 1) == 0 ? std::numeric_limits<std::int64_t>::min()
                                   : std::numeric_limits<std::int64_t>::max();
    if (Pick(rng, 0, 5) == 0) row.path.reset();
    if (Pick(rng, 0, 5) == 0) row.num.reset();
    if (Pick(rng, 0, 5) == 0) row.start.reset();
    if (Pick(rng, 0, 5) == 0) row.score.reset();
    if (Pick(rng, 0, 5) == 0) row.tie.reset();
    rows.push_back(row);
  }
  return rows;
}

inline std::vector<std::string> IdsOf(const ReadResult& result) {
  std::vector<std::string> ids;
  for (const auto& cells : result.cells) ids.push_back(cells[kIdColumn]);
  return ids;
}

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_NAIVE_ORDER_H_
