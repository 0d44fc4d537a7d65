// Dates, times, timestamps, durations and calendar intervals as ISO 8601 text.
//
// Method of days to a date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
// Pure functions; any thread. Years outside -9999 to 9999 are written as the bare number.
#ifndef LAKEGATE_COLUMNAR_CALENDAR_TEXT_H_
#define LAKEGATE_COLUMNAR_CALENDAR_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "columnar/type.h"

namespace lakegate::columnar {

// "2026-11-23", days since 1970.
void AppendDate(std::int64_t days, std::string* out);
// "13:42:33.5" is written "13:42:33.500": three, six or nine digits, none for whole seconds.
void AppendTimeOfDay(std::int64_t value, TimeUnit unit, std::string* out);
// "2026-11-23T13:42:33", shifted by `offset_seconds`, then `suffix` ("", "Z", "+02:00").
void AppendTimestamp(std::int64_t value, TimeUnit unit, std::int64_t offset_seconds,
                     std::string_view suffix, std::string* out);
// "P1DT2H3M4.500S"; "PT0S" for none, "-" in front of a negative one.
void AppendDuration(std::int64_t value, TimeUnit unit, std::string* out);
// "P1Y2M3DT4H5M6.789S"; parts of a calendar interval have signs of their own.
void AppendInterval(std::int64_t months, std::int64_t days, std::int64_t nanoseconds,
                    std::string* out);

// Seconds east of UTC of "Z", "UTC", "+02:00", "-0330", "+02"; nothing for a named zone.
std::optional<std::int64_t> FixedOffsetSeconds(std::string_view zone);

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_CALENDAR_TEXT_H_
