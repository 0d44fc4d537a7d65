#include "kernels/row_stream.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "columnar/gather.h"
#include "columnar/schema.h"
#include "kernels/batches_ahead.h"
#include "kernels/ordering.h"

namespace lakegate::kernels {
namespace {

class GatheredRows final : public BatchesAhead {
 public:
  GatheredRows(OwnedSchema schema, std::string_view kernel, const KernelContext& context,
               std::vector<Row> rows, columnar::Gatherer gatherer)
      : BatchesAhead(std::move(schema), kernel, context),
        rows_(std::move(rows)),
        gatherer_(std::move(gatherer)) {}

 protected:
  Result<bool> Cut(BatchRows* rows) override {
    const std::size_t count =
        std::min(static_cast<std::size_t>(context().batch_rows), rows_.size() - next_);
    const auto first = rows_.begin() + static_cast<std::ptrdiff_t>(next_);
    rows->left.assign(first, first + static_cast<std::ptrdiff_t>(count));
    next_ += count;
    return count > 0;
  }

  Result<std::vector<OwnedArray>> Gather(const BatchRows& rows) const override {
    return gatherer_.Columns(rows.left);
  }

 private:
  std::vector<Row> rows_;
  columnar::Gatherer gatherer_;
  std::size_t next_ = 0;
};

}  // namespace

Result<ArrowStream> RowStream(OwnedSchema schema, columnar::Collected table, std::vector<Row> rows,
                              const KernelContext& context, std::string_view kernel) {
  LG_ASSIGN_OR_RETURN(columnar::Gatherer gatherer,
                      columnar::Gatherer::Make(*table.schema, table.batches, PoolOf(context)));
  return ArrowStream(std::make_unique<GatheredRows>(std::move(schema), kernel, context,
                                                    std::move(rows), std::move(gatherer)));
}

OwnedSchema SchemaInOrder(const ArrowSchema& input) {
  OwnedSchema schema = CopySchema(input);
  columnar::Metadata metadata = columnar::MetadataOf(input);
  WriteOrdering(KeptOrdering(metadata), &metadata);
  columnar::SetMetadata(metadata, &schema);
  return schema;
}

}  // namespace lakegate::kernels
