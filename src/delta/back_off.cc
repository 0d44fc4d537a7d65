#include "delta/back_off.h"

#include <algorithm>

namespace lakegate::delta {

namespace {

constexpr std::int64_t kLongestWaitMs = 1000;

}  // namespace

std::int64_t BackOffMs(std::int64_t first_ms, std::int64_t retries, base::RandomSource& random) {
  const std::int64_t shift = std::min<std::int64_t>(retries, 20);
  const std::int64_t whole = std::min(kLongestWaitMs, first_ms << shift);
  std::uint8_t bytes[2] = {};
  random.Fill(bytes);
  const std::int64_t fraction = (bytes[0] << 8) | bytes[1];
  return whole / 2 + whole * fraction / (2 * 65'536);
}

}  // namespace lakegate::delta
