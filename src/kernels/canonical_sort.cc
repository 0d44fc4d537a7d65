#include "lakegate/canonical_sort.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/try.h"
#include "columnar/collected.h"
#include "columnar/schema.h"
#include "columnar/scratch.h"
#include "kernels/ordering.h"
#include "kernels/packed_order.h"
#include "kernels/row_stream.h"
#include "kernels/words.h"

namespace lakegate {
namespace kernels {
namespace {

constexpr std::string_view kName = "canonical_sort";

// Working arrays beside the collected input, in bytes a row: codes of a key, and the sort's
// scratch space.
constexpr std::int64_t kBytesOfRow = 40;
constexpr std::int64_t kBytesOfKey = 8;

constexpr Word<DeterminismTier> kTiers[] = {{DeterminismTier::kCanonical, "canonical"},
                                            {DeterminismTier::kStable, "stable"},
                                            {DeterminismTier::kAsIs, "as_is"}};

Error Invalid(std::string message) {
  return Error(ErrorKind::kInvalidArgument, "canonical_sort: " + std::move(message));
}

// The sort keys with the provenance columns behind them.
std::vector<SortKey> AllKeys(const CanonicalSortOptions& options) {
  std::vector<SortKey> keys = options.keys;
  for (const std::string& column : options.provenance) keys.push_back(SortKey{.column = column});
  return keys;
}

OwnedSchema SortedSchema(const ArrowSchema& input, const std::vector<SortKey>& keys) {
  OwnedSchema schema = CopySchema(input);
  columnar::Metadata metadata = columnar::MetadataOf(input);
  WriteOrdering(Ordering{OrderingLevel::kExplicit, keys}, &metadata);
  columnar::SetMetadata(metadata, &schema);
  return schema;
}

Result<ArrowStream> Run(ArrowStream input, const CanonicalSortOptions& options,
                        const KernelContext& context) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_RETURN_IF_ERROR(context.Validate());
  LG_RETURN_IF_ERROR(columnar::CheckSchema(input->schema()));
  if (options.tier == DeterminismTier::kAsIs) return input;
  const std::vector<SortKey> keys = AllKeys(options);
  for (const SortKey& key : keys) {
    LG_RETURN_IF_ERROR(columnar::FindColumn(input->schema(), key.column, "keys"));
  }
  columnar::MemoryBudget budget(context.memory_limit_bytes);
  LG_ASSIGN_OR_RETURN(columnar::Collected table,
                      columnar::Collect(std::move(input), &budget, context.cancel, "input"));
  LG_RETURN_IF_ERROR(CheckRowCount(table.rows, "input"));
  const auto key_bytes = kBytesOfKey * static_cast<std::int64_t>(keys.size());
  LG_RETURN_IF_ERROR(budget.Take((kBytesOfRow + key_bytes) * table.rows, kName));
  std::vector<Row> order;
  {
    LG_ASSIGN_OR_RETURN(const PackedOrder packed, PackOrder(table, keys, "keys", context));
    LG_ASSIGN_OR_RETURN(const columnar::Scratch<Row> sorted, SortPacked(packed, context));
    order.assign(sorted.begin(), sorted.end());
  }
  OwnedSchema schema = SortedSchema(*table.schema, keys);
  return RowStream(std::move(schema), std::move(table), std::move(order), context, kName);
}

}  // namespace
}  // namespace kernels

std::string_view DeterminismTierText(DeterminismTier tier) {
  return kernels::TextOf<DeterminismTier>(kernels::kTiers, tier);
}

Result<DeterminismTier> DeterminismTierFromText(std::string_view text) {
  return kernels::FromText<DeterminismTier>(kernels::kTiers, text, "determinism tier");
}

Status CanonicalSortOptions::Validate() const {
  if (tier == DeterminismTier::kAsIs) {
    if (keys.empty() && provenance.empty()) return {};
    return kernels::Invalid("The tier 'as_is' moves no row and reads no keys; leave them out.");
  }
  if (keys.empty()) return kernels::Invalid("At least one key is needed.");
  if (tier == DeterminismTier::kStable && !provenance.empty()) {
    return kernels::Invalid(
        "The option provenance is not read in the tier 'stable'; leave it "
        "out, or use 'canonical'.");
  }
  std::vector<std::string> names;
  for (const SortKey& key : kernels::AllKeys(*this)) {
    if (key.column.empty()) return kernels::Invalid("A key has an empty column name.");
    if (std::find(names.begin(), names.end(), key.column) != names.end()) {
      return kernels::Invalid(fmt::format("The column '{}' is named twice.", key.column));
    }
    names.push_back(key.column);
  }
  return {};
}

Result<ArrowStream> CanonicalSort(ArrowStream input, const CanonicalSortOptions& options,
                                  const KernelContext& context) {
  try {
    return kernels::Run(std::move(input), options, context);
  } catch (const std::bad_alloc&) {
    return kernels::OutOfMemory(kernels::kName);
  }
}

}  // namespace lakegate
