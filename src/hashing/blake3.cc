#include "hashing/blake3.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "hashing/blake3_lanes.h"

namespace lakegate::hashing {
namespace {

using blake3::kBlockSize;
using blake3::kChunkSize;
using blake3::kInitialValue;
using ChainingValue = std::array<std::uint32_t, 8>;

ChainingValue InitialValue() {
  ChainingValue value;
  std::copy(kInitialValue.begin(), kInitialValue.end(), value.begin());
  return value;
}

// What a compression needs (§2.2): its output is kept unevaluated until it is known whether
// the node is the root.
struct Node {
  ChainingValue value;
  std::array<std::uint8_t, kBlockSize> block{};
  std::uint64_t counter = 0;
  std::uint32_t block_size = 0;
  std::uint32_t flags = 0;

  ChainingValue Compress(std::uint32_t more_flags = 0) const {
    return blake3::CompressBlock(value, block.data(), block_size, counter, flags | more_flags);
  }
};

Node ParentOf(const ChainingValue& left, const ChainingValue& right) {
  Node parent;
  parent.value = InitialValue();
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(parent.block.data(), left.data(), 32);
  std::memcpy(parent.block.data() + 32, right.data(), 32);
  parent.block_size = kBlockSize;
  parent.flags = blake3::kParent;
  return parent;
}

}  // namespace

Blake3::Blake3() : chunk_value_(InitialValue()) {}

void Blake3::CompressFullBlock() {
  const std::uint32_t flags = blocks_compressed_ == 0 ? blake3::kChunkStart : 0;
  chunk_value_ =
      blake3::CompressBlock(chunk_value_, block_.data(), kBlockSize, chunk_counter_, flags);
  ++blocks_compressed_;
  block_size_ = 0;
  // The last block of a chunk is hashed with zeros behind it.
  block_.fill(0);
}

// Merges complete subtrees of equal size, as the binary digits of the chunk count say.
void Blake3::PushChunk(const ChainingValue& chunk, std::uint64_t chunks_before) {
  ChainingValue value = chunk;
  for (std::uint64_t total = chunks_before + 1; (total & 1) == 0; total >>= 1) {
    value = ParentOf(stack_[--stack_size_], value).Compress();
  }
  stack_[stack_size_++] = value;
}

void Blake3::Update(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::size_t in_chunk = blocks_compressed_ * kBlockSize + block_size_;
    if (in_chunk == kChunkSize) {
      // More follows, so this chunk is not the last one and may be closed.
      const std::uint32_t flags = blake3::kChunkEnd;
      const ChainingValue closed =
          blake3::CompressBlock(chunk_value_, block_.data(), kBlockSize, chunk_counter_, flags);
      PushChunk(closed, chunk_counter_);
      ++chunk_counter_;
      chunk_value_ = InitialValue();
      blocks_compressed_ = 0;
      block_size_ = 0;
      block_.fill(0);
      continue;
    }
    // Whole chunks with something behind them go through the lanes.
    if (in_chunk == 0 && bytes.size() > kChunkSize) {
      const std::size_t chunks = (bytes.size() - 1) / kChunkSize;
      const std::size_t step = std::min<std::size_t>(chunks, blake3::kMaxLanes);
      std::array<ChainingValue, blake3::kMaxLanes> values;
      blake3::HashChunks(bytes.data(), step, chunk_counter_, values.data());
      for (std::size_t i = 0; i < step; ++i) PushChunk(values[i], chunk_counter_++);
      bytes = bytes.subspan(step * kChunkSize);
      continue;
    }
    if (block_size_ == kBlockSize) CompressFullBlock();
    const std::size_t take = std::min<std::size_t>(kBlockSize - block_size_, bytes.size());
    std::memcpy(block_.data() + block_size_, bytes.data(), take);
    block_size_ = static_cast<std::uint8_t>(block_size_ + take);
    bytes = bytes.subspan(take);
  }
}

void Blake3::Update(std::string_view text) {
  Update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

Digest Blake3::Finish() const {
  Node node;
  node.value = chunk_value_;
  node.block = block_;
  node.counter = chunk_counter_;
  node.block_size = block_size_;
  node.flags = blake3::kChunkEnd | (blocks_compressed_ == 0 ? blake3::kChunkStart : 0);
  for (std::size_t i = stack_size_; i-- > 0;) node = ParentOf(stack_[i], node.Compress());
  const ChainingValue root = node.Compress(blake3::kRoot);
  Digest digest;
  std::memcpy(digest.bytes.data(), root.data(), digest.bytes.size());
  return digest;
}

Digest Blake3Of(std::span<const std::uint8_t> bytes) {
  Blake3 hasher;
  hasher.Update(bytes);
  return hasher.Finish();
}

Digest Blake3Of(std::string_view text) {
  Blake3 hasher;
  hasher.Update(text);
  return hasher.Finish();
}

}  // namespace lakegate::hashing
