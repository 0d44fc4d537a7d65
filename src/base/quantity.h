// Sizes, durations and times as people write them.
//
// Sizes: "512 MiB", "1.5 GiB", "64 KB" (KB, MB, GB, TB are powers of 1000; KiB, MiB, GiB,
// TiB powers of 1024; B or nothing is bytes). Durations: "250 ms", "30 s", "5 min", "2 h",
// "7 d"; a bare number is refused, save 0. Units ignore case. Times: RFC 3339 in UTC.
// Errors: kInvalidArgument, naming the text and the units there are.
#ifndef LAKEGATE_BASE_QUANTITY_H_
#define LAKEGATE_BASE_QUANTITY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "lakegate/result.h"

namespace lakegate::base {

Result<std::int64_t> ParseByteSize(std::string_view text);
// Exact: the largest binary unit that divides the size, so that parsing gives it back.
std::string FormatByteSize(std::int64_t bytes);
// Rounded for people: "1.4 GiB".
std::string FormatByteSizeRounded(std::int64_t bytes);

Result<std::int64_t> ParseDurationMs(std::string_view text);
// Exact: the largest unit that divides the duration.
std::string FormatDurationMs(std::int64_t duration_ms);

// "2026-11-23T13:42:33.123Z".
std::string FormatUtc(std::int64_t wall_time_ms);
// Accepts what `FormatUtc` writes, with or without the fraction, and numeric offsets.
Result<std::int64_t> ParseUtc(std::string_view text);

}  // namespace lakegate::base

#endif  // LAKEGATE_BASE_QUANTITY_H_
