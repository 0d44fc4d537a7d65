// Values of a column as text: what renderers, error rows and reports print.
//
// Text: integers and decimals exact; floats shortest that reads back, with ".0" where it would
// look like an integer, "NaN", "inf", "-inf"; dates and times ISO 8601 ("2026-11-23",
// "13:42:33.5", "2026-11-23T13:42:33.5"), the fraction in 3, 6 or 9 digits where there is one;
// a timestamp of a zone as "…Z", or at its fixed offset ("+02:00") where the zone is one (named
// zones are shown in UTC); durations and intervals ISO 8601 ("P1M2DT3.5S"); binary in lower-case
// hexadecimal; strings as they are, invalid UTF-8 replaced by U+FFFD; lists, structs and maps as
// JSON. A value out of the calendar's range (years -9999 to 9999) is its integer.
// JSON: numbers and booleans bare, NaN and infinities null, everything else a string; lists are
// arrays, structs objects, maps objects with the keys' text; union and run-end encoded values as
// what they hold.
//
// A column is opened once for each batch and borrowed; reading is a pure function of it.
#ifndef LAKEGATE_COLUMNAR_VALUE_TEXT_H_
#define LAKEGATE_COLUMNAR_VALUE_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/view.h"
#include "lakegate/result.h"

namespace lakegate::columnar {

class ValueText {
 public:
  // The view is copied; array and schema behind it stay borrowed. kCorruptData, kUnsupported
  // as ColumnView::Open.
  static Result<ValueText> Open(const ColumnView& column);

  const ColumnView& column() const { return column_; }

  // Null, also through unions, run-end encoding and null dictionary values.
  bool IsNull(std::int64_t row) const;
  // Appends nothing for null.
  void AppendText(std::int64_t row, std::string* out) const;
  // Appends `null` for null.
  void AppendJson(std::int64_t row, std::string* out) const;

 private:
  explicit ValueText(const ColumnView& column) : column_(column) {}
  void AppendFlat(std::int64_t row, std::string* out) const;
  void AppendList(std::int64_t row, std::string* out) const;
  void AppendStruct(std::int64_t row, std::string* out) const;
  void AppendMap(std::int64_t row, std::string* out) const;
  // Where a union or run-end encoded column keeps the value; itself for any other.
  std::pair<const ValueText*, std::int64_t> Resolve(std::int64_t row) const;

  ColumnView column_;
  std::vector<ValueText> children_;
  std::string zone_suffix_;
  std::int64_t zone_offset_seconds_ = 0;
};

// `text` as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD.
void AppendJsonString(std::string_view text, std::string* out);
// `text` with every malformed sequence replaced by U+FFFD.
void AppendValidUtf8(std::string_view text, std::string* out);

// One row as "{column: value, ...}" of at most about `max_bytes`: for error messages.
std::string RowText(const std::vector<ValueText>& columns, std::int64_t row, std::size_t max_bytes);

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_VALUE_TEXT_H_
