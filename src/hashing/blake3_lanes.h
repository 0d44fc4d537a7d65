// The compression function of BLAKE3, alone and over several chunks at once.
//
// Private to the hashing room: `Blake3` builds the tree over these. Constants and round
// structure: the BLAKE3 paper, §2.1 (tables 1-3) and §2.2.
#ifndef LAKEGATE_HASHING_BLAKE3_LANES_H_
#define LAKEGATE_HASHING_BLAKE3_LANES_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace lakegate::hashing::blake3 {

inline constexpr std::size_t kBlockSize = 64;
inline constexpr std::size_t kChunkSize = 1024;
inline constexpr std::size_t kMaxLanes = 16;

inline constexpr std::uint32_t kChunkStart = 1;
inline constexpr std::uint32_t kChunkEnd = 2;
inline constexpr std::uint32_t kParent = 4;
inline constexpr std::uint32_t kRoot = 8;

inline constexpr std::array<std::uint32_t, 8> kInitialValue = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// The first half of the compression's output: a chaining value, or 32 bytes of a root.
std::array<std::uint32_t, 8> CompressBlock(const std::array<std::uint32_t, 8>& value,
                                           const std::uint8_t* block, std::uint32_t block_size,
                                           std::uint64_t counter, std::uint32_t flags);

// Chaining values of `count` (at most kMaxLanes) whole chunks that lie one behind the other;
// none of them is the root. As many lanes at once as the processor has.
void HashChunks(const std::uint8_t* chunks, std::size_t count, std::uint64_t first_counter,
                std::array<std::uint32_t, 8>* out);

// Digests of `count` short messages side by side: message i is `sizes[i]` bytes at messages[i],
// at most kChunkSize, all of them of `blocks` blocks (an empty message is of one) and followed
// by zeros up to a whole block. `out` takes 32 bytes a message, one behind the other.
void HashMessages(const std::uint8_t* const* messages, const std::uint32_t* sizes,
                  std::size_t count, std::size_t blocks, std::uint8_t* out);

}  // namespace lakegate::hashing::blake3

#endif  // LAKEGATE_HASHING_BLAKE3_LANES_H_
