#include "lakegate/interval_align.h"

#include <fmt/format.h>

#include <new>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "kernels/align_work.h"
#include "kernels/column_values.h"
#include "kernels/key_groups.h"
#include "kernels/order_codes.h"

namespace lakegate {
namespace kernels {
namespace {

// Working arrays beside the collected inputs, in bytes a row: bounds, groups, orders, ranks
// and the sort's scratch space.
constexpr std::int64_t kBytesOfLeftRow = 96;
constexpr std::int64_t kBytesOfRightRow = 160;

bool DropsEmpty(AlignMode mode) {
  return mode == AlignMode::kOverlapBest || mode == AlignMode::kOverlapAll ||
         mode == AlignMode::kCount || mode == AlignMode::kCoverage;
}

Status CheckScoreColumn(const ArrowSchema& schema, std::string_view name) {
  if (name.empty()) return {};
  LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(schema, name, "score_column"));
  const ArrowSchema& field = *schema.children[index];
  const ArrowSchema& stored = field.dictionary != nullptr ? *field.dictionary : field;
  LG_ASSIGN_OR_RETURN(const columnar::DataType type, columnar::ParseFormat(stored.format));
  if (columnar::IsInteger(type.id) || columnar::IsFloat(type.id) || columnar::IsDecimal(type.id)) {
    return {};
  }
  return Error(ErrorKind::kSchemaMismatch,
               fmt::format("The score column must be a number: '{}' is {}.", name,
                           columnar::TypeName(field)));
}

// What can be refused before a row is read.
Result<BoundKind> CheckColumns(const ArrowSchema& left, const ArrowSchema& right,
                               const IntervalAlignOptions& options) {
  LG_RETURN_IF_ERROR(columnar::CheckSchema(left));
  LG_RETURN_IF_ERROR(columnar::CheckSchema(right));
  LG_RETURN_IF_ERROR(FindColumns(left, options.left_on, "left_on"));
  LG_RETURN_IF_ERROR(FindColumns(right, options.right_on, "right_on"));
  for (const SortKey& key : options.tie_breakers) {
    LG_RETURN_IF_ERROR(columnar::FindColumn(right, key.column, "tie_breakers"));
  }
  LG_RETURN_IF_ERROR(CheckScoreColumn(right, options.score_column));
  return BoundKindOf(left, options.left_span, right, options.right_span);
}

Result<ReportedScores> ReadScores(const columnar::Collected& table, std::string_view name,
                                  const CancelToken& cancel) {
  ReportedScores scores;
  LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(*table.schema, name));
  LG_ASSIGN_OR_RETURN(const auto views, ViewsOf(table, index));
  for (const columnar::ColumnView& view : views) {
    for (std::int64_t row = 0; row < view.length(); ++row) {
      if (StopAt(scores.value.size(), cancel)) return Cancelled("interval_align");
      const bool valid = !view.IsNull(row);
      scores.valid.push_back(valid);
      scores.value.push_back(valid ? view.Double(row) : 0);
    }
  }
  return scores;
}

// Groups and bounds of both sides, and the right side in sweep order.
Status Prepare(BoundKind kind, AlignWork* work) {
  const CancelToken& cancel = work->context.cancel;
  const IntervalAlignOptions& options = work->options;
  KeyGrouper grouper(NullKeys::kNone);
  LG_ASSIGN_OR_RETURN(const auto left_keys,
                      FindColumns(*work->left.schema, options.left_on, "left_on"));
  LG_ASSIGN_OR_RETURN(const auto right_keys,
                      FindColumns(*work->right.schema, options.right_on, "right_on"));
  LG_ASSIGN_OR_RETURN(auto right_groups, grouper.Assign(work->right, right_keys, cancel));
  LG_ASSIGN_OR_RETURN(auto left_groups, grouper.Assign(work->left, left_keys, cancel));
  LG_ASSIGN_OR_RETURN(work->left_spans, ReadSpans(work->left, options.left_span, kind,
                                                  std::move(left_groups), cancel));
  LG_ASSIGN_OR_RETURN(const SideSpans right_spans, ReadSpans(work->right, options.right_span, kind,
                                                             std::move(right_groups), cancel));
  CodeColumn scores;
  if (!options.score_column.empty()) {
    const SortKey best_first{options.score_column, SortDirection::kDescending,
                             NullPlacement::kLast};
    LG_ASSIGN_OR_RETURN(scores, OrderCodes(work->right, best_first, "score_column", cancel));
    LG_ASSIGN_OR_RETURN(work->scores, ReadScores(work->right, options.score_column, cancel));
  }
  CodeColumn ties;
  if (!options.tie_breakers.empty()) {
    LG_ASSIGN_OR_RETURN(ties,
                        OrderCodes(work->right, options.tie_breakers, "tie_breakers", cancel));
  }
  const bool drop_empty = DropsEmpty(options.mode);
  LG_ASSIGN_OR_RETURN(work->right_spans,
                      OrderRight(right_spans, grouper.groups(), ties, scores, drop_empty, cancel));
  SideSpans& left = work->left_spans;
  work->left_counts.resize(left.size());
  for (std::size_t row = 0; row < left.size(); ++row) {
    work->left_counts[row] = left.group[row] != kNoRow;
    if (drop_empty && left.start[row] == left.end[row]) left.group[row] = kNoRow;
  }
  return {};
}

Result<ArrowStream> Align(ArrowStream left, ArrowStream right, const IntervalAlignOptions& given,
                          const KernelContext& context) {
  LG_RETURN_IF_ERROR(given.Validate());
  LG_RETURN_IF_ERROR(context.Validate());
  auto work = std::make_unique<AlignWork>();
  work->context = context;
  work->options = given;
  if (work->options.right_on.empty()) work->options.right_on = given.left_on;
  LG_ASSIGN_OR_RETURN(const BoundKind kind,
                      CheckColumns(left->schema(), right->schema(), work->options));

  columnar::MemoryBudget budget(context.memory_limit_bytes);
  LG_ASSIGN_OR_RETURN(work->right,
                      columnar::Collect(std::move(right), &budget, context.cancel, "right input"));
  LG_ASSIGN_OR_RETURN(work->left,
                      columnar::Collect(std::move(left), &budget, context.cancel, "left input"));
  LG_RETURN_IF_ERROR(CheckRowCount(work->left.rows, "left input"));
  LG_RETURN_IF_ERROR(CheckRowCount(work->right.rows, "right input"));
  LG_RETURN_IF_ERROR(budget.Take(
      kBytesOfLeftRow * work->left.rows + kBytesOfRightRow * work->right.rows, "interval_align"));
  LG_RETURN_IF_ERROR(Prepare(kind, work.get()));

  OwnedSchema schema = AlignedSchema(*work->left.schema, *work->right.schema, work->options);
  const JoinHow how = work->options.how;
  const AlignMode mode = work->options.mode;
  const bool left_rows_only = how == JoinHow::kSemi || how == JoinHow::kAnti ||
                              mode == AlignMode::kCount || mode == AlignMode::kCoverage;
  if (left_rows_only) return LeftRowStream(std::move(work), std::move(schema));
  return PairStream(std::move(work), std::move(schema));
}

}  // namespace
}  // namespace kernels

Result<ArrowStream> IntervalAlign(ArrowStream left, ArrowStream right,
                                  const IntervalAlignOptions& options,
                                  const KernelContext& context) {
  try {
    return kernels::Align(std::move(left), std::move(right), options, context);
  } catch (const std::bad_alloc&) {
    return kernels::OutOfMemory("interval_align");
  }
}

}  // namespace lakegate
