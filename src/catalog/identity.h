// What makes a registered dataset the same dataset: where it lies, in which format, at which
// version, under which contract. Plain values; pure functions; any thread.
#ifndef LAKEGATE_CATALOG_IDENTITY_H_
#define LAKEGATE_CATALOG_IDENTITY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "hashing/digest.h"
#include "lakegate/dataset.h"

namespace lakegate::catalog {

struct DatasetIdentity {
  std::string location;
  // Absent while it has not been inferred.
  std::optional<DataFormat> format;
  // The pin of the spec, at most one of the two; neither means the head.
  std::optional<std::int64_t> version;
  std::optional<std::int64_t> timestamp_ms;
  hashing::Digest spec_hash;
  bool operator==(const DatasetIdentity&) const = default;
};

// Over every field of the spec by the canonical encoding: two specs that differ in anything
// but the order of their options differ here. Storage options count by name and value; the
// digest does not give them away.
hashing::Digest SpecHash(const DatasetSpec& spec);

DatasetIdentity IdentityOf(const DatasetSpec& spec);

}  // namespace lakegate::catalog

#endif  // LAKEGATE_CATALOG_IDENTITY_H_
