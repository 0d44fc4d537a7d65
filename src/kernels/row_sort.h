// Orders rows by packed integer codes: stable radix sort, least significant digit first.
#ifndef LAKEGATE_KERNELS_ROW_SORT_H_
#define LAKEGATE_KERNELS_ROW_SORT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/work.h"
#include "lakegate/cancel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// One code a row; smaller comes first. All codes are below 2^bits.
struct CodeColumn {
  std::vector<std::uint64_t> codes;
  int bits = 0;
};

// Codes of plain values: their distance from the least (or, descending, from the greatest).
CodeColumn CodesOf(std::vector<std::uint64_t> values, bool descending = false);

// The rows 0 .. n-1 ordered by the columns, the first being the most significant; equal rows
// stay in their order. Columns are consumed. kCancelled.
Result<std::vector<Row>> SortRows(std::vector<CodeColumn> columns, std::size_t rows,
                                  const CancelToken& cancel);

// position[order[i]] = i.
std::vector<Row> Inverse(std::span<const Row> order);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ROW_SORT_H_
