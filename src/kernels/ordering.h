// Reads and writes the ordering claim in a schema's metadata (lakegate/kernel.h has the form).
#ifndef LAKEGATE_KERNELS_ORDERING_H_
#define LAKEGATE_KERNELS_ORDERING_H_

#include <span>
#include <string>

#include "columnar/schema.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// No claim reads as kUnordered. kInvalidArgument when the claim does not parse.
Result<Ordering> ReadOrdering(const columnar::Metadata& metadata);

// Replaces the claim; `ordering_keys` is only there with kExplicit.
void WriteOrdering(const Ordering& ordering, columnar::Metadata* metadata);

// What a kernel that keeps row order writes: the input's claim, or `implicit` without one.
// An unreadable claim counts as none: it is a claim, not data.
Ordering KeptOrdering(const columnar::Metadata& metadata);

// What is left of that claim when only the named columns keep their values: its leading keys
// among them, or `implicit`.
Ordering KeptOrdering(const columnar::Metadata& metadata, std::span<const std::string> columns);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ORDERING_H_
