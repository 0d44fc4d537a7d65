#include "base/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "base/text.h"

namespace lakegate::base {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array<Unit, 9> kByteUnits = {{{"TiB", std::int64_t{1} << 40},
                                             {"GiB", std::int64_t{1} << 30},
                                             {"MiB", std::int64_t{1} << 20},
                                             {"KiB", std::int64_t{1} << 10},
                                             {"TB", 1'000'000'000'000},
                                             {"GB", 1'000'000'000},
                                             {"MB", 1'000'000},
                                             {"KB", 1'000},
                                             {"B", 1}}};

constexpr std::array<Unit, 5> kDurationUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1'000}, {"ms", 1}}};

struct Quantity {
  std::string_view number;
  std::string_view unit;
};

std::optional<Quantity> Split(std::string_view text) {
  text = TrimAscii(text);
  const std::size_t end = std::min(text.find_first_not_of("0123456789._"), text.size());
  if (end == 0) return std::nullopt;
  return Quantity{text.substr(0, end), TrimAscii(text.substr(end))};
}

const Unit* FindUnit(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (ToLowerAscii(unit.name) == ToLowerAscii(name)) return &unit;
  }
  return nullptr;
}

// `number` times `factor`, exactly where it is whole; nothing when it is malformed or too
// large for 63 bits.
std::optional<std::int64_t> Multiply(std::string_view number, std::int64_t factor) {
  std::string digits;
  for (const char c : number) {
    if (c != '_') digits.push_back(c);
  }
  const char* const end = digits.data() + digits.size();
  std::int64_t whole = 0;
  if (const auto parsed = std::from_chars(digits.data(), end, whole);
      parsed.ec == std::errc() && parsed.ptr == end) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(whole, factor, &product)) return std::nullopt;
    return product;
  }
  double fraction = 0;
  const auto parsed = std::from_chars(digits.data(), end, fraction);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  const double product = std::round(fraction * static_cast<double>(factor));
  if (!(product < 9.2e18)) return std::nullopt;
  return static_cast<std::int64_t>(product);
}

std::string FormatExact(std::int64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return fmt::format("{} {}", value / unit.factor, unit.name);
    }
  }
  return fmt::format("{} {}", value, units.back().name);
}

// The number at the front of `text`, exactly `width` digits, taken off it.
std::optional<int> TakeDigits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool Take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// Fraction of a second in milliseconds, digits beyond the third cut off.
std::optional<int> TakeFractionMs(std::string_view& text) {
  if (!Take(text, ".")) return 0;
  int value = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 3) value = value * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 3; ++digits) value *= 10;
  return value;
}

std::optional<int> TakeOffsetMinutes(std::string_view& text) {
  if (Take(text, "Zz")) return 0;
  if (text.empty()) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!Take(text, "+-")) return std::nullopt;
  const auto hours = TakeDigits(text, 2);
  if (!hours || !Take(text, ":")) return std::nullopt;
  const auto minutes = TakeDigits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

std::optional<std::int64_t> TakeTime(std::string_view text) {
  using namespace std::chrono;
  const auto year_digits = TakeDigits(text, 4);
  if (!year_digits || !Take(text, "-")) return std::nullopt;
  const auto month_digits = TakeDigits(text, 2);
  if (!month_digits || !Take(text, "-")) return std::nullopt;
  const auto day_digits = TakeDigits(text, 2);
  if (!day_digits || !Take(text, "Tt ")) return std::nullopt;
  const auto hour_digits = TakeDigits(text, 2);
  if (!hour_digits || !Take(text, ":")) return std::nullopt;
  const auto minute_digits = TakeDigits(text, 2);
  if (!minute_digits || !Take(text, ":")) return std::nullopt;
  const auto second_digits = TakeDigits(text, 2);
  if (!second_digits || *hour_digits > 23 || *minute_digits > 59 || *second_digits > 59) {
    return std::nullopt;
  }
  const auto fraction_ms = TakeFractionMs(text);
  if (!fraction_ms) return std::nullopt;
  const auto offset_minutes = TakeOffsetMinutes(text);
  if (!offset_minutes || !text.empty()) return std::nullopt;
  const year_month_day date{year(*year_digits), month(static_cast<unsigned>(*month_digits)),
                            day(static_cast<unsigned>(*day_digits))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t minutes =
      (sys_days(date).time_since_epoch().count() * std::int64_t{24} + *hour_digits) * 60 +
      *minute_digits - *offset_minutes;
  return (minutes * 60 + *second_digits) * 1000 + *fraction_ms;
}

}  // namespace

Result<std::int64_t> ParseByteSize(std::string_view text) {
  const Error refusal(
      ErrorKind::kInvalidArgument,
      fmt::format("This is no size in bytes: '{}'. Write a number and B, KiB, MiB, GiB, TiB, "
                  "KB, MB, GB or TB, for example \"512 MiB\".",
                  text));
  const auto quantity = Split(text);
  if (!quantity) return refusal;
  const Unit* const unit =
      quantity->unit.empty() ? &kByteUnits.back() : FindUnit(kByteUnits, quantity->unit);
  if (unit == nullptr) return refusal;
  const auto bytes = Multiply(quantity->number, unit->factor);
  if (!bytes) return refusal;
  return *bytes;
}

std::string FormatByteSize(std::int64_t bytes) {
  constexpr std::array<Unit, 5> kExact = {kByteUnits[0], kByteUnits[1], kByteUnits[2],
                                          kByteUnits[3], kByteUnits[8]};
  return FormatExact(bytes, kExact);
}

std::string FormatByteSizeRounded(std::int64_t bytes) {
  for (std::size_t i = 0; i < 4; ++i) {
    if (bytes >= kByteUnits[i].factor) {
      return fmt::format("{:.1f} {}",
                         static_cast<double>(bytes) / static_cast<double>(kByteUnits[i].factor),
                         kByteUnits[i].name);
    }
  }
  return fmt::format("{} B", bytes);
}

Result<std::int64_t> ParseDurationMs(std::string_view text) {
  const Error refusal(ErrorKind::kInvalidArgument,
                      fmt::format("This is no duration: '{}'. Write a number and ms, s, min, h "
                                  "or d, for example \"30 s\".",
                                  text));
  const auto quantity = Split(text);
  if (!quantity) return refusal;
  if (quantity->unit.empty() && quantity->number == "0") return std::int64_t{0};
  const Unit* const unit = FindUnit(kDurationUnits, quantity->unit);
  if (unit == nullptr) return refusal;
  const auto duration_ms = Multiply(quantity->number, unit->factor);
  if (!duration_ms) return refusal;
  return *duration_ms;
}

std::string FormatDurationMs(std::int64_t duration_ms) {
  return FormatExact(duration_ms, kDurationUnits);
}

std::string FormatUtc(std::int64_t wall_time_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> moment{milliseconds(wall_time_ms)};
  const auto midnight = floor<days>(moment);
  const year_month_day date(midnight);
  const hh_mm_ss time(moment - midnight);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

Result<std::int64_t> ParseUtc(std::string_view text) {
  const auto wall_time_ms = TakeTime(text);
  if (!wall_time_ms) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("This is no RFC 3339 time: '{}'. Write it as "
                             "\"2026-01-31T12:00:00Z\".",
                             text));
  }
  return *wall_time_ms;
}

}  // namespace lakegate::base
