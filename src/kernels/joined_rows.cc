#include "kernels/joined_rows.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/try.h"
#include "columnar/array_parts.h"
#include "columnar/gather.h"
#include "kernels/batches_ahead.h"

namespace lakegate::kernels {
namespace {

struct JoinedTables {
  columnar::Gatherer left;
  columnar::Gatherer right;
};

// Left rows [first, last), how many of them are wanted, and room to list them and their partners.
struct JoinedCut {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t wanted = 0;
  std::vector<std::int64_t> left;
  std::vector<std::int64_t> right;
};

class Joined final : public BatchesAhead<JoinedCut> {
 public:
  Joined(OwnedSchema schema, std::string_view kernel, const KernelContext& context,
         columnar::Scratch<Row> match, JoinHow how, JoinedTables tables)
      : BatchesAhead(std::move(schema), kernel, context),
        match_(std::move(match)),
        how_(how),
        tables_(std::move(tables)) {}

 protected:
  Result<bool> NextCut(JoinedCut* cut) override {
    const auto most = static_cast<std::size_t>(context().batch_rows);
    cut->first = next_;
    std::size_t wanted = 0;
    while (next_ < match_.size() && wanted < most) {
      if (context().cancel.cancelled()) return Cancelled(kernel());
      // As many rows as there is room for, of which not all need be wanted.
      const std::size_t last = next_ + std::min({most - wanted, match_.size() - next_, kBlock});
      for (; next_ < last; ++next_) wanted += IsWanted(match_[next_]) ? 1 : 0;
    }
    cut->last = next_;
    cut->wanted = wanted;
    return wanted > 0;
  }

  Result<OwnedArray> Make(JoinedCut* cut) const override {
    LG_ASSIGN_OR_RETURN(auto columns, LeftColumns(cut));
    if (GivesRight(how_)) {
      cut->right.clear();
      cut->right.reserve(cut->wanted);
      for (std::size_t row = cut->first; row < cut->last; ++row) {
        const Row match = match_[row];
        if (IsWanted(match)) cut->right.push_back(match == kNoRow ? columnar::kNullRow : match);
      }
      LG_ASSIGN_OR_RETURN(auto right, tables_.right.Columns(cut->right));
      for (OwnedArray& column : right) columns.push_back(std::move(column));
    }
    return columnar::BatchOf(std::move(columns), static_cast<std::int64_t>(cut->wanted));
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 16;  // rows between looks at the token

  Result<std::vector<OwnedArray>> LeftColumns(JoinedCut* cut) const {
    if (cut->wanted == cut->last - cut->first) {
      return tables_.left.Range(static_cast<std::int64_t>(cut->first),
                                static_cast<std::int64_t>(cut->wanted));
    }
    cut->left.clear();
    cut->left.reserve(cut->wanted);
    for (std::size_t row = cut->first; row < cut->last; ++row) {
      if (IsWanted(match_[row])) cut->left.push_back(static_cast<std::int64_t>(row));
    }
    return tables_.left.Columns(cut->left);
  }

  bool IsWanted(Row match) const {
    if (how_ == JoinHow::kLeft) return true;
    return (match == kNoRow) == (how_ == JoinHow::kAnti);
  }

  columnar::Scratch<Row> match_;
  JoinHow how_;
  JoinedTables tables_;
  std::size_t next_ = 0;
};

}  // namespace

Result<ArrowStream> JoinedRows(OwnedSchema schema, columnar::Collected left,
                               columnar::Collected right, columnar::Scratch<Row> match, JoinHow how,
                               const KernelContext& context, std::string_view kernel) {
  LG_ASSIGN_OR_RETURN(columnar::Gatherer left_rows,
                      columnar::Gatherer::Make(*left.schema, left.batches, PoolOf(context)));
  LG_ASSIGN_OR_RETURN(columnar::Gatherer right_rows,
                      columnar::Gatherer::Make(*right.schema, right.batches, PoolOf(context)));
  return ArrowStream(
      std::make_unique<Joined>(std::move(schema), kernel, context, std::move(match), how,
                               JoinedTables{std::move(left_rows), std::move(right_rows)}));
}

}  // namespace lakegate::kernels
