// A batch whose lists become rows: how many each row gives, and any stretch of them.
#ifndef LAKEGATE_KERNELS_EXPLODED_BATCH_H_
#define LAKEGATE_KERNELS_EXPLODED_BATCH_H_

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "columnar/array_parts.h"
#include "columnar/gather.h"
#include "columnar/scratch.h"
#include "columnar/view.h"
#include "kernels/repeat_rows.h"
#include "lakegate/arrow.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// What becomes of the columns.
struct ExplodeLayout {
  std::vector<std::int64_t> parents;  // repeated
  std::vector<std::int64_t> lists;    // opened
  bool keep_empty = false;            // a row without elements gives one of nulls
  bool gives_index = false;
};

// The elements of one list column. Any number of threads may read.
class ListElements {
 public:
  // `view` is the column in `batch`; both, and the schema, must outlive the elements.
  static Result<ListElements> Open(const columnar::ColumnView& view,
                                   const columnar::SharedArray& batch,
                                   const std::shared_ptr<columnar::BufferPool>& pool);

  // [first, second) of the items of a row.
  std::pair<std::int64_t, std::int64_t> RangeOf(std::int64_t row) const {
    return view_.ListRange(row);
  }
  const columnar::ColumnView& view() const { return view_; }
  // Whether rows follow each other in the items without gaps, by their offsets alone.
  bool are_adjacent() const { return are_adjacent_; }

  OwnedArray Slice(std::int64_t first, std::int64_t count) const;
  // Items by position; columnar::kNullRow is a null.
  Result<OwnedArray> Gather(std::span<const std::int64_t> positions) const;

 private:
  ListElements(const columnar::ColumnView& view, columnar::SharedArray owner,
               columnar::Gatherer items)
      : view_(view), owner_(std::move(owner)), items_(std::move(items)) {}

  columnar::ColumnView view_;
  columnar::SharedArray owner_;
  columnar::Gatherer items_;
  bool are_adjacent_ = false;
};

class ExplodedBatch {
 public:
  // `batch` must have passed CheckArray; `schema` and `layout` must outlive the result. Rows
  // are called by number from `first_row` on in messages. kInvalidArgument when the lists of a
  // row differ in length; kCancelled.
  static Result<std::shared_ptr<const ExplodedBatch>> Open(const ArrowSchema& schema,
                                                           const columnar::SharedArray& batch,
                                                           const ExplodeLayout& layout,
                                                           std::int64_t first_row,
                                                           const KernelContext& context);

  // Rows that come out of it.
  std::int64_t rows() const { return ends_.empty() ? 0 : ends_[ends_.size() - 1]; }
  // Those from `begin` to before `end`; `positions` is working memory. Any number of threads
  // may ask. Errors as Gatherer::Columns.
  Result<OwnedArray> Make(std::int64_t begin, std::int64_t end,
                          std::vector<std::int64_t>* positions) const;

 private:
  ExplodedBatch(const ExplodeLayout& layout, RowRepeater parents,
                std::shared_ptr<columnar::BufferPool> pool)
      : layout_(layout), parents_(std::move(parents)), pool_(std::move(pool)) {}

  Status CountRows(const ArrowSchema& schema, std::int64_t rows, std::int64_t first_row,
                   const KernelContext& context);
  Result<std::int64_t> LengthOf(const ArrowSchema& schema, std::int64_t row,
                                std::int64_t first_row) const;
  Result<OwnedArray> ValuesOf(const ListElements& list, const RepeatedRows& rows,
                              std::vector<std::int64_t>* positions) const;
  OwnedArray IndexOf(const RepeatedRows& rows) const;
  bool IsEmpty(std::int64_t row) const {
    return has_empty_ && lists_.front().RangeOf(row).first == lists_.front().RangeOf(row).second;
  }

  const ExplodeLayout& layout_;
  RowRepeater parents_;
  std::shared_ptr<columnar::BufferPool> pool_;
  std::vector<ListElements> lists_;
  columnar::Scratch<std::int64_t> ends_;  // rows that come out of rows up to each
  bool has_empty_ = false;                // a row without elements is kept
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_EXPLODED_BATCH_H_
