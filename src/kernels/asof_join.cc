#include "lakegate/asof_join.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <tuple>
#include <utility>

#include "base/try.h"
#include "columnar/collected.h"
#include "columnar/schema.h"
#include "columnar/scratch.h"
#include "kernels/asof_points.h"
#include "kernels/asof_search.h"
#include "kernels/asof_slots.h"
#include "kernels/joined_rows.h"
#include "kernels/joined_schema.h"
#include "kernels/kernel_stream.h"
#include "kernels/key_groups.h"
#include "kernels/parallel.h"
#include "kernels/words.h"

namespace lakegate {
namespace kernels {
namespace {

constexpr std::string_view kName = "asof_join";

constexpr Word<AsofDirection> kDirections[] = {{AsofDirection::kBackward, "backward"},
                                               {AsofDirection::kForward, "forward"},
                                               {AsofDirection::kNearest, "nearest"}};

Error Invalid(std::string message) {
  return Error(ErrorKind::kInvalidArgument, "asof_join: " + std::move(message));
}

// Working arrays beside the collected inputs, in bytes a row.
std::int64_t BytesOfRow(bool has_keys, bool sorted) {
  constexpr std::int64_t kPointAndMatch = 8 + 1 + 4;
  constexpr std::int64_t kKeys = 4 + 12;           // a group, and the grouper's table
  constexpr std::int64_t kOrder = 2 * 16 + 4 + 8;  // the sort's items twice, rows, values
  return kPointAndMatch + (has_keys ? kKeys : 0) + (has_keys || !sorted ? kOrder : 0);
}

// Left rows walk through the right side in order unless they are so few that most slots would
// be walked past.
bool Walks(std::size_t left_rows, std::size_t slots) {
  constexpr std::size_t kSlotsOfRow = 16;
  return slots / kSlotsOfRow <= left_rows;
}

// Matches ranges of left rows.
class Matcher {
 public:
  Matcher(const AsofSide& left, const Slots& right, PointKind kind, const AsofJoinOptions& options)
      : left_(left), right_(right), kind_(kind), options_(options) {}

  // The right row of each left row, or kNoRow.
  Result<columnar::Scratch<Row>> Match(const KernelContext& context) {
    const std::size_t rows = left_.points.size();
    walks_ = Walks(rows, right_.size());
    if (walks_) {
      LG_ASSIGN_OR_RETURN(order_, OrderOf(left_, right_.groups(), context));
    }
    match_ = columnar::Scratch<Row>(rows, *PoolOf(context));
    LG_RETURN_IF_ERROR(ParallelRanges(context, {.rows = rows, .grain = kGrain},
                                      [&](std::size_t first, std::size_t last) -> Status {
                                        MatchRange(first, last);
                                        return {};
                                      }));
    return std::move(match_);
  }

 private:
  static constexpr std::size_t kGrain = std::size_t{1} << 14;

  void MatchRange(std::size_t first, std::size_t last) {
    AsofSearch search(right_, options_, kind_, walks_);
    AsofProbes probes;
    std::array<Row, AsofProbes::kMost> slots;
    for (std::size_t i = first; i < last; i += AsofProbes::kMost) {
      Fill(i, std::min(i + AsofProbes::kMost, last), &probes);
      search.Find(probes, slots.data());
      for (std::size_t p = 0; p < probes.count; ++p) {
        if (slots[p] != kNoRow) match_[probes.rows[p]] = right_.RowOf(slots[p]);
      }
    }
  }

  // Places [first, last) of the order as probes; rows that meet nothing are none.
  void Fill(std::size_t first, std::size_t last, AsofProbes* probes) {
    probes->count = 0;
    for (std::size_t i = first; i < last; ++i) {
      const Row row = order_.empty() ? static_cast<Row>(i) : order_[i];
      const Row group = left_.GroupOf(row);
      match_[row] = kNoRow;
      if (group == kNoRow) continue;
      const std::size_t at = probes->count++;
      probes->rows[at] = row;
      probes->values[at] = left_.points.value(row);
      std::tie(probes->begin[at], probes->end[at]) = right_.OfGroup(group);
    }
  }

  const AsofSide& left_;
  const Slots& right_;
  PointKind kind_;
  const AsofJoinOptions& options_;
  bool walks_ = false;
  columnar::Scratch<Row> order_;  // empty: as they stand
  columnar::Scratch<Row> match_;
};

struct Sides {
  columnar::Collected left;
  columnar::Collected right;
  AsofSide left_side;
  AsofSide right_side;
  std::size_t right_groups = 1;
};

Status ReadKeys(const AsofJoinOptions& options, const CancelToken& cancel, Sides* sides) {
  if (options.left_by.empty()) return {};
  KeyGrouper grouper(NullKeys::kNone);
  LG_ASSIGN_OR_RETURN(const auto right_by,
                      FindColumns(*sides->right.schema, options.right_by, "right_by"));
  LG_ASSIGN_OR_RETURN(const auto left_by,
                      FindColumns(*sides->left.schema, options.left_by, "left_by"));
  LG_ASSIGN_OR_RETURN(sides->right_side.groups, grouper.Assign(sides->right, right_by, cancel));
  sides->right_groups = grouper.groups();
  LG_ASSIGN_OR_RETURN(sides->left_side.groups, grouper.Assign(sides->left, left_by, cancel));
  // A group that only the left side has meets nothing.
  for (Row& group : sides->left_side.groups) {
    if (group >= sides->right_groups) group = kNoRow;
  }
  return {};
}

Status ReadSides(const AsofJoinOptions& options, PointKind kind, const KernelContext& context,
                 Sides* sides) {
  LG_ASSIGN_OR_RETURN(sides->left_side.points,
                      Points::Read(sides->left, options.left_on, kind, context));
  LG_ASSIGN_OR_RETURN(sides->right_side.points,
                      Points::Read(sides->right, options.right_on, kind, context));
  sides->left_side.sorted = options.left_sorted;
  sides->right_side.sorted = options.right_sorted;
  if (options.left_sorted) {
    LG_RETURN_IF_ERROR(
        VerifySorted(sides->left_side.points, kind, {"left", options.left_on}, context));
  }
  if (options.right_sorted) {
    LG_RETURN_IF_ERROR(
        VerifySorted(sides->right_side.points, kind, {"right", options.right_on}, context));
  }
  return ReadKeys(options, context.cancel, sides);
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
  const bool has_keys = !options.left_by.empty();
  LG_RETURN_IF_ERROR(budget.Take(BytesOfRow(has_keys, options.left_sorted) * sides.left.rows +
                                     BytesOfRow(has_keys, options.right_sorted) * sides.right.rows,
                                 kName));
  LG_RETURN_IF_ERROR(ReadSides(options, kind, context, &sides));
  LG_ASSIGN_OR_RETURN(const Slots slots,
                      Slots::Make(sides.right_side, sides.right_groups, context));
  LG_ASSIGN_OR_RETURN(columnar::Scratch<Row> match,
                      Matcher(sides.left_side, slots, kind, options).Match(context));
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
