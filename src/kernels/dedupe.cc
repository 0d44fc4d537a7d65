#include "lakegate/dedupe.h"

#include <new>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "kernels/collapse.h"
#include "kernels/key_groups.h"
#include "kernels/order_codes.h"
#include "kernels/winners.h"

namespace lakegate {
namespace kernels {
namespace {

// What decides within a group, most significant first; the ordinal follows.
std::vector<SortKey> DecidingKeys(const DedupeOptions& options) {
  std::vector<SortKey> keys;
  if (options.strategy == DedupeStrategy::kKeepBest) {
    keys.push_back(SortKey{options.score, options.score_direction, NullPlacement::kLast});
  }
  keys.insert(keys.end(), options.order.begin(), options.order.end());
  return keys;
}

// What can be refused before a row is read.
Status CheckColumns(const ArrowSchema& schema, const DedupeOptions& options) {
  LG_RETURN_IF_ERROR(columnar::CheckSchema(schema));
  LG_RETURN_IF_ERROR(FindColumns(schema, options.keys, "keys"));
  for (const SortKey& key : DecidingKeys(options)) {
    LG_RETURN_IF_ERROR(
        columnar::FindColumn(schema, key.column, key.column == options.score ? "score" : "order"));
  }
  return {};
}

Result<ArrowStream> Run(ArrowStream input, const DedupeOptions& options,
                        const KernelContext& context) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_RETURN_IF_ERROR(context.Validate());
  LG_RETURN_IF_ERROR(CheckColumns(input->schema(), options));
  LG_ASSIGN_OR_RETURN(columnar::Collected table,
                      CollectForWinners(std::move(input), context, "dedupe"));
  const std::vector<SortKey> deciding = DecidingKeys(options);
  if (options.strategy != DedupeStrategy::kCollapseList) {
    return WinnerStream(std::move(table), options.keys, deciding, context, "dedupe");
  }
  LG_ASSIGN_OR_RETURN(const auto keys, FindColumns(*table.schema, options.keys, "keys"));
  KeyGrouper grouper(NullKeys::kEqual);
  LG_ASSIGN_OR_RETURN(const std::vector<Row> groups, grouper.Assign(table, keys, context.cancel));
  LG_ASSIGN_OR_RETURN(CodeColumn order, OrderCodes(table, deciding, "order", context.cancel));
  return CollapseGroups(std::move(table), keys, groups, grouper.groups(), std::move(order),
                        context);
}

}  // namespace
}  // namespace kernels

Result<ArrowStream> Dedupe(ArrowStream input, const DedupeOptions& options,
                           const KernelContext& context) {
  try {
    return kernels::Run(std::move(input), options, context);
  } catch (const std::bad_alloc&) {
    return kernels::OutOfMemory("dedupe");
  }
}

}  // namespace lakegate
