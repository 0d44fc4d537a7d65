// Readers of order_fields.h: a value of every flat layout as a word that orders like it.
#ifndef LAKEGATE_KERNELS_ORDER_WORDS_H_
#define LAKEGATE_KERNELS_ORDER_WORDS_H_

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "columnar/bits.h"
#include "kernels/order_fields.h"

namespace lakegate::kernels {

template <std::integral T>
struct IntegerWord {
  static std::uint64_t At(const FieldPiece& piece, std::int64_t slot) {
    const T value = static_cast<const T*>(piece.values)[slot];
    if constexpr (std::signed_integral<T>) {
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) ^
             (std::uint64_t{1} << 63);
    } else {
      return value;
    }
  }
};

// IEEE numbers of any width: NaN greatest, one zero.
template <std::unsigned_integral Bits, Bits kInfinity, Bits kNan>
struct FloatWord {
  static std::uint64_t At(const FieldPiece& piece, std::int64_t slot) {
    constexpr Bits kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
    Bits bits = static_cast<const Bits*>(piece.values)[slot];
    const auto magnitude = static_cast<Bits>(bits & static_cast<Bits>(~kSign));
    bits = magnitude > kInfinity ? kNan : bits;
    bits = magnitude == 0 ? Bits{0} : bits;
    return static_cast<Bits>((bits & kSign) != 0 ? static_cast<Bits>(~bits)
                                                 : static_cast<Bits>(bits | kSign));
  }
};
using HalfWord = FloatWord<std::uint16_t, 0x7c00, 0x7e00>;
using SingleWord = FloatWord<std::uint32_t, 0x7f800000, 0x7fc00000>;
using DoubleWord = FloatWord<std::uint64_t, 0x7ff0000000000000, 0x7ff8000000000000>;

struct BoolWord {
  static std::uint64_t At(const FieldPiece& piece, std::int64_t slot) {
    return columnar::GetBit(static_cast<const std::uint8_t*>(piece.values), slot) ? 1 : 0;
  }
};

// The kIndex-th most significant word of a two's complement number of kWords words.
template <std::int64_t kWords, std::int64_t kIndex>
struct DecimalWord {
  static std::uint64_t At(const FieldPiece& piece, std::int64_t slot) {
    const auto* words = static_cast<const std::uint64_t*>(piece.values);
    const std::uint64_t word = words[slot * kWords + (kWords - 1 - kIndex)];
    return kIndex == 0 ? word ^ (std::uint64_t{1} << 63) : word;
  }
};

// The first eight bytes as a number, zeros behind the end.
inline std::uint64_t PrefixOf(const char* bytes, std::size_t size) {
  if (size >= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return __builtin_bswap64(word);
  }
  if (size >= 4) {
    std::uint32_t head;
    std::uint32_t tail;
    std::memcpy(&head, bytes, sizeof head);
    std::memcpy(&tail, bytes + size - 4, sizeof tail);
    // The tail begins inside the head; what they share is shifted out.
    const auto behind =
        static_cast<std::uint32_t>(std::uint64_t{__builtin_bswap32(tail)} << (8 * (8 - size)));
    return (std::uint64_t{__builtin_bswap32(head)} << 32) | behind;
  }
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < size; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (56 - 8 * i);
  }
  return word;
}
inline std::uint64_t PrefixOf(std::string_view text) { return PrefixOf(text.data(), text.size()); }

// Where the bytes of a value lie.
template <typename Offset>
struct OffsetBytes {
  static std::string_view At(const FieldPiece& piece, std::int64_t slot) {
    const Offset* offsets = static_cast<const Offset*>(piece.values) + slot;
    const auto size = static_cast<std::size_t>(offsets[1] - offsets[0]);
    if (size == 0) return {};
    return {static_cast<const char*>(piece.bytes) + offsets[0], size};
  }
};
struct ViewBytes {
  static std::string_view At(const FieldPiece& piece, std::int64_t slot) {
    const char* view = static_cast<const char*>(piece.values) + slot * columnar::kViewBytes;
    const columnar::ViewHeader header = columnar::ReadView(view);
    const auto size = static_cast<std::size_t>(header.length);
    if (header.length <= columnar::kInlineViewBytes) return {view + sizeof(std::int32_t), size};
    return {static_cast<const char*>(piece.array->buffers[2 + header.buffer]) + header.offset,
            size};
  }
};
struct FixedBytes {
  static std::string_view At(const FieldPiece& piece, std::int64_t slot) {
    if (piece.width == 0) return {};
    return {static_cast<const char*>(piece.values) + slot * piece.width,
            static_cast<std::size_t>(piece.width)};
  }
};

