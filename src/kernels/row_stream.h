// Collected rows given out again, in an order that a kernel decided.
#ifndef LAKEGATE_KERNELS_ROW_STREAM_H_
#define LAKEGATE_KERNELS_ROW_STREAM_H_

#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "kernels/work.h"
#include "lakegate/arrow.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// `rows` of the table, batch_rows at a time, columns gathered in parallel. `schema` has the
// table's columns (its metadata may differ).
Result<ArrowStream> RowStream(OwnedSchema schema, columnar::Collected table, std::vector<Row> rows,
                              const KernelContext& context, std::string_view kernel);

// The input's schema as a kernel that keeps row order gives it out: with the input's ordering
// claim, or `implicit` without one.
OwnedSchema SchemaInOrder(const ArrowSchema& input);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ROW_STREAM_H_
