#include "hashing/row_ids.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "hashing/blake3.h"
#include "hashing/blake3_lanes.h"

namespace lakegate::hashing {
namespace {

using blake3::kBlockSize;
using blake3::kChunkSize;

constexpr std::size_t kMostBlocks = kChunkSize / kBlockSize;

std::size_t BlocksOf(std::size_t size) { return (size + kBlockSize - 1) / kBlockSize; }

// The rows of a block that have one number of BLAKE3 blocks, ready for the lanes.
struct Alike {
  std::array<std::uint16_t, kRowsOfBlock> row;
  std::array<const std::uint8_t*, kRowsOfBlock> message;
  std::array<std::uint32_t, kRowsOfBlock> size;
  std::array<std::uint8_t, kRowsOfBlock * kRowDigestBytes> digest;
  std::size_t count = 0;
};

// Hashes the rows of `blocks` blocks; gives how many there were.
std::size_t HashAlike(const RowBlock& block, std::size_t blocks, Alike& alike, std::uint8_t* out) {
  alike.count = 0;
  for (std::size_t i = 0; i < block.rows(); ++i) {
    if (BlocksOf(block.size(i)) != blocks) continue;
    alike.row[alike.count] = static_cast<std::uint16_t>(i);
    alike.message[alike.count] = block.data(i);
    alike.size[alike.count] = static_cast<std::uint32_t>(block.size(i));
    ++alike.count;
  }
  const bool in_place = alike.count == block.rows();
  std::uint8_t* const digests = in_place ? out : alike.digest.data();
  blake3::HashMessages(alike.message.data(), alike.size.data(), alike.count, blocks, digests);
  if (in_place) return alike.count;
  for (std::size_t i = 0; i < alike.count; ++i) {
    std::memcpy(out + alike.row[i] * kRowDigestBytes, digests + i * kRowDigestBytes,
                kRowDigestBytes);
  }
  return alike.count;
}

void DigestBlock(const RowBlock& block, Alike& alike, std::uint8_t* out) {
  std::array<bool, kMostBlocks + 1> wanted{};
  for (std::size_t i = 0; i < block.rows(); ++i) {
    const std::size_t blocks = BlocksOf(block.size(i));
    if (blocks <= kMostBlocks) {
      wanted[blocks] = true;
      continue;
    }
    const Digest digest = Blake3Of(std::span(block.data(i), block.size(i)));
    std::memcpy(out + i * kRowDigestBytes, digest.bytes.data(), kRowDigestBytes);
  }
  for (std::size_t blocks = 1; blocks <= kMostBlocks; ++blocks) {
    if (wanted[blocks] && HashAlike(block, blocks, alike, out) == block.rows()) return;
  }
}

// Calls `hash` with block after block of the rows and the place of its ids.
template <typename Hash>
void ForEachBlock(const RowEncoder& rows, std::int64_t first, std::int64_t count, std::size_t width,
                  std::uint8_t* out, Hash hash) {
  RowBlock block;
  for (std::int64_t done = 0; done < count;) {
    const auto step = static_cast<std::size_t>(
        std::min<std::int64_t>(count - done, static_cast<std::int64_t>(kRowsOfBlock)));
    rows.Encode(first + done, step, block);
    hash(block, out + static_cast<std::size_t>(done) * width);
    done += static_cast<std::int64_t>(step);
  }
}

}  // namespace

void RowIds128(const RowEncoder& rows, std::int64_t first, std::int64_t count, std::uint8_t* out) {
  ForEachBlock(rows, first, count, kRowId128Bytes, out,
               [](const RowBlock& block, std::uint8_t* ids) {
                 for (std::size_t i = 0; i < block.rows(); ++i) {
                   XXH128_canonical_t id;
                   XXH128_canonicalFromHash(&id, XXH3_128bits(block.data(i), block.size(i)));
                   std::memcpy(ids + i * kRowId128Bytes, id.digest, kRowId128Bytes);
                 }
               });
}

void RowDigests(const RowEncoder& rows, std::int64_t first, std::int64_t count, std::uint8_t* out) {
  Alike alike;
  ForEachBlock(
      rows, first, count, kRowDigestBytes, out,
      [&](const RowBlock& block, std::uint8_t* digests) { DigestBlock(block, alike, digests); });
}

}  // namespace lakegate::hashing
