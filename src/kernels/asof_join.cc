#include "lakegate/asof_join.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <numeric>
#include <utility>

#include "base/try.h"
#include "columnar/collected.h"
#include "columnar/schema.h"
#include "kernels/asof_points.h"
#include "kernels/joined_rows.h"
#include "kernels/joined_schema.h"
#include "kernels/key_groups.h"
#include "kernels/parallel.h"
#include "kernels/row_sort.h"
#include "kernels/words.h"

namespace lakegate {
namespace kernels {
namespace {

constexpr std::string_view kName = "asof_join";

// Working arrays beside the collected inputs, in bytes a row: points, groups, orders and the
// sort's scratch space.
constexpr std::int64_t kBytesOfLeftRow = 72;
constexpr std::int64_t kBytesOfRightRow = 80;

constexpr Word<AsofDirection> kDirections[] = {{AsofDirection::kBackward, "backward"},
                                               {AsofDirection::kForward, "forward"},
                                               {AsofDirection::kNearest, "nearest"}};

Error Invalid(std::string message) {
  return Error(ErrorKind::kInvalidArgument, "asof_join: " + std::move(message));
}

// The right rows that count, by group, value, ordinal. A place in this order is a slot.
struct RightOrder {
  std::vector<Row> row;
  std::vector<std::int64_t> value;
  std::vector<Row> first;  // slots of group g are first[g] .. first[g + 1]
};

CodeColumn GroupCodes(const std::vector<Row>& group, std::size_t groups) {
  std::vector<std::uint64_t> codes(group.size());
  for (std::size_t i = 0; i < group.size(); ++i) {
    codes[i] = group[i] == kNoRow ? groups : group[i];
  }
  return CodesOf(std::move(codes));
}

CodeColumn ValueCodes(const std::vector<std::int64_t>& values) {
  std::vector<std::uint64_t> codes(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) codes[i] = Ordered(values[i]);
  return CodesOf(std::move(codes));
}

// Rows by group and value; rows without a group come last. A side that is sorted by value
// already only needs its groups brought together, and without groups nothing.
Result<std::vector<Row>> OrderOf(const Points& points, std::size_t groups, bool sorted,
                                 const CancelToken& cancel) {
  std::vector<CodeColumn> columns;
  columns.push_back(GroupCodes(points.group, groups));
  if (!sorted) columns.push_back(ValueCodes(points.value));
  return SortRows(std::move(columns), points.size(), cancel);
}

Result<RightOrder> OrderRight(const Points& points, std::size_t groups, bool sorted,
                              const CancelToken& cancel) {
  RightOrder right;
  LG_ASSIGN_OR_RETURN(right.row, OrderOf(points, groups, sorted, cancel));
  right.first.assign(groups + 1, 0);
  for (const Row group : points.group) {
    if (group != kNoRow) ++right.first[group + 1];
  }
  for (std::size_t g = 0; g < groups; ++g) right.first[g + 1] += right.first[g];
  right.row.resize(right.first[groups]);
  right.value.resize(right.row.size());
  for (std::size_t slot = 0; slot < right.row.size(); ++slot) {
    if (StopAt(slot, cancel)) return Cancelled(kName);
    right.value[slot] = points.value[right.row[slot]];
  }
  return right;
}

// Finds the partner of a value among the slots of its group.
class Finder {
 public:
  Finder(const RightOrder& right, const AsofJoinOptions& options, PointKind kind)
      : right_(right), options_(options), kind_(kind) {}

  // The slot, or kNoRow. `hint` is a slot near which the search begins, and where it ended:
  // neighbours in order are found in a step or two.
  Row Find(Row group, std::int64_t value, Row* hint) const {
    const Row begin = right_.first[group];
    const Row end = right_.first[group + 1];
    Row place = std::clamp(*hint, begin, end);
    const Row below = Bound(begin, end, place, value, false);  // the first slot not below
    const Row above = Bound(begin, end, below, value, true);   // the first slot above
    *hint = below;
    const Row before = options_.allow_exact ? above : below;
    const Row after = options_.allow_exact ? below : above;
    const Row backward = before > begin ? before - 1 : kNoRow;
    const Row forward = after < end ? after : kNoRow;
    return WithinTolerance(Choose(backward, forward, value), value);
  }

