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

// Rows of a list, and the same wide enough for the gatherer.
struct ListedRows {
  std::size_t first = 0;
  std::size_t last = 0;
  std::vector<std::int64_t> rows;
};

class GatheredRows final : public BatchesAhead<ListedRows> {
 public:
  GatheredRows(OwnedSchema schema, std::string_view kernel, const KernelContext& context,
               std::vector<Row> rows, columnar::Gatherer gatherer)
      : BatchesAhead(std::move(schema), kernel, context),
        rows_(std::move(rows)),
        gatherer_(std::move(gatherer)) {}

 protected:
  Result<bool> NextCut(ListedRows* cut) override {
    cut->first = next_;
    next_ += std::min(static_cast<std::size_t>(context().batch_rows), rows_.size() - next_);
    cut->last = next_;
    return cut->last > cut->first;
  }

  Result<OwnedArray> Make(ListedRows* cut) const override {
    cut->rows.assign(rows_.begin() + static_cast<std::ptrdiff_t>(cut->first),
                     rows_.begin() + static_cast<std::ptrdiff_t>(cut->last));
    return gatherer_.Rows(cut->rows);
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
