// canonical_sort: rows in an order that does not depend on how they arrived.
//
// The tier says how much of the order is promised:
//   canonical  by `keys`, then by `provenance`, then by input ordinal
//   stable     by `keys`; rows with equal keys stay in input order
//   as_is      nothing moves: batches pass through
// The order is that of kernel.h: nulls first or last as each key says, NaN greatest, -0 equal
// to +0, text by its bytes.
//
// Method: keys are packed into integers (ranges are found first, so that narrow data needs
// few bits) and radix sorted; text is ranked by its bytes first. Payload is gathered batch by
// batch as the caller pulls.
#ifndef LAKEGATE_CANONICAL_SORT_H_
#define LAKEGATE_CANONICAL_SORT_H_

#include <string>
#include <string_view>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/export.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate {

enum class DeterminismTier { kCanonical, kStable, kAsIs };

struct CanonicalSortOptions {
  // At least one, except for kAsIs, which takes none.
  std::vector<SortKey> keys = {};

  DeterminismTier tier = DeterminismTier::kCanonical;

  // Columns that tell where a row came from; kCanonical only. They decide between equal keys,
  // ascending with nulls last.
  std::vector<std::string> provenance = {};

  // kInvalidArgument: no keys, an empty name, a column named twice, an option set that the
  // tier does not read.
  LAKEGATE_EXPORT Status Validate() const;
};

// "canonical", "stable", "as_is". An unknown word is kInvalidArgument; the message lists the
// allowed ones.
LAKEGATE_EXPORT std::string_view DeterminismTierText(DeterminismTier tier);
LAKEGATE_EXPORT Result<DeterminismTier> DeterminismTierFromText(std::string_view text);

// Output: every input row once, with the input's schema. Its ordering claim is `explicit` by
// the keys (and the provenance columns); kAsIs keeps the input's claim.
//
// Memory: rows beyond context.memory_limit_bytes are sorted in runs, which context.spill keeps,
// and merged as the output is read. With and without it the rows are the same.
//
// Errors: kInvalidArgument (an option), kNotFound (a column; the message lists the columns
// there are), kUnsupported (a nested key), kCorruptData (a malformed batch), kResourceLimit
// (no spill, or a batch larger than the limit), kCancelled, and whatever the input stream and
// the spill fail with.
LAKEGATE_EXPORT Result<ArrowStream> CanonicalSort(ArrowStream input,
                                                  const CanonicalSortOptions& options,
                                                  const KernelContext& context);

}  // namespace lakegate

#endif  // LAKEGATE_CANONICAL_SORT_H_
