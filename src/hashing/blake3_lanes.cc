#include "hashing/blake3_lanes.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace lakegate::hashing::blake3 {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

constexpr std::size_t kRounds = 7;
constexpr std::array<std::size_t, 16> kPermutation = {2, 6,  3,  10, 7, 0,  4,  13,
                                                      1, 11, 12, 5,  9, 14, 15, 8};

// Which message word stands where in each round: the permutation applied round by round.
constexpr std::array<std::array<std::size_t, 16>, kRounds> MakeSchedule() {
  std::array<std::array<std::size_t, 16>, kRounds> schedule{};
  for (std::size_t i = 0; i < 16; ++i) schedule[0][i] = i;
  for (std::size_t round = 1; round < kRounds; ++round) {
    for (std::size_t i = 0; i < 16; ++i) {
      schedule[round][i] = schedule[round - 1][kPermutation[i]];
    }
  }
  return schedule;
}
constexpr auto kSchedule = MakeSchedule();

// A word of every lane side by side. `Word<1>` is a plain integer.
template <std::size_t kLanes>
struct WordOf {
  using Type [[gnu::vector_size(kLanes * 4)]] = std::uint32_t;
};
template <>
struct WordOf<1> {
  using Type = std::uint32_t;
};
template <std::size_t kLanes>
using Word = typename WordOf<kLanes>::Type;

#define LG_INLINE [[gnu::always_inline]] inline

template <int kBits, typename W>
LG_INLINE void RotateRight(W& word) {
  word = (word >> kBits) | (word << (32 - kBits));
}

template <typename W>
LG_INLINE void Mix(W& a, W& b, W& c, W& d, const W& x, const W& y) {
  a = a + b + x;
  d ^= a;
  RotateRight<16>(d);
  c = c + d;
  b ^= c;
  RotateRight<12>(b);
  a = a + b + y;
  d ^= a;
  RotateRight<8>(d);
  c = c + d;
  b ^= c;
  RotateRight<7>(b);
}

template <std::size_t kRound, typename W>
LG_INLINE void Round(W* v, const W* m) {
  constexpr const auto& s = kSchedule[kRound];
  Mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
  Mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
  Mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
  Mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
  Mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
  Mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
  Mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
  Mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
}

template <typename W, std::size_t... kRoundNumbers>
LG_INLINE void AllRounds(W* v, const W* m, std::index_sequence<kRoundNumbers...>) {
  (Round<kRoundNumbers>(v, m), ...);
}

// One block of every lane: `value` is replaced by the next chaining value.
template <typename W>
LG_INLINE void Compress(W* value, const W* message, const W& counter_low, const W& counter_high,
                        const W& block_size, std::uint32_t flags) {
  const W zero = {};
  W v[16] = {value[0],
             value[1],
             value[2],
             value[3],
             value[4],
             value[5],
             value[6],
             value[7],
             zero + kInitialValue[0],
             zero + kInitialValue[1],
             zero + kInitialValue[2],
             zero + kInitialValue[3],
             counter_low,
             counter_high,
             block_size,
             zero + flags};
  AllRounds(v, message, std::make_index_sequence<kRounds>());
  for (std::size_t i = 0; i < 8; ++i) value[i] = v[i] ^ v[i + 8];
}

// Sixteen words of every lane, word by word: out[i] holds word i of all lanes.
template <std::size_t kLanes>
LG_INLINE void LoadMessage(const std::uint8_t* const* blocks, Word<kLanes>* out) {
  std::uint32_t words[16][kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    std::uint32_t row[16];
    std::memcpy(row, blocks[lane], kBlockSize);
    for (std::size_t i = 0; i < 16; ++i) words[i][lane] = row[i];
  }
  std::memcpy(out, words, sizeof(words));
}

