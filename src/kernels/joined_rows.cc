#include "kernels/joined_rows.h"

#include <optional>
#include <utility>

#include "base/try.h"
#include "columnar/array_parts.h"
#include "columnar/gather.h"
#include "kernels/kernel_stream.h"
#include "kernels/parallel.h"

namespace lakegate::kernels {
namespace {

class Joined final : public KernelStream {
 public:
  Joined(OwnedSchema schema, std::string_view kernel, const KernelContext& context,
         std::vector<Row> match, JoinHow how, columnar::Gatherer left, columnar::Gatherer right,
         std::int64_t left_columns)
      : KernelStream(std::move(schema), kernel),
        kernel_(kernel),
        context_(context),
        match_(std::move(match)),
        how_(how),
        left_(std::move(left)),
        right_(std::move(right)),
        left_columns_(left_columns) {}

 protected:
  Result<std::optional<OwnedArray>> Produce() override {
    left_rows_.clear();
    right_rows_.clear();
    const auto most = static_cast<std::size_t>(context_.batch_rows);
    for (; next_ < match_.size() && left_rows_.size() < most; ++next_) {
      if (StopAt(next_, context_.cancel)) return Cancelled(kernel_);
      if (!IsWanted(match_[next_])) continue;
      left_rows_.push_back(static_cast<std::int64_t>(next_));
      right_rows_.push_back(match_[next_] == kNoRow ? columnar::kNullRow : match_[next_]);
    }
    if (left_rows_.empty()) return std::optional<OwnedArray>();
    columnar::ArrayParts parts;
    parts.length = static_cast<std::int64_t>(left_rows_.size());
    parts.buffers.resize(1);
    parts.children.resize(static_cast<std::size_t>(schema().n_children));
    LG_RETURN_IF_ERROR(ParallelFor(context_, parts.children.size(), [&](std::size_t i) -> Status {
      const auto column = static_cast<std::int64_t>(i);
      const bool is_left = column < left_columns_;
      const std::int64_t wanted[] = {is_left ? column : column - left_columns_};
      LG_ASSIGN_OR_RETURN(auto gathered, is_left ? left_.Columns(left_rows_, wanted)
                                                 : right_.Columns(right_rows_, wanted));
      parts.children[i] = std::move(gathered.front());
      return {};
    }));
    return std::optional<OwnedArray>(columnar::MakeArray(std::move(parts)));
  }

 private:
  bool IsWanted(Row match) const {
    if (how_ == JoinHow::kLeft) return true;
    return (match == kNoRow) == (how_ == JoinHow::kAnti);
  }

  std::string_view kernel_;
  KernelContext context_;
  std::vector<Row> match_;
  JoinHow how_;
  columnar::Gatherer left_;
  columnar::Gatherer right_;
  std::int64_t left_columns_;
  std::size_t next_ = 0;
  // The batch being made.
  std::vector<std::int64_t> left_rows_;
  std::vector<std::int64_t> right_rows_;
};

}  // namespace

Result<ArrowStream> JoinedRows(OwnedSchema schema, columnar::Collected left,
                               columnar::Collected right, std::vector<Row> match, JoinHow how,
                               const KernelContext& context, std::string_view kernel) {
  const std::int64_t left_columns = left.schema->n_children;
  LG_ASSIGN_OR_RETURN(columnar::Gatherer left_rows,
                      columnar::Gatherer::Make(*left.schema, left.batches, PoolOf(context)));
  LG_ASSIGN_OR_RETURN(columnar::Gatherer right_rows,
                      columnar::Gatherer::Make(*right.schema, right.batches, PoolOf(context)));
  return ArrowStream(std::make_unique<Joined>(std::move(schema), kernel, context, std::move(match),
                                              how, std::move(left_rows), std::move(right_rows),
                                              left_columns));
}

}  // namespace lakegate::kernels
