#include "columnar/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace lakegate::columnar {
namespace {

template <typename Float>
void AppendFloat(Float value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
    return;
  }
  const std::size_t start = out->size();
  fmt::format_to(std::back_inserter(*out), "{}", value);
  // "1" would read back as an integer; "inf" and "1e+20" would not.
  if (out->find_first_of(".einf", start) == std::string::npos) out->append(".0");
}

using Words = std::array<std::uint32_t, 8>;  // least significant first

// Divides in place by 10^9 and gives the remainder.
std::uint32_t DivideByBillion(Words* words) {
  std::uint64_t remainder = 0;
  for (std::size_t i = words->size(); i-- > 0;) {
    const std::uint64_t part = (remainder << 32) | (*words)[i];
    (*words)[i] = static_cast<std::uint32_t>(part / 1'000'000'000);
    remainder = part % 1'000'000'000;
  }
  return static_cast<std::uint32_t>(remainder);
}

std::string DigitsOf(Words words) {
  std::string digits;  // least significant first
  while (std::any_of(words.begin(), words.end(), [](std::uint32_t word) { return word != 0; })) {
    std::uint32_t billion = DivideByBillion(&words);
    for (int i = 0; i < 9; ++i, billion /= 10) {
      digits.push_back(static_cast<char>('0' + billion % 10));
    }
  }
  while (digits.ends_with('0')) digits.pop_back();
  return digits.empty() ? "0" : std::string(digits.rbegin(), digits.rend());
}

}  // namespace

void AppendFloat32(float value, std::string* out) { AppendFloat(value, out); }
void AppendFloat64(double value, std::string* out) { AppendFloat(value, out); }

void AppendDecimal(std::string_view little_endian, std::int32_t scale, std::string* out) {
  const bool negative =
      !little_endian.empty() && (static_cast<unsigned char>(little_endian.back()) & 0x80u) != 0;
  Words words{};
  // The magnitude of a negative number: all bits turned, plus one.
  std::uint32_t carry = negative ? 1 : 0;
  for (std::size_t i = 0; i < little_endian.size() && i < 32; ++i) {
    std::uint32_t byte = static_cast<unsigned char>(little_endian[i]);
    if (negative) {
      byte = (~byte & 0xffu) + carry;
      carry = byte >> 8;
      byte &= 0xffu;
    }
    words[i / 4] |= byte << (8 * (i % 4));
  }
  std::string digits = DigitsOf(words);
  if (negative) out->push_back('-');
  if (scale < 0) {
    if (digits != "0") digits.append(static_cast<std::size_t>(-scale), '0');
    out->append(digits);
    return;
  }
  const auto fraction = static_cast<std::size_t>(scale);
  if (fraction == 0) {
    out->append(digits);
    return;
  }
  if (digits.size() <= fraction) digits.insert(0, fraction + 1 - digits.size(), '0');
  out->append(digits, 0, digits.size() - fraction);
  out->push_back('.');
  out->append(digits, digits.size() - fraction);
}

}  // namespace lakegate::columnar
