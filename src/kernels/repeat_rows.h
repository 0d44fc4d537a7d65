// Rows of a batch, each repeated some times in a row: what a list explosion does to parents.
#ifndef LAKEGATE_KERNELS_REPEAT_ROWS_H_
#define LAKEGATE_KERNELS_REPEAT_ROWS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columnar/array_parts.h"
#include "columnar/gather.h"
#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

struct RepeatedRow {
  std::int64_t row = 0;
  std::int64_t count = 0;
};

class RowRepeater {
 public:
  // The columns of a checked batch; `schema` must outlive the repeater, the batch is shared.
  static Result<RowRepeater> Make(const ArrowSchema& schema, const columnar::SharedArray& batch,
                                  const std::vector<std::int64_t>& columns,
                                  std::shared_ptr<columnar::BufferPool> pool);

  // `total` is the sum of the counts. Errors as Gatherer::Columns.
  Result<std::vector<OwnedArray>> Columns(std::span<const RepeatedRow> rows, std::int64_t total);

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
  OwnedArray Fill(const Column& column, std::span<const RepeatedRow> rows,
                  std::int64_t total) const;

  columnar::SharedArray batch_;
  columnar::Gatherer gatherer_;
  std::shared_ptr<columnar::BufferPool> pool_;
  std::vector<Column> columns_;
  std::vector<std::int64_t> positions_;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_REPEAT_ROWS_H_