template <typename Bytes>
struct PrefixWord {
  static std::uint64_t At(const FieldPiece& piece, std::int64_t slot) {
    return PrefixOf(Bytes::At(piece, slot));
  }
};
template <typename Bytes>
struct LengthWord {
  static std::uint64_t At(const FieldPiece& piece, std::int64_t slot) {
    return Bytes::At(piece, slot).size();
  }
};
// Tells nulls from values; between values nothing.
struct NothingWord {
  static std::uint64_t At(const FieldPiece&, std::int64_t) { return 0; }
};
// The number of the dictionary value that an index names, nulls already placed.
template <std::integral Index>
struct DictionaryWord {
  static std::uint64_t At(const FieldPiece& piece, std::int64_t slot) {
    const auto index =
        static_cast<std::make_unsigned_t<Index>>(static_cast<const Index*>(piece.values)[slot]);
    return static_cast<const std::uint32_t*>(piece.bytes)[index];
  }
};

template <typename Word>
void Measure(const FieldPiece& piece, std::size_t from, std::size_t count, FieldRange* range) {
  std::uint64_t low = range->low;
  std::uint64_t high = range->high;
  const std::int64_t slot = piece.slot + static_cast<std::int64_t>(from);
  const std::int64_t bit = piece.validity_slot + static_cast<std::int64_t>(from);
  const auto rows = static_cast<std::int64_t>(count);
  const auto widen = [&](std::int64_t i) {
    const std::uint64_t word = Word::At(piece, slot + i);
    low = std::min(low, word);
    high = std::max(high, word);
  };
  if (piece.validity == nullptr) {
    for (std::int64_t i = 0; i < rows; ++i) widen(i);
  } else {
    for (std::int64_t i = 0; i < rows; ++i) {
      if (columnar::GetBit(piece.validity, bit + i)) {
        widen(i);
      } else {
        range->has_nulls = true;
      }
    }
  }
  range->low = low;
  range->high = high;
}

template <typename Word, bool kDescending>
void AppendWords(const FieldPiece& piece, std::size_t from, std::size_t count,
                 const FieldCoding& coding, std::uint64_t* codes) {
  const FieldCoding c = coding;
  const std::int64_t slot = piece.slot + static_cast<std::int64_t>(from);
  const std::int64_t bit = piece.validity_slot + static_cast<std::int64_t>(from);
  // A field of 64 bits stands alone in its word; a shift by 64 is not defined.
  const int shift = c.bits & 63;
  const std::uint64_t keep = c.bits < 64 ? ~std::uint64_t{0} : 0;
  const auto code_of = [&](std::int64_t i) {
    const std::uint64_t word = Word::At(piece, slot + i);
    return (kDescending ? c.origin - word : word - c.origin) + c.add;
  };
  const auto rows = static_cast<std::int64_t>(count);
  if (piece.validity == nullptr) {
    for (std::int64_t i = 0; i < rows; ++i) codes[i] = ((codes[i] & keep) << shift) | code_of(i);
    return;
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    const bool valid = columnar::GetBit(piece.validity, bit + i);
    codes[i] = ((codes[i] & keep) << shift) | (valid ? code_of(i) : c.null_code);
  }
}

template <typename Word>
void Append(const FieldPiece& piece, std::size_t from, std::size_t count, const FieldCoding& coding,
            std::uint64_t* codes) {
  if (coding.descending) {
    AppendWords<Word, true>(piece, from, count, coding, codes);
  } else {
    AppendWords<Word, false>(piece, from, count, coding, codes);
  }
}

template <typename Word>
constexpr WordReader ReaderOf() {
  return WordReader{Measure<Word>, Append<Word>};
}

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ORDER_WORDS_H_
