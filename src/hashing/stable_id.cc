#include "hashing/stable_id.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fmt/format.h>

#include "hashing/canonical.h"

namespace lakegate::hashing {

std::string Id128::ToHex() const { return fmt::format("{:016x}{:016x}", high, low); }

std::uint64_t StableHash64(std::span<const std::uint8_t> canonical) {
  return XXH3_64bits(canonical.data(), canonical.size());
}

Id128 StableHash128(std::span<const std::uint8_t> canonical) {
  const XXH128_hash_t hash = XXH3_128bits(canonical.data(), canonical.size());
  return Id128{hash.high64, hash.low64};
}

std::uint64_t StableHash64OfText(std::string_view text) {
  CanonicalEncoder encoder;
  encoder.Text(text);
  return StableHash64(encoder.bytes());
}

std::string StableId(std::string_view prefix, std::span<const std::string_view> parts) {
  CanonicalEncoder encoder;
  encoder.Begin(Tag::kList, parts.size());
  for (const std::string_view part : parts) encoder.Text(part);
  return fmt::format("{}_{}", prefix, StableHash128(encoder.bytes()).ToHex());
}

}  // namespace lakegate::hashing
