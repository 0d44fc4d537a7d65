#include "hashing/canonical.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace lakegate::hashing {

static_assert(std::endian::native == std::endian::little, "content is written as it lies");

double CanonicalFloat(double value) {
  if (std::isnan(value)) return std::numeric_limits<double>::quiet_NaN();
  return value == 0.0 ? 0.0 : value;
}

// Tag and content in one step: this runs for every value of every row written.
void CanonicalEncoder::PutTagged64(Tag tag, std::uint64_t value, std::string_view content) {
  std::uint8_t* const out = Grow(1 + sizeof(value) + content.size()).data();
  out[0] = static_cast<std::uint8_t>(tag);
  std::memcpy(out + 1, &value, sizeof(value));
  if (!content.empty()) std::memcpy(out + 1 + sizeof(value), content.data(), content.size());
}

void CanonicalEncoder::Put(Tag tag) { bytes_.push_back(static_cast<std::uint8_t>(tag)); }

void CanonicalEncoder::Put64(std::uint64_t value) {
  std::memcpy(Grow(sizeof(value)).data(), &value, sizeof(value));
}

void CanonicalEncoder::Null() { Put(Tag::kNull); }

void CanonicalEncoder::Bool(bool value) {
  Put(Tag::kBool);
  bytes_.push_back(value ? 1 : 0);
}

void CanonicalEncoder::Int(std::int64_t value) {
  PutTagged64(Tag::kInt, static_cast<std::uint64_t>(value));
}

void CanonicalEncoder::Unsigned(std::uint64_t value) {
  const bool fits = value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  PutTagged64(fits ? Tag::kInt : Tag::kUnsigned, value);
}

void CanonicalEncoder::Float(double value) {
  PutTagged64(Tag::kFloat, std::bit_cast<std::uint64_t>(CanonicalFloat(value)));
}

void CanonicalEncoder::Text(std::string_view value) {
  PutTagged64(Tag::kText, value.size(), value);
}

void CanonicalEncoder::Binary(std::string_view value) {
  PutTagged64(Tag::kBinary, value.size(), value);
}

void CanonicalEncoder::Decimal(std::int32_t scale, std::string_view unscaled) {
  Put(Tag::kDecimal);
  const auto scale_bits = static_cast<std::uint32_t>(scale);
  for (int shift = 0; shift < 32; shift += 8) {
    bytes_.push_back(static_cast<std::uint8_t>(scale_bits >> shift));
  }
  constexpr std::size_t kWidth = 32;
  const bool negative = !unscaled.empty() && static_cast<std::int8_t>(unscaled.back()) < 0;
  bytes_.insert(bytes_.end(), unscaled.begin(), unscaled.end());
  bytes_.insert(bytes_.end(), kWidth - unscaled.size(), negative ? 0xff : 0x00);
}

void CanonicalEncoder::Date(std::int64_t days) {
  PutTagged64(Tag::kDate, static_cast<std::uint64_t>(days));
}

void CanonicalEncoder::Temporal(Tag tag, std::uint8_t unit, std::int64_t value) {
  Put(tag);
  bytes_.push_back(unit);
  Put64(static_cast<std::uint64_t>(value));
}

void CanonicalEncoder::Interval(Tag tag, std::span<const std::int64_t> parts) {
  Put(tag);
  for (const std::int64_t part : parts) Put64(static_cast<std::uint64_t>(part));
}

void CanonicalEncoder::Begin(Tag container, std::uint64_t count) { PutTagged64(container, count); }

std::span<std::uint8_t> CanonicalEncoder::Grow(std::size_t size) {
  const std::size_t before = bytes_.size();
  bytes_.resize(before + size);
  return std::span(bytes_).subspan(before);
}

std::string_view CanonicalEncoder::text() const {
  return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
}

}  // namespace lakegate::hashing
