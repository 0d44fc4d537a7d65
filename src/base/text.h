// Text for messages and for SQL: the name somebody meant, lists of names, quoted names.
//
// Threads: pure functions.
#ifndef LAKEGATE_BASE_TEXT_H_
#define LAKEGATE_BASE_TEXT_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakegate::base {

// The candidate nearest to `name` by edit distance (Damerau-Levenshtein, optimal string
// alignment, case ignored), or nothing when none is near enough to have been meant: at most
// a third of the longer word, at least one edit. Ties go to the candidate named first.
std::optional<std::string> NearestName(std::string_view name,
                                       std::span<const std::string> candidates);

// " Did you mean 'x'?" or "", to append to a message.
std::string DidYouMean(std::string_view name, std::span<const std::string> candidates);

// "a, b, c"; at most `limit` names, then "and 12 more". "none" when there are none.
std::string ListNames(std::span<const std::string> names, std::size_t limit = 20);

std::string Join(std::span<const std::string> parts, std::string_view separator);

// THE function that quotes SQL identifiers: double quotes, inner quotes doubled.
std::string QuoteIdentifier(std::string_view identifier);
// Each part quoted, joined by dots: "catalog"."schema"."table".
std::string QuoteQualified(std::span<const std::string> parts);
// A SQL string literal: single quotes, inner quotes doubled.
std::string QuoteLiteral(std::string_view text);

// ASCII only; other bytes stay.
std::string ToLowerAscii(std::string_view text);
std::string_view TrimAscii(std::string_view text);

// Well-formed UTF-8 by RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF.
bool IsUtf8(std::string_view bytes);

// At most `max_bytes` of `text`, cut between characters, with "…" where it was cut.
std::string Shorten(std::string_view text, std::size_t max_bytes);

}  // namespace lakegate::base

#endif  // LAKEGATE_BASE_TEXT_H_
