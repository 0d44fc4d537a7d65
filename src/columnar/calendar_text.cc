#include "columnar/calendar_text.h"

#include <fmt/format.h>

#include <iterator>

namespace lakegate::columnar {
namespace {

constexpr std::int64_t kSecondsOfDay = 86'400;
constexpr std::int64_t kNanosecondsOfSecond = 1'000'000'000;
// -9999-01-01 and 9999-12-31 in days since 1970.
constexpr std::int64_t kFirstDay = -4'371'587;
constexpr std::int64_t kLastDay = 2'932'896;

std::int64_t UnitsOfSecond(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSecond:
      return 1;
    case TimeUnit::kMillisecond:
      return 1'000;
    case TimeUnit::kMicrosecond:
      return 1'000'000;
    case TimeUnit::kNanosecond:
      return kNanosecondsOfSecond;
  }
  return 1;
}

std::int64_t FloorDivide(std::int64_t value, std::int64_t divisor) {
  const std::int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

struct Split {
  std::int64_t seconds;
  std::int64_t nanoseconds;  // 0 to 999,999,999
};

Split SplitSeconds(std::int64_t value, TimeUnit unit) {
  const std::int64_t units = UnitsOfSecond(unit);
  const std::int64_t seconds = FloorDivide(value, units);
  // Not `value - seconds * units`: that product may leave the range at INT64_MIN.
  const std::int64_t rest = value % units;
  return {seconds, (rest < 0 ? rest + units : rest) * (kNanosecondsOfSecond / units)};
}

void AppendFraction(std::int64_t nanoseconds, std::string* out) {
  if (nanoseconds == 0) return;
  auto at = std::back_inserter(*out);
  if (nanoseconds % 1'000'000 == 0) {
    fmt::format_to(at, ".{:03}", nanoseconds / 1'000'000);
  } else if (nanoseconds % 1'000 == 0) {
    fmt::format_to(at, ".{:06}", nanoseconds / 1'000);
  } else {
    fmt::format_to(at, ".{:09}", nanoseconds);
  }
}

void AppendClock(std::int64_t seconds_of_day, std::int64_t nanoseconds, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "{:02}:{:02}:{:02}", seconds_of_day / 3'600,
                 seconds_of_day / 60 % 60, seconds_of_day % 60);
  AppendFraction(nanoseconds, out);
}

// Hours, minutes and seconds of a duration part, each only where there is one; `sign` is
// "" or "-".
void AppendClockParts(std::uint64_t seconds, std::int64_t nanoseconds, std::string_view sign,
                      std::string* out) {
  if (seconds == 0 && nanoseconds == 0) return;
  auto at = std::back_inserter(*out);
  out->push_back('T');
  if (seconds >= 3'600) fmt::format_to(at, "{}{}H", sign, seconds / 3'600);
  if (seconds / 60 % 60 != 0) fmt::format_to(at, "{}{}M", sign, seconds / 60 % 60);
  if (seconds % 60 != 0 || nanoseconds != 0) {
    fmt::format_to(at, "{}{}", sign, seconds % 60);
    AppendFraction(nanoseconds, out);
    out->push_back('S');
  }
}

std::optional<std::int64_t> TwoDigits(std::string_view text) {
  if (text.size() != 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
    return std::nullopt;
  }
  return (text[0] - '0') * 10 + (text[1] - '0');
}

}  // namespace

void AppendDate(std::int64_t days, std::string* out) {
  if (days < kFirstDay || days > kLastDay) {
    fmt::format_to(std::back_inserter(*out), "{}", days);
    return;
  }
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = FloorDivide(shifted, 146'097);
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0) out->push_back('-');
  fmt::format_to(std::back_inserter(*out), "{:04}-{:02}-{:02}", year < 0 ? -year : year, month,
                 day);
}

void AppendTimeOfDay(std::int64_t value, TimeUnit unit, std::string* out) {
  const Split split = SplitSeconds(value, unit);
  if (split.seconds < 0 || split.seconds >= kSecondsOfDay) {
    fmt::format_to(std::back_inserter(*out), "{}", value);
    return;
  }
  AppendClock(split.seconds, split.nanoseconds, out);
}

void AppendTimestamp(std::int64_t value, TimeUnit unit, std::int64_t offset_seconds,
                     std::string_view suffix, std::string* out) {
  const Split split = SplitSeconds(value, unit);
  const std::int64_t day = FloorDivide(split.seconds, kSecondsOfDay);
  if (day <= kFirstDay || day >= kLastDay) {
    fmt::format_to(std::back_inserter(*out), "{}", value);
    return;
  }
  const std::int64_t local = split.seconds + offset_seconds;
  const std::int64_t local_day = FloorDivide(local, kSecondsOfDay);
  AppendDate(local_day, out);
  out->push_back('T');
  AppendClock(local - local_day * kSecondsOfDay, split.nanoseconds, out);
  out->append(suffix);
}

void AppendDuration(std::int64_t value, TimeUnit unit, std::string* out) {
  const std::uint64_t units = static_cast<std::uint64_t>(UnitsOfSecond(unit));
  // The magnitude of INT64_MIN does not fit a signed integer.
  const std::uint64_t magnitude = value < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(value)
                                            : static_cast<std::uint64_t>(value);
  const std::uint64_t seconds = magnitude / units;
  const auto nanoseconds = static_cast<std::int64_t>(
      magnitude % units * (static_cast<std::uint64_t>(kNanosecondsOfSecond) / units));
  if (magnitude == 0) {
    out->append("PT0S");
    return;
  }
  out->append(value < 0 ? "-P" : "P");
  if (seconds >= static_cast<std::uint64_t>(kSecondsOfDay)) {
    fmt::format_to(std::back_inserter(*out), "{}D", seconds / kSecondsOfDay);
  }
  AppendClockParts(seconds % kSecondsOfDay, nanoseconds, "", out);
}

void AppendInterval(std::int64_t months, std::int64_t days, std::int64_t nanoseconds,
                    std::string* out) {
  if (months == 0 && days == 0 && nanoseconds == 0) {
    out->append("PT0S");
    return;
  }
  auto at = std::back_inserter(*out);
  out->push_back('P');
  if (months / 12 != 0) fmt::format_to(at, "{}Y", months / 12);
  if (months % 12 != 0) fmt::format_to(at, "{}M", months % 12);
  if (days != 0) fmt::format_to(at, "{}D", days);
  const std::uint64_t magnitude = nanoseconds < 0
                                      ? std::uint64_t{0} - static_cast<std::uint64_t>(nanoseconds)
                                      : static_cast<std::uint64_t>(nanoseconds);
  AppendClockParts(magnitude / kNanosecondsOfSecond,
                   static_cast<std::int64_t>(magnitude % kNanosecondsOfSecond),
                   nanoseconds < 0 ? "-" : "", out);
}

std::optional<std::int64_t> FixedOffsetSeconds(std::string_view zone) {
  if (zone == "Z" || zone == "UTC") return 0;
  if (zone.size() < 3 || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
  const std::optional<std::int64_t> hours = TwoDigits(zone.substr(1, 2));
  std::string_view rest = zone.substr(3);
  if (rest.starts_with(':')) rest.remove_prefix(1);
  const std::optional<std::int64_t> minutes = zone.size() == 3 ? 0 : TwoDigits(rest);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t seconds = *hours * 3'600 + *minutes * 60;
  return zone[0] == '-' ? -seconds : seconds;
}

}  // namespace lakegate::columnar
