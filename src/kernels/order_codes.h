// Sort keys over a collected table as integer codes: what every order in a kernel is made of.
//
// A key of at most 64 bits becomes its distance from the least value (ranges are found first,
// so that narrow data packs); longer values are ranked by their normalised bytes. Nulls take
// the code in front of or behind all values. Several keys fold into one code a row.
#ifndef LAKEGATE_KERNELS_ORDER_CODES_H_
#define LAKEGATE_KERNELS_ORDER_CODES_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "columnar/collected.h"
#include "kernels/row_sort.h"
#include "lakegate/kernel.h"

namespace lakegate::kernels {

// Codes of one key. kNotFound (the columns there are), kUnsupported (a nested column or a
// calendar interval), kCancelled. `role` is the option that named the column.
Result<CodeColumn> OrderCodes(const columnar::Collected& table, const SortKey& key,
                              std::string_view role, const CancelToken& cancel);

// Codes of all keys as one column; no keys: all rows are equal (0 bits).
Result<CodeColumn> OrderCodes(const columnar::Collected& table, std::span<const SortKey> keys,
                              std::string_view role, const CancelToken& cancel);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ORDER_CODES_H_
