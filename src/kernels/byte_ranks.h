// Dense ranks of byte values too long to be compared as one word.
//
// Few distinct values: each row is looked up in a table and only they are sorted. Otherwise
// rows are sorted by the first eight bytes behind what all values begin with, and rows that
// agree there by the rest.
#ifndef LAKEGATE_KERNELS_BYTE_RANKS_H_
#define LAKEGATE_KERNELS_BYTE_RANKS_H_

#include <string_view>
#include <vector>

#include "kernels/order_fields.h"
#include "kernels/packed_order.h"

namespace lakegate::kernels {

using BytesAt = std::string_view (*)(const FieldPiece& piece, std::int64_t slot);

// Ranks of all rows; those of nulls mean nothing. At least one row is not null. kCancelled.
Result<Ranks> RankBytes(const std::vector<FieldPiece>& pieces, BytesAt at,
                        const KernelContext& context);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_BYTE_RANKS_H_
