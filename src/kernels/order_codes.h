// Sort keys over a collected table as one integer code a row: packed_order.h in a column.
#ifndef LAKEGATE_KERNELS_ORDER_CODES_H_
#define LAKEGATE_KERNELS_ORDER_CODES_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "columnar/collected.h"
#include "kernels/packed_order.h"
#include "kernels/row_sort.h"
#include "lakegate/kernel.h"

namespace lakegate::kernels {

// Codes that order like the rows do, ties included; orders of several words are ranked.
// kCancelled.
Result<CodeColumn> CodesOf(const PackedOrder& order, const KernelContext& context);

// Codes of one key. kNotFound (the columns there are), kUnsupported (a nested column or a
// calendar interval), kCancelled. `role` is the option that named the column.
Result<CodeColumn> OrderCodes(const columnar::Collected& table, const SortKey& key,
                              std::string_view role, const KernelContext& context);

// Codes of all keys as one column; no keys: all rows are equal (0 bits).
Result<CodeColumn> OrderCodes(const columnar::Collected& table, std::span<const SortKey> keys,
                              std::string_view role, const KernelContext& context);

// The same on one thread.
Result<CodeColumn> OrderCodes(const columnar::Collected& table, const SortKey& key,
                              std::string_view role, const CancelToken& cancel);
Result<CodeColumn> OrderCodes(const columnar::Collected& table, std::span<const SortKey> keys,
                              std::string_view role, const CancelToken& cancel);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ORDER_CODES_H_