 private:
  // The first slot of the group whose value is at least `value` (or, `after`, above it),
  // searched in doubling steps from `from`.
  Row Bound(Row begin, Row end, Row from, std::int64_t value, bool after) const {
    const auto is_before = [&](Row slot) {
      return after ? right_.value[slot] <= value : right_.value[slot] < value;
    };
    Row low = begin;
    Row high = end;
    Row step = 1;
    if (from < end && is_before(from)) {
      low = from + 1;
      while (low < end && end - low > step && is_before(low + step - 1)) {
        low += step;
        step *= 2;
      }
      high = end - low > step ? low + step : end;
    } else {
      high = from;
      while (high > begin && high - begin > step && !is_before(high - step)) {
        high -= step;
        step *= 2;
      }
      low = high - begin > step ? high - step : begin;
    }
    while (low < high) {
      const Row middle = low + (high - low) / 2;
      if (is_before(middle)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  Row Choose(Row backward, Row forward, std::int64_t value) const {
    if (options_.direction == AsofDirection::kBackward) return backward;
    if (options_.direction == AsofDirection::kForward) return forward;
    if (backward == kNoRow || forward == kNoRow) return backward == kNoRow ? forward : backward;
    const std::uint64_t back = DistanceOf(right_.value[backward], value, kind_);
    return DistanceOf(right_.value[forward], value, kind_) < back ? forward : backward;
  }

  Row WithinTolerance(Row slot, std::int64_t value) const {
    if (slot == kNoRow || !options_.tolerance) return slot;
    const auto most = static_cast<std::uint64_t>(*options_.tolerance);
    return DistanceOf(right_.value[slot], value, kind_) <= most ? slot : kNoRow;
  }

  const RightOrder& right_;
  const AsofJoinOptions& options_;
  PointKind kind_;
};

// Few left rows are looked up where they stand; many are ordered first, so that neighbours
// follow each other through the right side.
constexpr std::size_t kFewLeftRows = 1 << 12;
constexpr std::size_t kFewForRight = 16;

Result<std::vector<Row>> LeftOrder(const Points& left, std::size_t groups, std::size_t right_rows,
                                   const AsofJoinOptions& options, const CancelToken& cancel) {
  const bool few = left.size() < kFewLeftRows || left.size() < right_rows / kFewForRight;
  const bool in_order = options.left_sorted && groups <= 1;
  if (!few && !in_order) return OrderOf(left, groups, options.left_sorted, cancel);
  std::vector<Row> order(left.size());
  std::iota(order.begin(), order.end(), Row{0});
  return order;
}

// The right row of each left row, or kNoRow.
Result<std::vector<Row>> Match(const Points& left, const RightOrder& right, PointKind kind,
                               const AsofJoinOptions& options, const KernelContext& context) {
  const std::size_t groups = right.first.size() - 1;
  LG_ASSIGN_OR_RETURN(const std::vector<Row> order,
                      LeftOrder(left, groups, right.row.size(), options, context.cancel));
  std::vector<Row> match(left.size(), kNoRow);
  const Finder finder(right, options, kind);
  LG_RETURN_IF_ERROR(ParallelRanges(context, {.rows = order.size()},
                                    [&](std::size_t first, std::size_t last) -> Status {
                                      Row hint = 0;
                                      for (std::size_t i = first; i < last; ++i) {
                                        if (StopAt(i, context.cancel)) return Cancelled(kName);
                                        const Row row = order[i];
                                        const Row group = left.group[row];
                                        // Groups that only the left side has come after all groups
                                        // of the right one.
                                        if (group == kNoRow || group >= groups) continue;
                                        const Row slot = finder.Find(group, left.value[row], &hint);
                                        if (slot != kNoRow) match[row] = right.row[slot];
                                      }
                                      return {};
                                    }));
  return match;
}

struct Sides {
  columnar::Collected left;
  columnar::Collected right;
  Points left_points;
  Points right_points;
  std::size_t right_groups = 0;
};

Status ReadSides(const AsofJoinOptions& options, PointKind kind, const CancelToken& cancel,
                 Sides* sides) {
  if (options.left_sorted) {
    LG_RETURN_IF_ERROR(VerifySorted(sides->left, options.left_on, kind, "left", cancel));
  }
  if (options.right_sorted) {
    LG_RETURN_IF_ERROR(VerifySorted(sides->right, options.right_on, kind, "right", cancel));
  }
  KeyGrouper grouper(NullKeys::kNone);
  LG_ASSIGN_OR_RETURN(const auto right_by,
                      FindColumns(*sides->right.schema, options.right_by, "right_by"));
  LG_ASSIGN_OR_RETURN(const auto left_by,
                      FindColumns(*sides->left.schema, options.left_by, "left_by"));
  LG_ASSIGN_OR_RETURN(auto right_groups, grouper.Assign(sides->right, right_by, cancel));
  sides->right_groups = grouper.groups();
  LG_ASSIGN_OR_RETURN(auto left_groups, grouper.Assign(sides->left, left_by, cancel));
  LG_ASSIGN_OR_RETURN(sides->right_points, ReadPoints(sides->right, options.right_on, kind,
                                                      std::move(right_groups), cancel));
  LG_ASSIGN_OR_RETURN(sides->left_points, ReadPoints(sides->left, options.left_on, kind,
                                                     std::move(left_groups), cancel));
  return {};
}

// What can be refused before a row is read.
Result<PointKind> CheckColumns(const ArrowSchema& left, const ArrowSchema& right,
                               const AsofJoinOptions& options) {
  LG_RETURN_IF_ERROR(columnar::CheckSchema(left));
  LG_RETURN_IF_ERROR(columnar::CheckSchema(right));
  LG_RETURN_IF_ERROR(FindColumns(left, options.left_by, "left_by"));
  LG_RETURN_IF_ERROR(FindColumns(right, options.right_by, "right_by"));
  LG_ASSIGN_OR_RETURN(const PointKind kind,
                      PointKindOf(left, options.left_on, right, options.right_on));
  if (kind == PointKind::kFloat && options.tolerance) {
    return Error(ErrorKind::kSchemaMismatch,
                 fmt::format("A tolerance is a whole number of units and not for floats: '{}'; "
                             "leave it out, or cast the columns.",
                             options.left_on));
  }
  return kind;
}

Result<OwnedSchema> SchemaOf(const ArrowSchema& left, const ArrowSchema& right,
                             const AsofJoinOptions& options) {
  NameBook names(options.right_suffix);
  std::vector<OwnedSchema> fields;
  AppendLeftFields(left, &names, &fields);
  if (GivesRight(options.how)) {
    LG_RETURN_IF_ERROR(AppendRightFields(right, options.how == JoinHow::kLeft, &names, &fields));
  }
  return JoinedSchema(std::move(fields), left);
}

Result<ArrowStream> Run(ArrowStream left, ArrowStream right, AsofJoinOptions options,
                        const KernelContext& context) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_RETURN_IF_ERROR(context.Validate());
  if (options.right_on.empty()) options.right_on = options.left_on;
  if (options.right_by.empty()) options.right_by = options.left_by;
  LG_ASSIGN_OR_RETURN(const PointKind kind, CheckColumns(left->schema(), right->schema(), options));
  LG_ASSIGN_OR_RETURN(OwnedSchema schema, SchemaOf(left->schema(), right->schema(), options));
  columnar::MemoryBudget budget(context.memory_limit_bytes);
  Sides sides;
  LG_ASSIGN_OR_RETURN(sides.right,
                      columnar::Collect(std::move(right), &budget, context.cancel, "right input"));
  LG_ASSIGN_OR_RETURN(sides.left,
                      columnar::Collect(std::move(left), &budget, context.cancel, "left input"));
  LG_RETURN_IF_ERROR(CheckRowCount(sides.left.rows, "left input"));
  LG_RETURN_IF_ERROR(CheckRowCount(sides.right.rows, "right input"));
  LG_RETURN_IF_ERROR(
      budget.Take(kBytesOfLeftRow * sides.left.rows + kBytesOfRightRow * sides.right.rows, kName));
  LG_RETURN_IF_ERROR(ReadSides(options, kind, context.cancel, &sides));
  LG_ASSIGN_OR_RETURN(const RightOrder order, OrderRight(sides.right_points, sides.right_groups,
                                                         options.right_sorted, context.cancel));
  LG_ASSIGN_OR_RETURN(std::vector<Row> match,
                      Match(sides.left_points, order, kind, options, context));
  return JoinedRows(std::move(schema), std::move(sides.left), std::move(sides.right),
                    std::move(match), options.how, context, kName);
}

bool AnyEmpty(const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), std::string()) != names.end();
}

}  // namespace
}  // namespace kernels

std::string_view AsofDirectionText(AsofDirection direction) {
  return kernels::TextOf<AsofDirection>(kernels::kDirections, direction);
}

Result<AsofDirection> AsofDirectionFromText(std::string_view text) {
  return kernels::FromText<AsofDirection>(kernels::kDirections, text, "as-of direction");
}

Status AsofJoinOptions::Validate() const {
  if (left_on.empty()) return kernels::Invalid("The option left_on must name a column.");
  if (!right_by.empty() && right_by.size() != left_by.size()) {
    return kernels::Invalid(
        fmt::format("left_by and right_by pair up, so they must be of one length: {} and {} keys.",
                    left_by.size(), right_by.size()));
  }
  if (kernels::AnyEmpty(left_by) || kernels::AnyEmpty(right_by)) {
    return kernels::Invalid("A key has an empty column name.");
  }
  if (right_suffix.empty()) return kernels::Invalid("right_suffix must not be empty.");
  if (tolerance && *tolerance < 0) {
    return kernels::Invalid(fmt::format("The tolerance must not be negative: {}.", *tolerance));
  }
  return {};
}

Result<ArrowStream> AsofJoin(ArrowStream left, ArrowStream right, const AsofJoinOptions& options,
                             const KernelContext& context) {
  try {
    return kernels::Run(std::move(left), std::move(right), options, context);
  } catch (const std::bad_alloc&) {
    return kernels::OutOfMemory(kernels::kName);
  }
}

}  // namespace lakegate
