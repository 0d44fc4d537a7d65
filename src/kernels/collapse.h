// dedupe's collapse_list: one row a group, other columns as lists.
#ifndef LAKEGATE_KERNELS_COLLAPSE_H_
#define LAKEGATE_KERNELS_COLLAPSE_H_

#include <cstdint>
#include <vector>

#include "columnar/collected.h"
#include "kernels/row_sort.h"
#include "lakegate/kernel.h"

namespace lakegate::kernels {

// `groups` are dense ids in order of first appearance, `order` decides within a group (then
// the ordinal). `keys` are the positions of the key columns.
Result<ArrowStream> CollapseGroups(columnar::Collected table, const std::vector<std::int64_t>& keys,
                                   const std::vector<Row>& groups, std::size_t group_count,
                                   CodeColumn order, const KernelContext& context);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_COLLAPSE_H_
