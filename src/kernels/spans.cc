#include "kernels/spans.h"

#include <fmt/format.h>

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

void ReadBound(const ColumnView& view, std::int64_t row, BoundKind kind, std::int64_t* out) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  if (kind == BoundKind::kUnsigned64) {
    *out = static_cast<std::int64_t>(view.Uint64(row) ^ kSign);
  } else {
    *out = view.Int64(row);
  }
}

CodeColumn Permuted(const CodeColumn& column, const std::vector<Row>& rows) {
  CodeColumn permuted;
  permuted.bits = column.bits;
  if (column.codes.empty()) return permuted;
  permuted.codes.reserve(rows.size());
  for (const Row row : rows) permuted.codes.push_back(column.codes[row]);
  return permuted;
}

// Groups as sort codes: rows without one come last.
CodeColumn GroupCodes(const std::vector<Row>& group, std::size_t groups) {
  std::vector<std::uint64_t> codes(group.size());
  for (std::size_t i = 0; i < group.size(); ++i) {
    codes[i] = group[i] == kNoRow ? groups : group[i];
  }
  return CodesOf(std::move(codes));
}

CodeColumn PositionCodes(const std::vector<std::int64_t>& positions) {
  std::vector<std::uint64_t> codes(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) codes[i] = Ordered(positions[i]);
  return CodesOf(std::move(codes));
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

Result<SideSpans> ReadSpans(const columnar::Collected& table, const SpanColumns& span,
                            BoundKind kind, std::vector<Row> groups, const CancelToken& cancel) {
  SideSpans side;
  side.group = std::move(groups);
  side.start.resize(side.group.size());
  side.end.resize(side.group.size());
  LG_ASSIGN_OR_RETURN(const std::int64_t start, columnar::FindColumn(*table.schema, span.start));
  LG_ASSIGN_OR_RETURN(const std::int64_t end, columnar::FindColumn(*table.schema, span.end));
  LG_ASSIGN_OR_RETURN(const auto starts, ViewsOf(table, start));
  LG_ASSIGN_OR_RETURN(const auto ends, ViewsOf(table, end));
  std::size_t at = 0;
  for (std::size_t batch = 0; batch < starts.size(); ++batch) {
    for (std::int64_t row = 0; row < starts[batch].length(); ++row, ++at) {
      if (StopAt(at, cancel)) return Cancelled("interval_align");
      if (starts[batch].IsNull(row) || ends[batch].IsNull(row)) {
        side.group[at] = kNoRow;
        continue;
      }
      ReadBound(starts[batch], row, kind, &side.start[at]);
      ReadBound(ends[batch], row, kind, &side.end[at]);
      if (side.start[at] > side.end[at]) side.group[at] = kNoRow;
    }
  }
  return side;
}

Result<RightSpans> OrderRight(const SideSpans& side, std::size_t groups, const CodeColumn& ties,
                              const CodeColumn& scores, bool drop_empty,
                              const CancelToken& cancel) {
  std::vector<Row> group = side.group;
  std::size_t counted = 0;
  RightSpans right;
  right.first.assign(groups + 1, 0);
  for (std::size_t row = 0; row < group.size(); ++row) {
    if (drop_empty && side.start[row] == side.end[row]) group[row] = kNoRow;
    if (group[row] == kNoRow) continue;
    ++counted;
    ++right.first[group[row] + 1];
  }
  for (std::size_t g = 0; g < groups; ++g) right.first[g + 1] += right.first[g];
  std::vector<CodeColumn> columns;
  columns.push_back(GroupCodes(group, groups));
  columns.push_back(PositionCodes(side.start));
  columns.push_back(PositionCodes(side.end));
  LG_ASSIGN_OR_RETURN(right.row, SortRows(std::move(columns), group.size(), cancel));
  right.row.resize(counted);
  right.start.reserve(counted);
  right.end.reserve(counted);
  for (const Row row : right.row) {
    right.start.push_back(side.start[row]);
    right.end.push_back(side.end[row]);
  }
  right.tie_codes = Permuted(ties, right.row);
  right.score_codes = Permuted(scores, right.row);
  return right;
}

Result<std::vector<Row>> RankSlots(const RightSpans& right, CodeColumn criterion,
                                   const CancelToken& cancel) {
  std::vector<CodeColumn> columns;
  columns.push_back(std::move(criterion));
  columns.push_back(right.tie_codes);
  return SortRows(std::move(columns), right.size(), cancel);
}

Result<std::vector<Row>> OrderByEnd(const RightSpans& right, const CancelToken& cancel) {
  std::vector<std::uint64_t> groups(right.size());
  for (std::size_t g = 0; g < right.groups(); ++g) {
    for (Row slot = right.first[g]; slot < right.first[g + 1]; ++slot) groups[slot] = g;
  }
  std::vector<CodeColumn> columns;
  columns.push_back(CodesOf(std::move(groups)));
  columns.push_back(PositionCodes(right.end));
  return SortRows(std::move(columns), right.size(), cancel);
}

Result<std::vector<Row>> OrderLeft(const SideSpans& left, const RightSpans& right,
                                   const std::vector<std::int64_t>& key,
                                   const CancelToken& cancel) {
  std::vector<Row> rows;
  std::vector<Row> group;
  std::vector<std::int64_t> keys;
  for (std::size_t row = 0; row < left.size(); ++row) {
    const Row g = left.group[row];
    if (g == kNoRow || right.first[g] == right.first[g + 1]) continue;
    rows.push_back(static_cast<Row>(row));
    group.push_back(g);
    keys.push_back(key[row]);
  }
  std::vector<CodeColumn> columns;
  columns.push_back(GroupCodes(group, right.groups()));
  columns.push_back(PositionCodes(keys));
  LG_ASSIGN_OR_RETURN(std::vector<Row> order, SortRows(std::move(columns), rows.size(), cancel));
  for (Row& place : order) place = rows[place];
  return order;
}

}  // namespace lakegate::kernels
