// BLAKE3-256, fed in pieces of any size.
//
// Source of the algorithm: "BLAKE3: one function, fast everywhere" (O'Connor, Aumasson,
// Neves, Wilcox-O'Hearn, 2020), sections 2.1-2.6; hash mode only, 32 bytes of output.
// Whole chunks are compressed several at a time in vector lanes (method: §5.3).
// Threads: one hasher, one thread at a time; hashers are independent. Memory: about 2 KiB.
#ifndef LAKEGATE_HASHING_BLAKE3_H_
#define LAKEGATE_HASHING_BLAKE3_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "hashing/digest.h"

namespace lakegate::hashing {

class Blake3 {
 public:
  Blake3();

  void Update(std::span<const std::uint8_t> bytes);
  void Update(std::string_view text);

  // The digest of everything so far; may be called again, also after more updates.
  Digest Finish() const;

  void Reset() { *this = Blake3(); }

 private:
  using ChainingValue = std::array<std::uint32_t, 8>;

  void CompressFullBlock();
  void PushChunk(const ChainingValue& chunk, std::uint64_t chunks_before);

  // The chunk under way: its chaining value and the bytes of its last, unfinished block.
  ChainingValue chunk_value_;
  std::array<std::uint8_t, 64> block_{};
  std::uint8_t block_size_ = 0;
  std::uint8_t blocks_compressed_ = 0;
  std::uint64_t chunk_counter_ = 0;

  // Roots of complete subtrees, largest first; 54 levels hold 2^64 bytes.
  std::array<ChainingValue, 54> stack_;
  std::uint8_t stack_size_ = 0;
};

Digest Blake3Of(std::span<const std::uint8_t> bytes);
Digest Blake3Of(std::string_view text);

}  // namespace lakegate::hashing

#endif  // LAKEGATE_HASHING_BLAKE3_H_
