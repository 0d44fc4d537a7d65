#include "kernels/span_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "kernels/column_values.h"

namespace lakegate::kernels {
namespace {

using columnar::ColumnView;
using columnar::DataType;

struct Bound {
  std::string_view role;
  std::string_view column;
  DataType type;
  std::string type_name;
};

Result<Bound> BoundOf(const ArrowSchema& schema, std::string_view column, std::string_view role) {
  LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(schema, column, role));
  const ArrowSchema& field = *schema.children[index];
  const ArrowSchema& stored = field.dictionary != nullptr ? *field.dictionary : field;
  Bound bound{role, column, {}, columnar::TypeName(field)};
  LG_ASSIGN_OR_RETURN(bound.type, columnar::ParseFormat(stored.format));
  if (!columnar::IsInteger(bound.type.id) && !columnar::IsTemporal(bound.type.id)) {
    return Error(ErrorKind::kSchemaMismatch,
                 fmt::format("A span's bound must be an integer, a date, a time, a timestamp or a "
                             "duration: {} '{}' is {}.",
                             role, column, bound.type_name));
  }
  return bound;
}

bool SameKind(const DataType& a, const DataType& b) {
  if (columnar::IsInteger(a.id) && columnar::IsInteger(b.id)) {
    const bool wide = a.id == columnar::TypeId::kUint64 || b.id == columnar::TypeId::kUint64;
    return !wide || (columnar::IsUnsignedInteger(a.id) && columnar::IsUnsignedInteger(b.id));
  }
  return a.id == b.id && a.unit == b.unit && a.zoned == b.zoned;
}

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

// The bits of a dictionary's values; 0 for null rows.
void ReadIndirect(const ColumnView& view, std::int64_t from, std::size_t count,
                  std::uint64_t* words) {
  const bool is_unsigned = columnar::IsUnsignedInteger(view.type().id);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t row = from + static_cast<std::int64_t>(i);
    if (view.IsNull(row)) {
      words[i] = 0;
    } else {
      words[i] = is_unsigned ? view.Uint64(row) : static_cast<std::uint64_t>(view.Int64(row));
    }
  }
}

}  // namespace

Result<BoundKind> BoundKindOf(const ArrowSchema& left, const SpanColumns& left_span,
                              const ArrowSchema& right, const SpanColumns& right_span) {
  LG_ASSIGN_OR_RETURN(const Bound a, BoundOf(left, left_span.start, "left_span.start"));
  LG_ASSIGN_OR_RETURN(const Bound b, BoundOf(left, left_span.end, "left_span.end"));
  LG_ASSIGN_OR_RETURN(const Bound c, BoundOf(right, right_span.start, "right_span.start"));
  LG_ASSIGN_OR_RETURN(const Bound d, BoundOf(right, right_span.end, "right_span.end"));
  const std::array<const Bound*, 4> all = {&a, &b, &c, &d};
  BoundKind kind = BoundKind::kSigned;
  for (const Bound* x : all) {
    if (x->type.id == columnar::TypeId::kUint64) kind = BoundKind::kUnsigned64;
    for (const Bound* y : all) {
      if (SameKind(x->type, y->type)) continue;
      return Error(ErrorKind::kSchemaMismatch,
                   fmt::format("The bounds of the spans are of different kinds: {} '{}' is {} and "
                               "{} '{}' is {}; cast one of them.",
                               x->role, x->column, x->type_name, y->role, y->column, y->type_name));
    }
  }
  return kind;
}

Result<BoundColumn> BoundColumn::Make(const columnar::Collected& table, std::string_view column,
                                      BoundKind kind) {
  BoundColumn bounds;
  bounds.kind_ = kind;
  LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(*table.schema, column));
  LG_ASSIGN_OR_RETURN(const auto views, ViewsOf(table, index));
  std::size_t first = 0;
  for (const ColumnView& view : views) {
    const auto rows = static_cast<std::size_t>(view.length());
    bounds.pieces_.push_back(Piece{first, view});
    first += rows;
  }
  return bounds;
}

void BoundColumn::Read(std::size_t first, std::size_t count, std::int64_t* bounds,
                       bool* valid) const {
  // Unsigned 64-bit bounds keep their order as signed ones.
  const std::uint64_t flip = kind_ == BoundKind::kUnsigned64 ? kSign : 0;
  std::array<std::uint64_t, SpanBlock::kRows> words;
  auto piece = std::upper_bound(
      pieces_.begin(), pieces_.end(), first,
      [](std::size_t row, const Piece& candidate) { return row < candidate.first_row; });
  --piece;
  for (std::size_t done = 0; done < count; ++piece) {
    const std::size_t from = first + done - piece->first_row;
    const std::size_t here = std::min(
        {count - done, static_cast<std::size_t>(piece->view.length()) - from, words.size()});
    const auto row = static_cast<std::int64_t>(from);
    if (piece->view.is_dictionary()) {
      ReadIndirect(piece->view, row, here, words.data());
    } else {
      ReadIntegers(piece->view, row, here, words.data());
    }
    ClearNulls(piece->view, row, here, valid + done);
    for (std::size_t i = 0; i < here; ++i) {
      bounds[done + i] = static_cast<std::int64_t>(words[i] ^ flip);
    }
    done += here;
  }
}

Result<SideSpans> SideSpans::Make(const columnar::Collected& table, const SpanColumns& span,
                                  BoundKind kind, std::vector<Row> groups) {
  SideSpans side;
  side.rows_ = static_cast<std::size_t>(table.rows);
  side.groups_ = std::move(groups);
  LG_ASSIGN_OR_RETURN(side.start_, BoundColumn::Make(table, span.start, kind));
  LG_ASSIGN_OR_RETURN(side.end_, BoundColumn::Make(table, span.end, kind));
  return side;
}

void SideSpans::Read(std::size_t first, std::size_t count, SpanBlock* block) const {
  std::array<bool, SpanBlock::kRows> valid;
  valid.fill(true);
  start_.Read(first, count, block->start.data(), valid.data());
  end_.Read(first, count, block->end.data(), valid.data());
  for (std::size_t i = 0; i < count; ++i) {
    const Row group = groups_.empty() ? 0 : groups_[first + i];
    const bool counts = valid[i] && block->start[i] <= block->end[i];
    block->group[i] = counts ? group : kNoRow;
  }
}

}  // namespace lakegate::kernels
