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
                        std::uint32_t block_size, std::uint32_t flags) {
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
             zero + block_size,
             zero + flags};
  AllRounds(v, message, std::make_index_sequence<kRounds>());
  for (std::size_t i = 0; i < 8; ++i) value[i] = v[i] ^ v[i + 8];
}

template <std::size_t kLanes>
LG_INLINE void HashLanes(const std::uint8_t* chunks, std::uint64_t first_counter,
                         std::array<std::uint32_t, 8>* out) {
  using W = Word<kLanes>;
  W counter_low;
  W counter_high;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    counter_low[lane] = static_cast<std::uint32_t>(first_counter + lane);
    counter_high[lane] = static_cast<std::uint32_t>((first_counter + lane) >> 32);
  }
  const W zero = {};
  W value[8];
  for (std::size_t i = 0; i < 8; ++i) value[i] = zero + kInitialValue[i];
  constexpr std::size_t kBlocks = kChunkSize / kBlockSize;
  for (std::size_t block = 0; block < kBlocks; ++block) {
    std::uint32_t words[16][kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      std::uint32_t row[16];
      std::memcpy(row, chunks + lane * kChunkSize + block * kBlockSize, kBlockSize);
      for (std::size_t i = 0; i < 16; ++i) words[i][lane] = row[i];
    }
    W message[16];
    std::memcpy(message, words, sizeof(words));
    const std::uint32_t flags =
        (block == 0 ? kChunkStart : 0) | (block == kBlocks - 1 ? kChunkEnd : 0);
    Compress(value, message, counter_low, counter_high, kBlockSize, flags);
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t i = 0; i < 8; ++i) out[lane][i] = value[i][lane];
  }
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
struct Lanes {
  std::size_t count;
  LaneFunction hash;
};

// The same code for each width; the compiler picks the instructions of the target.
void HashFour(const std::uint8_t* chunks, std::uint64_t counter,
              std::array<std::uint32_t, 8>* out) {
  HashLanes<4>(chunks, counter, out);
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] void HashEight(const std::uint8_t* chunks, std::uint64_t counter,
                                       std::array<std::uint32_t, 8>* out) {
  HashLanes<8>(chunks, counter, out);
}
[[gnu::target("avx512f,avx512vl")]] void HashSixteen(const std::uint8_t* chunks,
                                                     std::uint64_t counter,
                                                     std::array<std::uint32_t, 8>* out) {
  HashLanes<16>(chunks, counter, out);
}
#endif

Lanes WidestLanes() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
    return {16, HashSixteen};
  }
  if (__builtin_cpu_supports("avx2")) return {8, HashEight};
#endif
  return {4, HashFour};
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
  static const Lanes lanes = WidestLanes();
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

}  // namespace lakegate::hashing::blake3
