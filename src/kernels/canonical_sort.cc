#include "lakegate/canonical_sort.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "base/try.h"
#include "columnar/collected.h"
#include "columnar/schema.h"
#include "kernels/external_sort.h"
#include "kernels/ordering.h"
#include "kernels/words.h"
#include "kernels/work.h"

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
  OwnedSchema schema = SortedSchema(input->schema(), keys);
  const std::int64_t row_bytes = kBytesOfRow + kBytesOfKey * static_cast<std::int64_t>(keys.size());
  LG_ASSIGN_OR_RETURN(auto rows, columnar::Collector::Make(input->schema(), "input"));
  ExternalSort external(CopySchema(*schema), keys, row_bytes, kName, context);
  std::int64_t largest = 0;  // of the batches, working arrays included
  while (true) {
    if (context.cancel.cancelled()) return Cancelled(kName);
    LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, input->Next());
    if (!batch) break;
    const std::int64_t length = (*batch)->length;
    LG_ASSIGN_OR_RETURN(const std::int64_t bytes, rows.Add(*std::move(batch)));
    largest = std::max(largest, bytes + row_bytes * length);
    const std::int64_t used = rows.so_far().bytes + row_bytes * rows.so_far().rows;
    LG_RETURN_IF_ERROR(columnar::MemoryBudget(context.memory_limit_bytes).Take(used, kName));
    // The next batch is taken to be no larger than those before it.
    const bool full = context.memory_limit_bytes > 0 && used + largest > context.memory_limit_bytes;
    if (full && context.spill != nullptr) LG_RETURN_IF_ERROR(external.AddRun(rows.Take()));
  }
  if (external.empty()) {
    return SortedInMemory(std::move(schema), rows.Take(), keys, kName, context);
  }
  if (rows.so_far().rows > 0) LG_RETURN_IF_ERROR(external.AddRun(rows.Take()));
  return std::move(external).Merge();
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
