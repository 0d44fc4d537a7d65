// The span columns of a table as comparable integers, read in blocks of rows.
#ifndef LAKEGATE_KERNELS_SPAN_COLUMNS_H_
#define LAKEGATE_KERNELS_SPAN_COLUMNS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "columnar/view.h"
#include "kernels/work.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// How bounds are read; both sides must agree.
enum class BoundKind { kSigned, kUnsigned64 };

// The kind for four bound columns. kNotFound (a column), kSchemaMismatch (not integers, or
// not of one kind).
Result<BoundKind> BoundKindOf(const ArrowSchema& left, const SpanColumns& left_span,
                              const ArrowSchema& right, const SpanColumns& right_span);

// Positions in a span, exact for any bounds.
inline std::uint64_t LengthOf(std::int64_t start, std::int64_t end) {
  return static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(start);
}

// Some consecutive rows of a side. Bounds are order-preserving int64 (uint64 bounds are
// shifted by 2^63), so that differences, taken unsigned, are exact lengths. A row whose key or
// span does not count has group kNoRow, and bounds without a meaning.
struct SpanBlock {
  static constexpr std::size_t kRows = 256;
  std::array<std::int64_t, kRows> start;
  std::array<std::int64_t, kRows> end;
  std::array<Row, kRows> group;
};

// One bound column.
class BoundColumn {
 public:
  // The table must outlive it. kNotFound, kCorruptData.
  static Result<BoundColumn> Make(const columnar::Collected& table, std::string_view column,
                                  BoundKind kind);

  // The bounds of rows [first, first + count); nulls clear valid[i].
  void Read(std::size_t first, std::size_t count, std::int64_t* bounds, bool* valid) const;

 private:
  struct Piece {
    std::size_t first_row;
    columnar::ColumnView view;
  };

  std::vector<Piece> pieces_;
  BoundKind kind_ = BoundKind::kSigned;
};

// The spans of one side with their groups. Any number of threads may read.
class SideSpans {
 public:
  // `groups` by row, kNoRow where the key is null; empty: all rows are in group 0. The table
  // must outlive it. Errors of BoundColumn::Make.
  static Result<SideSpans> Make(const columnar::Collected& table, const SpanColumns& span,
                                BoundKind kind, std::vector<Row> groups);

  std::size_t rows() const { return rows_; }
  // Rows [first, first + count), at most SpanBlock::kRows of them. A null bound or a start
  // behind its end does not count.
  void Read(std::size_t first, std::size_t count, SpanBlock* block) const;

 private:
  std::size_t rows_ = 0;
  std::vector<Row> groups_;
  BoundColumn start_;
  BoundColumn end_;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_SPAN_COLUMNS_H_