// Eight lanes are transposed in registers: pairs of words, then of pairs, then of halves.
template <>
LG_INLINE void LoadMessage<8>(const std::uint8_t* const* blocks, Word<8>* out) {
  using W = Word<8>;
  for (std::size_t half = 0; half < 2; ++half) {
    W row[8];
    for (std::size_t lane = 0; lane < 8; ++lane) {
      std::memcpy(&row[lane], blocks[lane] + half * sizeof(W), sizeof(W));
    }
    W pair[8];
    for (std::size_t i = 0; i < 8; i += 2) {
      pair[i] = __builtin_shufflevector(row[i], row[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
      pair[i + 1] = __builtin_shufflevector(row[i], row[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    W four[8];
    for (std::size_t i = 0; i < 8; i += 4) {
      for (std::size_t k = 0; k < 2; ++k) {
        const W& low = pair[i + k];
        const W& high = pair[i + k + 2];
        four[i + 2 * k] = __builtin_shufflevector(low, high, 0, 1, 8, 9, 4, 5, 12, 13);
        four[i + 2 * k + 1] = __builtin_shufflevector(low, high, 2, 3, 10, 11, 6, 7, 14, 15);
      }
    }
    W* const to = out + half * 8;
    for (std::size_t i = 0; i < 4; ++i) {
      to[i] = __builtin_shufflevector(four[i], four[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
      to[i + 4] = __builtin_shufflevector(four[i], four[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
  }
}

// Where block `block` of every message begins.
template <std::size_t kLanes>
LG_INLINE void BlocksAt(const std::uint8_t* const* messages, std::size_t block,
                        const std::uint8_t** out) {
  for (std::size_t lane = 0; lane < kLanes; ++lane) out[lane] = messages[lane] + block * kBlockSize;
}

template <std::size_t kLanes>
LG_INLINE void HashLanes(const std::uint8_t* chunks, std::uint64_t first_counter,
                         std::array<std::uint32_t, 8>* out) {
  using W = Word<kLanes>;
  W counter_low;
  W counter_high;
  const std::uint8_t* messages[kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    counter_low[lane] = static_cast<std::uint32_t>(first_counter + lane);
    counter_high[lane] = static_cast<std::uint32_t>((first_counter + lane) >> 32);
    messages[lane] = chunks + lane * kChunkSize;
  }
  const W zero = {};
  const W block_size = zero + static_cast<std::uint32_t>(kBlockSize);
  W value[8];
  for (std::size_t i = 0; i < 8; ++i) value[i] = zero + kInitialValue[i];
  constexpr std::size_t kBlocks = kChunkSize / kBlockSize;
  for (std::size_t block = 0; block < kBlocks; ++block) {
    const std::uint8_t* blocks[kLanes];
    BlocksAt<kLanes>(messages, block, blocks);
    W message[16];
    LoadMessage<kLanes>(blocks, message);
    const std::uint32_t flags =
        (block == 0 ? kChunkStart : 0) | (block == kBlocks - 1 ? kChunkEnd : 0);
    Compress(value, message, counter_low, counter_high, block_size, flags);
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t i = 0; i < 8; ++i) out[lane][i] = value[i][lane];
  }
}

// Messages of one chunk are their own root (§2.4).
template <std::size_t kLanes>
LG_INLINE void HashMessageLanes(const std::uint8_t* const* messages, const std::uint32_t* sizes,
                                std::size_t blocks, std::uint8_t* out) {
  using W = Word<kLanes>;
  const W zero = {};
  W last_size;
  std::memcpy(&last_size, sizes, sizeof(last_size));
  last_size -= static_cast<std::uint32_t>((blocks - 1) * kBlockSize);
  W value[8];
  for (std::size_t i = 0; i < 8; ++i) value[i] = zero + kInitialValue[i];
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::uint8_t* at[kLanes];
    BlocksAt<kLanes>(messages, block, at);
    W message[16];
    LoadMessage<kLanes>(at, message);
    const bool is_last = block == blocks - 1;
    const std::uint32_t flags = (block == 0 ? kChunkStart : 0) | (is_last ? kChunkEnd | kRoot : 0);
    const W size = is_last ? last_size : zero + static_cast<std::uint32_t>(kBlockSize);
    Compress(value, message, zero, zero, size, flags);
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    std::uint32_t digest[8];
    for (std::size_t i = 0; i < 8; ++i) digest[i] = value[i][lane];
    std::memcpy(out + lane * sizeof(digest), digest, sizeof(digest));
  }
}

void HashOneMessage(const std::uint8_t* message, std::uint32_t size, std::size_t blocks,
                    std::uint8_t* out) {
  std::array<std::uint32_t, 8> value = kInitialValue;
  for (std::size_t block = 0; block < blocks; ++block) {
    const bool is_last = block == blocks - 1;
    const std::uint32_t flags = (block == 0 ? kChunkStart : 0) | (is_last ? kChunkEnd | kRoot : 0);
    const auto before = static_cast<std::uint32_t>(block * kBlockSize);
    value = CompressBlock(value, message + before, is_last ? size - before : kBlockSize, 0, flags);
  }
  std::memcpy(out, value.data(), sizeof(value));
}

void HashOne(const std::uint8_t* chunk, std::uint64_t counter, std::array<std::uint32_t, 8>* out) {
  std::array<std::uint32_t, 8> value = kInitialValue;
  constexpr std::size_t kBlocks = kChunkSize / kBlockSize;
  for (std::size_t block = 0; block < kBlocks; ++block) {
    const std::uint32_t flags =
        (block == 0 ? kChunkStart : 0) | (block == kBlocks - 1 ? kChunkEnd : 0);
    value = CompressBlock(value, chunk + block * kBlockSize, kBlockSize, counter, flags);
  }
  *out = value;
}

using LaneFunction = void (*)(const std::uint8_t*, std::uint64_t, std::array<std::uint32_t, 8>*);
using MessageFunction = void (*)(const std::uint8_t* const*, const std::uint32_t*, std::size_t,
                                 std::uint8_t*);
struct Lanes {
  std::size_t count;
  LaneFunction hash;
  MessageFunction hash_messages;
};

// The same code for each width; the compiler picks the instructions of the target.
void HashFour(const std::uint8_t* chunks, std::uint64_t counter,
              std::array<std::uint32_t, 8>* out) {
  HashLanes<4>(chunks, counter, out);
}
void HashFourMessages(const std::uint8_t* const* messages, const std::uint32_t* sizes,
                      std::size_t blocks, std::uint8_t* out) {
  HashMessageLanes<4>(messages, sizes, blocks, out);
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] void HashEight(const std::uint8_t* chunks, std::uint64_t counter,
                                       std::array<std::uint32_t, 8>* out) {
  HashLanes<8>(chunks, counter, out);
}
[[gnu::target("avx2")]] void HashEightMessages(const std::uint8_t* const* messages,
                                               const std::uint32_t* sizes, std::size_t blocks,
                                               std::uint8_t* out) {
  HashMessageLanes<8>(messages, sizes, blocks, out);
}
[[gnu::target("avx512f,avx512vl")]] void HashSixteen(const std::uint8_t* chunks,
                                                     std::uint64_t counter,
                                                     std::array<std::uint32_t, 8>* out) {
  HashLanes<16>(chunks, counter, out);
}
[[gnu::target("avx512f,avx512vl")]] void HashSixteenMessages(const std::uint8_t* const* messages,
                                                             const std::uint32_t* sizes,
                                                             std::size_t blocks,
                                                             std::uint8_t* out) {
  HashMessageLanes<16>(messages, sizes, blocks, out);
}
#endif

const Lanes& WidestLanes() {
  static const Lanes lanes = [] {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
      return Lanes{16, HashSixteen, HashSixteenMessages};
    }
    if (__builtin_cpu_supports("avx2")) return Lanes{8, HashEight, HashEightMessages};
#endif
    return Lanes{4, HashFour, HashFourMessages};
  }();
  return lanes;
}

}  // namespace

std::array<std::uint32_t, 8> CompressBlock(const std::array<std::uint32_t, 8>& value,
                                           const std::uint8_t* block, std::uint32_t block_size,
                                           std::uint64_t counter, std::uint32_t flags) {
  std::array<std::uint32_t, 8> result = value;
  std::uint32_t message[16];
  std::memcpy(message, block, sizeof(message));
  Compress(result.data(), message, static_cast<std::uint32_t>(counter),
           static_cast<std::uint32_t>(counter >> 32), block_size, flags);
  return result;
}

void HashChunks(const std::uint8_t* chunks, std::size_t count, std::uint64_t first_counter,
                std::array<std::uint32_t, 8>* out) {
  const Lanes& lanes = WidestLanes();
  std::size_t done = 0;
  while (count - done >= lanes.count) {
    lanes.hash(chunks + done * kChunkSize, first_counter + done, out + done);
    done += lanes.count;
  }
  while (lanes.count > 4 && count - done >= 4) {
    HashFour(chunks + done * kChunkSize, first_counter + done, out + done);
    done += 4;
  }
  for (; done < count; ++done) {
    HashOne(chunks + done * kChunkSize, first_counter + done, out + done);
  }
}

void HashMessages(const std::uint8_t* const* messages, const std::uint32_t* sizes,
                  std::size_t count, std::size_t blocks, std::uint8_t* out) {
  constexpr std::size_t kDigestSize = 32;
  const Lanes& lanes = WidestLanes();
  std::size_t done = 0;
  for (; count - done >= lanes.count; done += lanes.count) {
    lanes.hash_messages(messages + done, sizes + done, blocks, out + done * kDigestSize);
  }
  for (; count - done >= 4; done += 4) {
    HashFourMessages(messages + done, sizes + done, blocks, out + done * kDigestSize);
  }
  for (; done < count; ++done) {
    HashOneMessage(messages[done], sizes[done], blocks, out + done * kDigestSize);
  }
}

}  // namespace lakegate::hashing::blake3
