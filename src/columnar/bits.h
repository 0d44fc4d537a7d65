// Bit maps and the 16-byte string views, as Arrow lays them out.
#ifndef LAKEGATE_COLUMNAR_BITS_H_
#define LAKEGATE_COLUMNAR_BITS_H_

#include <bit>
#include <cstdint>
#include <cstring>

namespace lakegate::columnar {

inline bool GetBit(const std::uint8_t* bits, std::int64_t at) {
  return ((bits[at >> 3] >> (at & 7)) & 1) != 0;
}

inline void SetBit(std::uint8_t* bits, std::int64_t at) {
  bits[at >> 3] = static_cast<std::uint8_t>(bits[at >> 3] | (1u << (at & 7)));
}

inline void ClearBit(std::uint8_t* bits, std::int64_t at) {
  bits[at >> 3] = static_cast<std::uint8_t>(bits[at >> 3] & ~(1u << (at & 7)));
}

// Set bits among [first, first + count).
inline std::int64_t CountSetBits(const std::uint8_t* bits, std::int64_t first, std::int64_t count) {
  std::int64_t set = 0;
  std::int64_t at = first;
  const std::int64_t end = first + count;
  for (; at < end && at % 8 != 0; ++at) set += GetBit(bits, at) ? 1 : 0;
  for (; end - at >= 64; at += 64) {
    std::uint64_t word;
    std::memcpy(&word, bits + at / 8, sizeof word);
    set += std::popcount(word);
  }
  for (; at < end; ++at) set += GetBit(bits, at) ? 1 : 0;
  return set;
}

inline std::int64_t BytesOfBits(std::int64_t bits) { return (bits + 7) / 8; }

// A view is: int32 length; then up to 12 bytes inline, or 4 bytes of prefix, int32 buffer,
// int32 offset.
inline constexpr std::int64_t kViewBytes = 16;
inline constexpr std::int32_t kInlineViewBytes = 12;

struct ViewHeader {
  std::int32_t length;
  std::int32_t prefix;
  std::int32_t buffer;
  std::int32_t offset;
};
static_assert(sizeof(ViewHeader) == kViewBytes);

inline ViewHeader ReadView(const void* view) {
  ViewHeader header;
  std::memcpy(&header, view, sizeof header);
  return header;
}

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_BITS_H_
