#include "kernels/row_stream.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/try.h"
#include "columnar/array_parts.h"
#include "columnar/gather.h"
#include "columnar/schema.h"
#include "kernels/kernel_stream.h"
#include "kernels/ordering.h"
#include "kernels/parallel.h"

namespace lakegate::kernels {
namespace {

// Fewer cells than this are gathered faster by one thread than handed to several.
constexpr std::size_t kFewCells = 1 << 14;

class GatheredRows final : public KernelStream {
 public:
  GatheredRows(OwnedSchema schema, std::string_view kernel, const KernelContext& context,
               std::vector<Row> rows, columnar::Gatherer gatherer)
      : KernelStream(std::move(schema), kernel),
        kernel_(kernel),
        context_(context),
        rows_(std::move(rows)),
        gatherer_(std::move(gatherer)) {}

 protected:
  Result<std::optional<OwnedArray>> Produce() override {
    if (context_.cancel.cancelled()) return Cancelled(kernel_);
    if (next_ == rows_.size()) return std::optional<OwnedArray>();
    const std::size_t count =
        std::min(static_cast<std::size_t>(context_.batch_rows), rows_.size() - next_);
    const auto first = rows_.begin() + static_cast<std::ptrdiff_t>(next_);
    batch_.assign(first, first + static_cast<std::ptrdiff_t>(count));
    next_ += count;
    columnar::ArrayParts parts;
    parts.length = static_cast<std::int64_t>(count);
    parts.buffers.resize(1);
    LG_ASSIGN_OR_RETURN(parts.children, Columns());
    return std::optional<OwnedArray>(columnar::MakeArray(std::move(parts)));
  }

 private:
  Result<std::vector<OwnedArray>> Columns() const {
    std::vector<OwnedArray> columns(static_cast<std::size_t>(schema().n_children));
    KernelContext context = context_;
    if (columns.size() * batch_.size() < kFewCells) context.threads = 1;
    LG_RETURN_IF_ERROR(ParallelFor(context, columns.size(), [&](std::size_t i) -> Status {
      const std::int64_t wanted[] = {static_cast<std::int64_t>(i)};
      LG_ASSIGN_OR_RETURN(auto gathered, gatherer_.Columns(batch_, wanted));
      columns[i] = std::move(gathered.front());
      return {};
    }));
    return columns;
  }

  std::string_view kernel_;
  KernelContext context_;
  std::vector<Row> rows_;
  columnar::Gatherer gatherer_;
  std::size_t next_ = 0;
  std::vector<std::int64_t> batch_;  // the rows of the batch being made
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
