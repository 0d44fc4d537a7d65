// Stable ids: XXH3 over canonical encodings. Fast, for keys and names; an adversary can find
// collisions, so anything that must resist one takes a `Digest` instead.
//
// The same values give the same id in the C++ API, SQL functions and job steps, on every
// machine, for ever. Threads: pure functions.
#ifndef LAKEGATE_HASHING_STABLE_ID_H_
#define LAKEGATE_HASHING_STABLE_ID_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lakegate::hashing {

struct Id128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  // 32 lower-case hexadecimal digits, high half first.
  std::string ToHex() const;
  auto operator<=>(const Id128&) const = default;
};

// Over bytes that are canonical already (CanonicalEncoder::bytes).
std::uint64_t StableHash64(std::span<const std::uint8_t> canonical);
Id128 StableHash128(std::span<const std::uint8_t> canonical);

// Over the canonical encoding of one text value: what SQL's stable_hash64('x') gives.
std::uint64_t StableHash64OfText(std::string_view text);

// prefix + "_" + 32 hexadecimal digits over the list of `parts`; parts that join to the same
// text but split differently give different ids.
std::string StableId(std::string_view prefix, std::span<const std::string_view> parts);

}  // namespace lakegate::hashing

#endif  // LAKEGATE_HASHING_STABLE_ID_H_
