#include "kernels/row_sort.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

#include "base/try.h"

namespace lakegate::kernels {
namespace {

constexpr int kDigitBits = 11;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
constexpr std::size_t kFewRows = 512;
constexpr std::size_t kBlock = std::size_t{1} << 18;  // rows between looks at the token

std::size_t DigitAt(std::uint64_t code, int shift) { return (code >> shift) & (kDigits - 1); }

// Sorts `*order` stably by `codes`; the codes are indexed by row.
Status SortByWord(std::span<const std::uint64_t> codes, int bits, const CancelToken& cancel,
                  std::vector<Row>* order) {
  if (bits == 0) return {};
  if (order->size() < kFewRows) {
    std::stable_sort(order->begin(), order->end(),
                     [codes](Row a, Row b) { return codes[a] < codes[b]; });
    return {};
  }
  struct Item {
    std::uint64_t code;
    Row row;
  };
  std::vector<Item> items(order->size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (StopAt(i, cancel)) return Cancelled("sort");
    items[i] = Item{codes[(*order)[i]], (*order)[i]};
  }
  std::vector<Item> moved(items.size());
  for (int shift = 0; shift < bits; shift += kDigitBits) {
    std::array<std::size_t, kDigits> place{};
    for (std::size_t first = 0; first < items.size(); first += kBlock) {
      if (cancel.cancelled()) return Cancelled("sort");
      const std::size_t last = std::min(first + kBlock, items.size());
      for (std::size_t i = first; i < last; ++i) ++place[DigitAt(items[i].code, shift)];
    }
    // A digit that all rows share changes nothing.
    if (place[DigitAt(items.front().code, shift)] == items.size()) continue;
    std::size_t next = 0;
    for (std::size_t& count : place) next += std::exchange(count, next);
    for (std::size_t first = 0; first < items.size(); first += kBlock) {
      if (cancel.cancelled()) return Cancelled("sort");
      const std::size_t last = std::min(first + kBlock, items.size());
      for (std::size_t i = first; i < last; ++i) {
        moved[place[DigitAt(items[i].code, shift)]++] = items[i];
      }
    }
    items.swap(moved);
  }
  for (std::size_t i = 0; i < items.size(); ++i) (*order)[i] = items[i].row;
  return {};
}

// Joins neighbours while they fit into one word, so that fewer passes are needed.
std::vector<CodeColumn> Pack(std::vector<CodeColumn> columns) {
  std::vector<CodeColumn> packed;
  for (CodeColumn& column : columns) {
    if (column.bits == 0) continue;
    if (packed.empty() || packed.back().bits + column.bits > 64) {
      packed.push_back(std::move(column));
      continue;
    }
    CodeColumn& high = packed.back();
    for (std::size_t i = 0; i < high.codes.size(); ++i) {
      high.codes[i] = (high.codes[i] << column.bits) | column.codes[i];
    }
    high.bits += column.bits;
  }
  return packed;
}

}  // namespace

Status CheckRowCount(std::int64_t rows, std::string_view what) {
  if (rows <= kMostRows) return {};
  return Error(
      ErrorKind::kResourceLimit,
      fmt::format("A kernel takes at most {} rows; the {} has {}.", kMostRows, what, rows));
}

CodeColumn CodesOf(std::vector<std::uint64_t> values, bool descending) {
  CodeColumn column;
  column.codes = std::move(values);
  if (column.codes.empty()) return column;
  const auto [least, most] = std::minmax_element(column.codes.begin(), column.codes.end());
  const std::uint64_t low = *least;
  const std::uint64_t high = *most;
  for (std::uint64_t& code : column.codes) code = descending ? high - code : code - low;
  column.bits = static_cast<int>(std::bit_width(high - low));
  return column;
}

Result<std::vector<Row>> SortRows(std::vector<CodeColumn> columns, std::size_t rows,
                                  const CancelToken& cancel) {
  std::vector<Row> order(rows);
  std::iota(order.begin(), order.end(), Row{0});
  const std::vector<CodeColumn> words = Pack(std::move(columns));
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    LG_RETURN_IF_ERROR(SortByWord(word->codes, word->bits, cancel, &order));
  }
  return order;
}

std::vector<Row> Inverse(std::span<const Row> order) {
  std::vector<Row> position(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) position[order[i]] = static_cast<Row>(i);
  return position;
}

}  // namespace lakegate::kernels
