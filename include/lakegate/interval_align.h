// interval_align: gives each left span its spans of the right table.
//
// Rows meet when all equality keys are equal (compared by value: dictionary, view and plain
// strings are one type, integers of any width are one, NaN equals NaN, -0 equals +0; a null
// key meets nothing) and their spans stand in the relation of the mode. Spans are half open,
// [start, end). Bounds of both sides must be of one kind: any integers (uint64 only with
// unsigned ones), or the same temporal type with the same unit.
//
// Empty spans (start = end) and touching spans: touching never overlaps, an empty span
// overlaps nothing; but an empty span is contained in any span whose closed bounds hold its
// position, equals an empty span at the same place, and has a distance like any other.
//
// Method: keys become dense group ids by hashing once; every group gets a stretch of one axis,
// so that a span is two positions and keys are gone. The right side is ordered once (radix sort
// of packed positions) and indexed by the top bits of its starts; each left row then walks from
// its own place, over slots that cannot match by links to the last span that ends later. Where
// a walk would be long, best matches come from sweeps over the starts with a tree of running
// winners over the ends, and pairs from a tree of maximal ends. Never more than
// O((n + m) log(n + m)) and the output (all-pairs: log per pair), whatever the keys. Left rows
// are spread over the threads of the context.
#ifndef LAKEGATE_INTERVAL_ALIGN_H_
#define LAKEGATE_INTERVAL_ALIGN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/export.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate {

// What a right span must be to a left one, and how many of them are taken.
enum class AlignMode {
  kExact,           // same start and end; the best one
  kContainedBest,   // right inside left; the best one
  kContainingBest,  // left inside right ("innermost enclosing"); the best one
  kOverlapBest,     // sharing at least one position; the best one
  kOverlapAll,      // sharing at least one position; all of them
  kContainedAll,    // right inside left; all of them
  kCount,           // how many overlap; one row for a left row
  kCoverage,        // how much of the left span the right ones cover together
  kNearest,         // the k with the smallest distance
};

struct IntervalAlignOptions {
  // Equality keys, pairwise; none: every row may meet every row. An empty `right_on` means
  // the names of `left_on`.
  std::vector<std::string> left_on = {};
  std::vector<std::string> right_on = {};

  SpanColumns left_span = {};
  SpanColumns right_span = {};

  AlignMode mode = AlignMode::kContainingBest;
  JoinHow how = JoinHow::kInner;

  // How many right rows at most for a left row; read by kNearest only.
  std::int64_t nearest_k = 1;

  // A numeric column of the right table that replaces the mode's own score: the highest
  // wins, a null loses to every value. Not for kCount, kCoverage and kNearest.
  std::string score_column = {};

  // Columns of the right table that decide between equal scores, before right start, right
  // end and right ordinal, which always follow. Not for kCount and kCoverage.
  std::vector<SortKey> tie_breakers = {};

  // Appended to the name of a right or added column, as often as needed, until no other
  // column of the output has that name. Left columns always keep theirs.
  std::string right_suffix = "_right";

  // kInvalidArgument: the two key lists differ in length, a name or the suffix is empty,
  // nearest_k below 1, an option set that the mode does not read.
  LAKEGATE_EXPORT Status Validate() const;
};

// Columns added behind the left and right ones (none for kSemi and kAnti); each takes the
// suffix when the name is taken:
//   match_kind        utf8: EXACT, CONTAINED, CONTAINING, OVERLAP, NEAREST by mode;
//                     NO_MATCH; NO_KEY_OR_SPAN when a key or a bound of the left row is
//                     null or start > end.
//   match_score       float64, null without a match. exact: 0. contained_*, containing_*:
//                     minus the right length. overlap_*: length of the overlap. nearest:
//                     minus the distance, the number of positions between the two spans (0
//                     when they overlap or touch). Or the value of `score_column`. Lengths
//                     are compared as exact integers; only the column is rounded.
//   match_count       int64, kCount only, in place of the right columns and the score.
//   covered_length    int64, kCoverage only: positions of the left span that at least one
//                     right span covers (at most 2^63 - 1 is reported).
//   covered_fraction  float64, kCoverage only: covered_length / left length; null when the
//                     left span is empty or invalid.
inline constexpr std::string_view kMatchKindColumn = "match_kind";
inline constexpr std::string_view kMatchScoreColumn = "match_score";
inline constexpr std::string_view kMatchCountColumn = "match_count";
inline constexpr std::string_view kCoveredLengthColumn = "covered_length";
inline constexpr std::string_view kCoveredFractionColumn = "covered_fraction";
inline constexpr std::string_view kNoMatch = "NO_MATCH";
inline constexpr std::string_view kNoKeyOrSpan = "NO_KEY_OR_SPAN";

// "exact", "contained_best", ... An unknown word is kInvalidArgument; the message lists the
// allowed ones.
LAKEGATE_EXPORT std::string_view AlignModeText(AlignMode mode);
LAKEGATE_EXPORT Result<AlignMode> AlignModeFromText(std::string_view text);

// Output: left columns, right columns (kInner and kLeft), added columns. Field metadata is
// kept; schema metadata is the left table's, with its ordering claim (`implicit` where it
// made none), because rows come in left order, then from best to worst score.
//
// Errors: kInvalidArgument (an option), kNotFound (a column; the message lists the columns
// there are), kSchemaMismatch (bounds that are no integers, keys or bounds of two kinds, a
// score that is no number), kUnsupported (a nested key), kCorruptData (a malformed batch),
// kResourceLimit, kCancelled, and whatever an input stream fails with.
LAKEGATE_EXPORT Result<ArrowStream> IntervalAlign(ArrowStream left, ArrowStream right,
                                                  const IntervalAlignOptions& options,
                                                  const KernelContext& context);

}  // namespace lakegate

#endif  // LAKEGATE_INTERVAL_ALIGN_H_
