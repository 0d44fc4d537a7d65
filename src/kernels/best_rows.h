// The winning row of each group of equal keys: the least by an order, the first among equals.
//
// Method: keys that pack into a small number are a slot themselves, others are numbered by
// hashing; the order is packed into one word a row. One pass over blocks of rows computes
// slots and words and keeps the least in each slot; nothing else is written. Threads share the
// slots: the least of a set does not depend on who comes first.
#ifndef LAKEGATE_KERNELS_BEST_ROWS_H_
#define LAKEGATE_KERNELS_BEST_ROWS_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "columnar/scratch.h"
#include "kernels/work.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// Memory it works in, in bytes a row, the table apart.
inline constexpr std::int64_t kBestRowsBytesOfRow = 64;

// The winners in input order. `keys` are column positions, null keys are equal; no keys: one
// group. `deciding` orders within a group; `role` names the option it comes from. kNotFound,
// kUnsupported, kCancelled.
Result<std::vector<Row>> BestRows(const columnar::Collected& table,
                                  std::span<const std::int64_t> keys,
                                  std::span<const SortKey> deciding, std::string_view role,
                                  const KernelContext& context);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_BEST_ROWS_H_
