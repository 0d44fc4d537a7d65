// The strong digest of this project: 32 bytes of BLAKE3, written as 64 hexadecimal digits.
#ifndef LAKEGATE_HASHING_DIGEST_H_
#define LAKEGATE_HASHING_DIGEST_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "lakegate/result.h"

namespace lakegate::hashing {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  // 64 lower-case hexadecimal digits.
  std::string ToHex() const;

  auto operator<=>(const Digest&) const = default;
};

// Accepts what `ToHex` writes, in either case; kInvalidArgument otherwise.
Result<Digest> ParseDigest(std::string_view hex);

}  // namespace lakegate::hashing

#endif  // LAKEGATE_HASHING_DIGEST_H_
