// The lister of modes that say at most one thing about a left row.
#ifndef LAKEGATE_KERNELS_ROW_LISTER_H_
#define LAKEGATE_KERNELS_ROW_LISTER_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/try.h"
#include "kernels/align_answers.h"
#include "kernels/align_sides.h"
#include "kernels/work.h"
#include "lakegate/cancel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// `rows.Answer(sides, block, answers)` answers the left rows of a block, each at most once.
template <typename P, typename Rows>
class RowLister final : public AlignLister {
 public:
  RowLister(std::shared_ptr<const AlignSides<P>> sides, Rows rows, CancelToken cancel)
      : sides_(std::move(sides)), rows_(std::move(rows)), cancel_(std::move(cancel)) {}

  Result<std::size_t> List(std::size_t first, std::size_t last, std::size_t most,
                           Answers* answers) const override {
    // Each row has one answer at most, so that a part of the rows is never too much.
    last = std::min(last, first + most);
    LG_RETURN_IF_ERROR(ForLeftBlocks(*sides_, first, last, [&](const auto& block) -> Status {
      if (cancel_.cancelled()) return Cancelled("interval_align");
      rows_.Answer(*sides_, block, answers);
      return {};
    }));
    return last;
  }

 private:
  std::shared_ptr<const AlignSides<P>> sides_;
  Rows rows_;
  CancelToken cancel_;
};

template <typename P, typename Rows>
std::unique_ptr<AlignLister> MakeRowLister(std::shared_ptr<const AlignSides<P>> sides, Rows rows,
                                           const KernelContext& context) {
  return std::make_unique<RowLister<P, Rows>>(std::move(sides), std::move(rows), context.cancel);
}

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ROW_LISTER_H_
