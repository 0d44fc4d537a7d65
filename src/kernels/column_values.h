// One column of a collected table as views, batch after batch, and loops over its rows.
#ifndef LAKEGATE_KERNELS_COLUMN_VALUES_H_
#define LAKEGATE_KERNELS_COLUMN_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "columnar/collected.h"
#include "columnar/view.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// The column's batches in order. Views borrow from the table.
Result<std::vector<columnar::ColumnView>> ViewsOf(const columnar::Collected& table,
                                                  std::int64_t column);

// Rows [from, from + count) of a flat column of integers, temporal values, decimal32 or
// decimal64, not through a dictionary; signed values are extended to 64 bits. Null rows give
// anything.
void ReadIntegers(const columnar::ColumnView& view, std::int64_t from, std::size_t count,
                  std::uint64_t* words);

// Clears valid[i] where row from + i is null; any column, dictionaries included.
void ClearNulls(const columnar::ColumnView& view, std::int64_t from, std::size_t count,
                bool* valid);

// A double whose bits order as the shared vocabulary says: NaN greatest, -0 equal to +0.
std::uint64_t OrderedBits(double value);

// The same identity for grouping: one pattern for every NaN, one for both zeros.
std::uint64_t CanonicalBits(double value);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_COLUMN_VALUES_H_
