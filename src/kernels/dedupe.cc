#include "lakegate/dedupe.h"

#include <algorithm>
#include <new>
#include <numeric>
#include <utility>

#include "base/try.h"
#include "columnar/collected.h"
#include "columnar/gather.h"
#include "columnar/schema.h"
#include "kernels/best_rows.h"
#include "kernels/collapse.h"
#include "kernels/kernel_stream.h"
#include "kernels/key_groups.h"
#include "kernels/order_codes.h"
#include "kernels/ordering.h"

namespace lakegate {
namespace kernels {
namespace {

// Working arrays beside the collected input, in bytes a row.
constexpr std::int64_t kBytesOfRow = kBestRowsBytesOfRow;

// The survivors in input order, gathered batch by batch.
class Survivors final : public KernelStream {
 public:
  Survivors(OwnedSchema schema, const KernelContext& context, std::vector<Row> rows,
            columnar::Gatherer gatherer)
      : KernelStream(std::move(schema), "dedupe"),
        cancel_(context.cancel),
        batch_rows_(static_cast<std::size_t>(context.batch_rows)),
        rows_(std::move(rows)),
        gatherer_(std::move(gatherer)) {}

 protected:
  Result<std::optional<OwnedArray>> Produce() override {
    if (cancel_.cancelled()) return Cancelled("dedupe");
    if (next_ == rows_.size()) return std::optional<OwnedArray>();
    const std::size_t count = std::min(batch_rows_, rows_.size() - next_);
    const auto first = rows_.begin() + static_cast<std::ptrdiff_t>(next_);
    const std::vector<std::int64_t> rows(first, first + static_cast<std::ptrdiff_t>(count));
    next_ += count;
    LG_ASSIGN_OR_RETURN(OwnedArray batch, gatherer_.Rows(rows));
    return std::optional<OwnedArray>(std::move(batch));
  }

 private:
  CancelToken cancel_;
  std::size_t batch_rows_;
  std::vector<Row> rows_;
  columnar::Gatherer gatherer_;
  std::size_t next_ = 0;
};

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

OwnedSchema KeptSchema(const ArrowSchema& input) {
  OwnedSchema schema = CopySchema(input);
  columnar::Metadata metadata = columnar::MetadataOf(input);
  WriteOrdering(KeptOrdering(metadata), &metadata);
  columnar::SetMetadata(metadata, &schema);
  return schema;
}

Result<ArrowStream> Run(ArrowStream input, const DedupeOptions& options,
                        const KernelContext& context) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_RETURN_IF_ERROR(context.Validate());
  LG_RETURN_IF_ERROR(CheckColumns(input->schema(), options));
  columnar::MemoryBudget budget(context.memory_limit_bytes);
  LG_ASSIGN_OR_RETURN(columnar::Collected table,
                      columnar::Collect(std::move(input), &budget, context.cancel, "input"));
  LG_RETURN_IF_ERROR(CheckRowCount(table.rows, "input"));
  LG_RETURN_IF_ERROR(budget.Take(kBytesOfRow * table.rows, "dedupe"));

  LG_ASSIGN_OR_RETURN(const auto keys, FindColumns(*table.schema, options.keys, "keys"));
  const std::vector<SortKey> deciding = DecidingKeys(options);
  if (options.strategy == DedupeStrategy::kCollapseList) {
    KeyGrouper grouper(NullKeys::kEqual);
    LG_ASSIGN_OR_RETURN(std::vector<Row> groups, grouper.Assign(table, keys, context.cancel));
    LG_ASSIGN_OR_RETURN(CodeColumn order, OrderCodes(table, deciding, "order", context));
    return CollapseGroups(std::move(table), keys, groups, grouper.groups(), std::move(order),
                          context);
  }
  LG_ASSIGN_OR_RETURN(std::vector<Row> winners, BestRows(table, keys, deciding, "order", context));
  LG_ASSIGN_OR_RETURN(columnar::Gatherer gatherer,
                      columnar::Gatherer::Make(*table.schema, table.batches, PoolOf(context)));
  return ArrowStream(std::make_unique<Survivors>(KeptSchema(*table.schema), context,
                                                 std::move(winners), std::move(gatherer)));
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
