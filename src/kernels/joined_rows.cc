#include "kernels/joined_rows.h"

#include <utility>

#include "base/try.h"
#include "columnar/gather.h"
#include "kernels/batches_ahead.h"

namespace lakegate::kernels {
namespace {

struct JoinedTables {
  columnar::Gatherer left;
  columnar::Gatherer right;
};

class Joined final : public BatchesAhead {
 public:
  Joined(OwnedSchema schema, std::string_view kernel, const KernelContext& context,
         std::vector<Row> match, JoinHow how, JoinedTables tables)
      : BatchesAhead(std::move(schema), kernel, context),
        match_(std::move(match)),
        how_(how),
        tables_(std::move(tables)) {}

 protected:
  Result<bool> Cut(BatchRows* rows) override {
    const auto most = static_cast<std::size_t>(context().batch_rows);
    for (; next_ < match_.size() && rows->left.size() < most; ++next_) {
      if (StopAt(next_, context().cancel)) return Cancelled(kernel());
      if (!IsWanted(match_[next_])) continue;
      rows->left.push_back(static_cast<std::int64_t>(next_));
      rows->right.push_back(match_[next_] == kNoRow ? columnar::kNullRow : match_[next_]);
    }
    return !rows->left.empty();
  }

  Result<std::vector<OwnedArray>> Gather(const BatchRows& rows) const override {
    LG_ASSIGN_OR_RETURN(auto columns, tables_.left.Columns(rows.left));
    if (!GivesRight(how_)) return columns;
    LG_ASSIGN_OR_RETURN(auto right, tables_.right.Columns(rows.right));
    for (OwnedArray& column : right) columns.push_back(std::move(column));
    return columns;
  }

 private:
  bool IsWanted(Row match) const {
    if (how_ == JoinHow::kLeft) return true;
    return (match == kNoRow) == (how_ == JoinHow::kAnti);
  }

  std::vector<Row> match_;
  JoinHow how_;
  JoinedTables tables_;
  std::size_t next_ = 0;
};

}  // namespace

Result<ArrowStream> JoinedRows(OwnedSchema schema, columnar::Collected left,
                               columnar::Collected right, std::vector<Row> match, JoinHow how,
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
