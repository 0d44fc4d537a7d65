#include "lakegate/interval_align.h"

#include <fmt/format.h>

#include <new>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "kernels/align_answers.h"
#include "kernels/align_stream.h"
#include "kernels/column_values.h"
#include "kernels/key_groups.h"

namespace lakegate {
namespace kernels {
namespace {

// Working arrays beside the collected inputs, in bytes a row: groups, positions, slots, orders,
// ranks and the sort's scratch space.
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
  if (name.empty()) return scores;
  LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(*table.schema, name));
  LG_ASSIGN_OR_RETURN(const auto views, ViewsOf(table, index));
  scores.value.reserve(static_cast<std::size_t>(table.rows));
  scores.valid.reserve(static_cast<std::size_t>(table.rows));
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

// Both sides with their groups.
struct Spans {
  SideSpans left;
  SideSpans right;
  std::size_t groups = 1;  // those of right rows come first
};

Result<std::vector<Row>> GroupsOf(const columnar::Collected& table,
                                  const std::vector<std::string>& keys, std::string_view role,
                                  const CancelToken& cancel, KeyGrouper* grouper) {
  if (keys.empty()) return std::vector<Row>();
  LG_ASSIGN_OR_RETURN(const auto columns, FindColumns(*table.schema, keys, role));
  return grouper->Assign(table, columns, cancel);
}

Result<Spans> ReadSpans(const AlignOutput& tables, const IntervalAlignOptions& options,
                        BoundKind kind, const CancelToken& cancel) {
  Spans spans;
  KeyGrouper grouper(NullKeys::kNone);
  LG_ASSIGN_OR_RETURN(auto right_groups,
                      GroupsOf(tables.right, options.right_on, "right_on", cancel, &grouper));
  spans.groups = grouper.groups();
  LG_ASSIGN_OR_RETURN(auto left_groups,
                      GroupsOf(tables.left, options.left_on, "left_on", cancel, &grouper));
  LG_ASSIGN_OR_RETURN(spans.right, SideSpans::Make(tables.right, options.right_span, kind,
                                                   std::move(right_groups)));
  LG_ASSIGN_OR_RETURN(
      spans.left, SideSpans::Make(tables.left, options.left_span, kind, std::move(left_groups)));
  return spans;
}

// The lister of the mode, over sides that are on the axis.
template <typename P>
AlignListerResult MakeLister(std::shared_ptr<AlignSides<P>> sides, RightPositions<P> positions,
                             const columnar::Collected& right, const IntervalAlignOptions& options,
                             const KernelContext& context) {
  const bool pairs = options.how == JoinHow::kInner || options.how == JoinHow::kLeft;
  const bool counts_only =
      options.mode == AlignMode::kCount ||
      (!pairs && (options.mode == AlignMode::kOverlapBest ||
                  options.mode == AlignMode::kOverlapAll || options.mode == AlignMode::kCoverage));
  if (!counts_only) {
    LG_ASSIGN_OR_RETURN(
        sides->right, RightSide<P>::Make(std::exchange(positions, {}), sides->axis.end(), context));
  }
  if (!pairs) return ExistsLister<P>(std::move(sides), positions, options.how, context);
  if (options.mode == AlignMode::kCount) {
    return CountLister<P>(std::move(sides), positions, options.how, context);
  }
  if (options.mode == AlignMode::kCoverage) {
    return CoverageLister<P>(std::move(sides), options.how, context);
  }
  LG_RETURN_IF_ERROR(sides->right.RankTies(right, options.tie_breakers, context));
  LG_RETURN_IF_ERROR(sides->right.RankScores(right, options.score_column, context));
  PairRules<P> rules{std::move(sides), {}, options.how};
  LG_ASSIGN_OR_RETURN(rules.scores, ReadScores(right, options.score_column, context.cancel));
  switch (options.mode) {
    case AlignMode::kOverlapAll:
    case AlignMode::kContainedAll:
      return AllLister<P>(std::move(rules), context);
    case AlignMode::kNearest:
      return NearestLister<P>(std::move(rules), static_cast<std::size_t>(options.nearest_k),
                              context);
    default:
      return BestLister<P>(std::move(rules), context);
  }
}

template <typename P>
AlignListerResult ListerOn(Spans spans, std::span<const GroupExtent> extents,
                           const columnar::Collected& right, const IntervalAlignOptions& options,
                           const KernelContext& context) {
  const bool drops_empty = DropsEmpty(options.mode);
  auto sides = std::make_shared<AlignSides<P>>(AlignSides<P>{
      options.mode, drops_empty, std::move(spans.left), SpanAxis<P>(extents), RightSide<P>()});
  LG_ASSIGN_OR_RETURN(RightPositions<P> positions,
                      PlaceRight<P>(spans.right, sides->axis, drops_empty, context));
  return MakeLister<P>(std::move(sides), std::move(positions), right, options, context);
}

AlignListerResult ListerOf(Spans spans, const columnar::Collected& right,
                           const IntervalAlignOptions& options, const KernelContext& context) {
  LG_ASSIGN_OR_RETURN(const std::vector<GroupExtent> extents,
                      MeasureGroups(spans.right, spans.groups, context));
  const int bits = BitsOf(AxisEnd(extents));
  if (bits <= 32) {
    return ListerOn<std::uint32_t>(std::move(spans), extents, right, options, context);
  }
  if (bits <= 64) {
    return ListerOn<std::uint64_t>(std::move(spans), extents, right, options, context);
  }
  return ListerOn<WidePosition>(std::move(spans), extents, right, options, context);
}

Result<ArrowStream> Align(ArrowStream left, ArrowStream right, IntervalAlignOptions options,
                          const KernelContext& context) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_RETURN_IF_ERROR(context.Validate());
  if (options.right_on.empty()) options.right_on = options.left_on;
  LG_ASSIGN_OR_RETURN(const BoundKind kind, CheckColumns(left->schema(), right->schema(), options));

  LG_ASSIGN_OR_RETURN(OwnedSchema schema, AlignedSchema(left->schema(), right->schema(), options));

  AlignOutput output;
  output.mode = options.mode;
  output.how = options.how;
  columnar::MemoryBudget budget(context.memory_limit_bytes);
  LG_ASSIGN_OR_RETURN(output.right,
                      columnar::Collect(std::move(right), &budget, context.cancel, "right input"));
  LG_ASSIGN_OR_RETURN(output.left,
                      columnar::Collect(std::move(left), &budget, context.cancel, "left input"));
  LG_RETURN_IF_ERROR(CheckRowCount(output.left.rows, "left input"));
  LG_RETURN_IF_ERROR(CheckRowCount(output.right.rows, "right input"));
  LG_RETURN_IF_ERROR(budget.Take(
      kBytesOfLeftRow * output.left.rows + kBytesOfRightRow * output.right.rows, "interval_align"));

  LG_ASSIGN_OR_RETURN(Spans spans, ReadSpans(output, options, kind, context.cancel));
  LG_ASSIGN_OR_RETURN(output.lister, ListerOf(std::move(spans), output.right, options, context));
  return AlignedRows(std::move(schema), std::move(output), context);
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
