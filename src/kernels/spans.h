// Span columns of both sides as comparable integers, and the right side in sweep order.
#ifndef LAKEGATE_KERNELS_SPANS_H_
#define LAKEGATE_KERNELS_SPANS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "kernels/row_sort.h"
#include "kernels/work.h"
#include "lakegate/kernel.h"

namespace lakegate::kernels {

// One side, by row ordinal. Bounds are order-preserving int64 (uint64 bounds are shifted by
// 2^63), so that differences, taken unsigned, are exact lengths. A row whose key or span does
// not count has group kNoRow.
struct SideSpans {
  std::vector<Row> group;
  std::vector<std::int64_t> start;
  std::vector<std::int64_t> end;
  std::size_t size() const { return group.size(); }
};

// Positions in a span, exact for any bounds.
inline std::uint64_t LengthOf(std::int64_t start, std::int64_t end) {
  return static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(start);
}

// How bounds are read; both sides must agree.
enum class BoundKind { kSigned, kUnsigned64 };

// The kind for four bound columns. kNotFound (a column), kSchemaMismatch (not integers, or
// not of one kind).
Result<BoundKind> BoundKindOf(const ArrowSchema& left, const SpanColumns& left_span,
                              const ArrowSchema& right, const SpanColumns& right_span);

// Bounds of a side; rows in `groups` without a group, with a null bound or with start > end
// get group kNoRow.
Result<SideSpans> ReadSpans(const columnar::Collected& table, const SpanColumns& span,
                            BoundKind kind, std::vector<Row> groups, const CancelToken& cancel);

// The right rows that count, ordered by group, start, end, ordinal. A place in this order is
// a slot.
struct RightSpans {
  std::vector<Row> row;
  std::vector<std::int64_t> start;
  std::vector<std::int64_t> end;
  // Slots of group g are first[g] .. first[g + 1].
  std::vector<Row> first;
  // Codes of the caller's tie breakers by slot; empty without any. After them the slot
  // decides, which is start, end, ordinal.
  CodeColumn tie_codes;
  // Codes of the score column by slot, best first; empty without one.
  CodeColumn score_codes;

  std::size_t size() const { return row.size(); }
  std::size_t groups() const { return first.size() - 1; }
};

// `ties` and `scores` are by right row (no codes: none). `drop_empty` leaves empty spans out.
Result<RightSpans> OrderRight(const SideSpans& side, std::size_t groups, const CodeColumn& ties,
                              const CodeColumn& scores, bool drop_empty, const CancelToken& cancel);

// Slots ordered by `criterion` (by slot, most significant), then tie breakers, then slot.
Result<std::vector<Row>> RankSlots(const RightSpans& right, CodeColumn criterion,
                                   const CancelToken& cancel);

// Slots ordered by group, then end, then slot.
Result<std::vector<Row>> OrderByEnd(const RightSpans& right, const CancelToken& cancel);

// Left rows with a group, ordered by group, then by `key`; rows of groups without right
// spans are left out.
Result<std::vector<Row>> OrderLeft(const SideSpans& left, const RightSpans& right,
                                   const std::vector<std::int64_t>& key, const CancelToken& cancel);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_SPANS_H_
