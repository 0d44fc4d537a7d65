// What dedupe and winner_select share: one row of each group, given out in input order.
#ifndef LAKEGATE_KERNELS_WINNERS_H_
#define LAKEGATE_KERNELS_WINNERS_H_

#include <span>
#include <string>
#include <string_view>

#include "columnar/collected.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// The whole input, counted against the context's memory limit with the arrays that finding
// winners works in.
Result<columnar::Collected> CollectForWinners(ArrowStream input, const KernelContext& context,
                                              std::string_view kernel);

// The rows that win in their group: the least by `deciding`, the first among equals. kNotFound,
// kUnsupported, kCancelled.
Result<ArrowStream> WinnerStream(columnar::Collected table, std::span<const std::string> keys,
                                 std::span<const SortKey> deciding, const KernelContext& context,
                                 std::string_view kernel);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_WINNERS_H_
