// THE canonical encoding: values as bytes that no two different values share.
//
// Every value is a type tag (one byte), then its content. Content of fixed size stands as it
// is, little-endian; content of varying size is preceded by its length or count as eight
// bytes. Null is a tag of its own. So an encoding says where it ends: sequences of values
// need no separator, and ("ab","c") never equals ("a","bc").
//
// Values that are equal encode equally, whatever carried them: every integer that fits a
// signed 64-bit one is kInt, floats are widened to 64 bits with one NaN and no negative
// zero, text is text whether plain, large, view or dictionary. Rows, plans, profiles, ids
// and schemas all pass through here; test vectors are committed (testdata/).
//
// Threads: an encoder is used by one thread at a time.
#ifndef LAKEGATE_HASHING_CANONICAL_H_
#define LAKEGATE_HASHING_CANONICAL_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lakegate::hashing {

// Numbers are stable: they are in every digest and id ever stored.
enum class Tag : std::uint8_t {
  kNull = 0x00,
  kBool = 0x01,                  // one byte, 0 or 1
  kInt = 0x02,                   // eight bytes, two's complement
  kUnsigned = 0x03,              // eight bytes; only values above the largest signed one
  kFloat = 0x04,                 // eight bytes, IEEE 754 binary64
  kText = 0x05,                  // length, UTF-8 bytes
  kBinary = 0x06,                // length, bytes
  kDecimal = 0x07,               // scale (four bytes), unscaled value (32 bytes, two's complement)
  kDate = 0x08,                  // eight bytes: days since 1970
  kTime = 0x09,                  // unit (one byte), eight bytes
  kTimestamp = 0x0a,             // unit (one byte), eight bytes since 1970
  kDuration = 0x0b,              // unit (one byte), eight bytes
  kIntervalMonths = 0x0c,        // eight bytes
  kIntervalDayTime = 0x0d,       // days, milliseconds: eight bytes each
  kIntervalMonthDayNano = 0x0e,  // months, days, nanoseconds: eight bytes each
  kList = 0x10,                  // count, values
  kStruct = 0x11,                // count, values in field order (names belong to the schema)
  kMap = 0x12,                   // count, key and value in turn, in stored order
  kRecord = 0x13,                // count, name (kText) and value in turn, sorted by name
};

// Appends encodings to a buffer that is kept between uses.
class CanonicalEncoder {
 public:
  void Null();
  void Bool(bool value);
  void Int(std::int64_t value);
  void Unsigned(std::uint64_t value);  // kInt where it fits
  void Float(double value);
  void Text(std::string_view value);
  void Binary(std::string_view value);
  // `unscaled`: two's complement, little-endian, at most 32 bytes.
  void Decimal(std::int32_t scale, std::string_view unscaled);
  void Date(std::int64_t days);
  // kTime, kTimestamp, kDuration; units: 0 s, 1 ms, 2 µs, 3 ns.
  void Temporal(Tag tag, std::uint8_t unit, std::int64_t value);
  // One of the interval tags, with as many parts as it has.
  void Interval(Tag tag, std::span<const std::int64_t> parts);
  // Followed by `count` values (kMap, kRecord: pairs).
  void Begin(Tag container, std::uint64_t count);

  std::span<const std::uint8_t> bytes() const { return bytes_; }
  std::string_view text() const;
  std::size_t size() const { return bytes_.size(); }
  void Clear() { bytes_.clear(); }

  // Room for `size` more bytes, for loops that write encodings themselves.
  std::span<std::uint8_t> Grow(std::size_t size);

 private:
  void Put(Tag tag);
  void Put64(std::uint64_t value);
  void PutTagged64(Tag tag, std::uint64_t value, std::string_view content = {});

  std::vector<std::uint8_t> bytes_;
};

// One NaN, no negative zero.
double CanonicalFloat(double value);

}  // namespace lakegate::hashing

#endif  // LAKEGATE_HASHING_CANONICAL_H_
