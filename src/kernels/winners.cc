#include "kernels/winners.h"

#include <utility>
#include <vector>

#include "base/try.h"
#include "kernels/best_rows.h"
#include "kernels/key_groups.h"
#include "kernels/row_stream.h"

namespace lakegate::kernels {

Result<columnar::Collected> CollectForWinners(ArrowStream input, const KernelContext& context,
                                              std::string_view kernel) {
  columnar::MemoryBudget budget(context.memory_limit_bytes);
  LG_ASSIGN_OR_RETURN(columnar::Collected table,
                      columnar::Collect(std::move(input), &budget, context.cancel, "input"));
  LG_RETURN_IF_ERROR(CheckRowCount(table.rows, "input"));
  LG_RETURN_IF_ERROR(budget.Take(kBestRowsBytesOfRow * table.rows, kernel));
  return table;
}

Result<ArrowStream> WinnerStream(columnar::Collected table, std::span<const std::string> keys,
                                 std::span<const SortKey> deciding, const KernelContext& context,
                                 std::string_view kernel) {
  LG_ASSIGN_OR_RETURN(const auto columns, FindColumns(*table.schema, keys, "keys"));
  LG_ASSIGN_OR_RETURN(std::vector<Row> winners,
                      BestRows(table, columns, deciding, "order", context));
  OwnedSchema schema = SchemaInOrder(*table.schema);
  return RowStream(std::move(schema), std::move(table), std::move(winners), context, kernel);
}

}  // namespace lakegate::kernels
