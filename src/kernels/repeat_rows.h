// Columns whose rows are repeated, each a number of times of its own.
//
// A column of fixed width without nulls is filled run by run; any other is gathered.
#ifndef LAKEGATE_KERNELS_REPEAT_ROWS_H_
#define LAKEGATE_KERNELS_REPEAT_ROWS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columnar/array_parts.h"
#include "columnar/gather.h"
#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// Output rows [begin, end), where output rows up to ends[r] come from rows up to r.
struct RepeatedRows {
  std::span<const std::int64_t> ends;
  std::int64_t begin = 0;
  std::int64_t end = 0;

  std::int64_t size() const { return end - begin; }

  // visit(row, first, count) for every row that is repeated: `count` times, from its `first`
  // time on.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    const auto at = std::upper_bound(ends.begin(), ends.end(), begin);
    auto row = static_cast<std::size_t>(at - ends.begin());
    std::int64_t before = row == 0 ? 0 : ends[row - 1];
    for (std::int64_t place = begin; place < end; ++row) {
      const std::int64_t last = std::min(ends[row], end);
      if (last > place) visit(static_cast<std::int64_t>(row), place - before, last - place);
      place = std::max(place, last);
      before = ends[row];
    }
  }
};

// Any number of threads may ask for columns at once.
class RowRepeater {
 public:
  // The columns of a checked batch; `schema` must outlive the repeater, the batch is shared.
  static Result<RowRepeater> Make(const ArrowSchema& schema, const columnar::SharedArray& batch,
                                  const std::vector<std::int64_t>& columns,
                                  std::shared_ptr<columnar::BufferPool> pool);

  // `positions` is working memory. Errors as Gatherer::Columns.
  Result<std::vector<OwnedArray>> Columns(const RepeatedRows& rows,
                                          std::vector<std::int64_t>* positions) const;

 private:
  struct Column {
    std::int64_t index = 0;
    // Fixed width without nulls: filled, run by run. Null: gathered.
    const std::uint8_t* values = nullptr;
    std::int64_t width = 0;
  };

  RowRepeater(columnar::SharedArray batch, columnar::Gatherer gatherer,
              std::shared_ptr<columnar::BufferPool> pool)
      : batch_(std::move(batch)), gatherer_(std::move(gatherer)), pool_(std::move(pool)) {}
  OwnedArray Fill(const Column& column, const RepeatedRows& rows) const;

  columnar::SharedArray batch_;
  columnar::Gatherer gatherer_;
  std::shared_ptr<columnar::BufferPool> pool_;
  std::vector<Column> columns_;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_REPEAT_ROWS_H_
