#include "lakegate/row_ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <new>
#include <numeric>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/scratch.h"
#include "columnar/view.h"
#include "hashing/row_ids.h"
#include "kernels/batches_ahead.h"
#include "kernels/key_groups.h"
#include "kernels/words.h"
#include "kernels/work.h"

namespace lakegate {
namespace kernels {
namespace {

constexpr std::string_view kName = "row_ids";
constexpr std::size_t kRowsBetweenLooks = 8192;

constexpr Word<RowIdMethod> kMethods[] = {{RowIdMethod::kXxh3, "xxh3"},
                                          {RowIdMethod::kBlake3, "blake3"}};

Error Invalid(std::string message) {
  return Error(ErrorKind::kInvalidArgument, "row_ids: " + std::move(message));
}

OwnedSchema WithId(const ArrowSchema& input, const std::string& name) {
  std::vector<OwnedSchema> fields;
  for (std::int64_t i = 0; i < input.n_children; ++i) {
    fields.push_back(CopySchema(*input.children[i]));
  }
  columnar::FieldSpec id;
  id.name = name;
  id.format = "z";
  id.nullable = false;
  fields.push_back(columnar::MakeField(id));
  return columnar::SchemaOf(std::move(fields), columnar::MetadataOf(input));
}

// Columns that every row's id is made of: kUnsupported before a row is read.
Status CheckTypes(const ArrowSchema& schema, std::span<const std::int64_t> columns) {
  for (const std::int64_t column : columns) {
    const ArrowSchema& field = *schema.children[column];
    LG_ASSIGN_OR_RETURN(const columnar::DataType type, columnar::ParseFormat(field.format));
    if (type.layout == columnar::Layout::kDenseUnion ||
        type.layout == columnar::Layout::kSparseUnion) {
      return Error(ErrorKind::kUnsupported,
                   fmt::format("A row id cannot be made of a union: '{}' is {}; name the columns "
                               "that make the id without it.",
                               columnar::NameOf(field), columnar::TypeName(field)));
    }
  }
  return {};
}

// Rows of an input batch that become an output batch.
struct IdCut {
  columnar::SharedArray rows;
};

class IdStream final : public BatchesAhead<IdCut> {
 public:
  IdStream(OwnedSchema schema, ArrowStream input, RowIdMethod method,
           std::vector<std::int64_t> columns, const KernelContext& context)
      : BatchesAhead(std::move(schema), kName, context),
        input_(std::move(input)),
        method_(method),
        columns_(std::move(columns)) {}

 protected:
  Result<bool> NextCut(IdCut* cut) override {
    while (!batch_ || next_ == (*batch_)->length) {
      next_ = 0;
      batch_.reset();
      LG_ASSIGN_OR_RETURN(batch_, NextChecked(*input_, kName, context().cancel));
      if (batch_ == nullptr) return false;
    }
    const std::int64_t rows = std::min(context().batch_rows, (*batch_)->length - next_);
    cut->rows = columnar::ShareArray(columnar::SliceBatch(batch_, next_, rows));
    next_ += rows;
    return true;
  }

  Result<OwnedArray> Make(IdCut* cut) const override {
    const columnar::SharedArray batch = std::exchange(cut->rows, nullptr);
    const ArrowArray& raw = **batch;
    std::vector<OwnedArray> columns;
    for (std::int64_t i = 0; i < raw.n_children; ++i) {
      columns.push_back(columnar::Borrow(*raw.children[i], batch));
    }
    LG_ASSIGN_OR_RETURN(OwnedArray ids, IdsOf(raw));
    columns.push_back(std::move(ids));
    return columnar::BatchOf(std::move(columns), raw.length);
  }

 private:
  Result<OwnedArray> IdsOf(const ArrowArray& batch) const {
    LG_ASSIGN_OR_RETURN(const auto view, columnar::BatchView::Open(input_->schema(), batch));
    LG_ASSIGN_OR_RETURN(const auto rows, hashing::RowEncoder::Open(view, columns_));
    const bool is_short = method_ == RowIdMethod::kXxh3;
    const std::size_t width = is_short ? hashing::kRowId128Bytes : hashing::kRowDigestBytes;
    const auto count = static_cast<std::size_t>(batch.length);
    const auto pool = PoolOf(context());
    columnar::Scratch<std::int32_t> offsets(count + 1, *pool);
    columnar::Scratch<std::uint8_t> ids(count * width, *pool);
    const auto hash = is_short ? &hashing::RowIds128 : &hashing::RowDigests;
    for (std::size_t first = 0; first < count; first += kRowsBetweenLooks) {
      if (context().cancel.cancelled()) return Cancelled(kName);
      const std::size_t step = std::min(kRowsBetweenLooks, count - first);
      hash(rows, static_cast<std::int64_t>(first), static_cast<std::int64_t>(step),
           ids.data() + first * width);
    }
    for (std::size_t i = 0; i <= count; ++i) offsets[i] = static_cast<std::int32_t>(i * width);
    columnar::ArrayParts parts;
    parts.length = batch.length;
    parts.buffers = {{}, std::move(offsets).ToShared(), std::move(ids).ToShared()};
    return columnar::MakeArray(std::move(parts));
  }

  ArrowStream input_;
  RowIdMethod method_;
  std::vector<std::int64_t> columns_;
  columnar::SharedArray batch_;
  std::int64_t next_ = 0;  // row of batch_
};

Result<ArrowStream> Run(ArrowStream input, const RowIdsOptions& options, KernelContext context) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_RETURN_IF_ERROR(context.Validate());
  const ArrowSchema& schema = input->schema();
  LG_RETURN_IF_ERROR(columnar::CheckSchema(schema));
  std::vector<std::int64_t> columns(static_cast<std::size_t>(schema.n_children));
  std::iota(columns.begin(), columns.end(), 0);
  if (!options.columns.empty()) {
    LG_ASSIGN_OR_RETURN(columns, FindColumns(schema, options.columns, "columns"));
  }
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    if (columnar::NameOf(*schema.children[i]) != options.id) continue;
    return Invalid(
        fmt::format("The input has a column of the id's name already: '{}'; choose "
                    "another with the option id.",
                    options.id));
  }
  LG_RETURN_IF_ERROR(CheckTypes(schema, columns));
  // Offsets of an id column are 32 bits wide.
  constexpr std::int64_t kMostRowsOfBatch = std::numeric_limits<std::int32_t>::max() /
                                            static_cast<std::int64_t>(hashing::kRowDigestBytes);
  context.batch_rows = std::min(context.batch_rows, kMostRowsOfBatch);
  OwnedSchema extended = WithId(schema, options.id);
  return ArrowStream(std::make_unique<IdStream>(std::move(extended), std::move(input),
                                                options.method, std::move(columns), context));
}

}  // namespace
}  // namespace kernels

std::string_view RowIdMethodText(RowIdMethod method) {
  return kernels::TextOf<RowIdMethod>(kernels::kMethods, method);
}

Result<RowIdMethod> RowIdMethodFromText(std::string_view text) {
  return kernels::FromText<RowIdMethod>(kernels::kMethods, text, "row id method");
}

Status RowIdsOptions::Validate() const {
  if (id.empty()) return kernels::Invalid("The option id must not be empty.");
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].empty()) return kernels::Invalid("A column has an empty name.");
    if (std::find(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(i), columns[i]) !=
        columns.begin() + static_cast<std::ptrdiff_t>(i)) {
      return kernels::Invalid(fmt::format("The column '{}' is named twice.", columns[i]));
    }
  }
  return {};
}

Result<ArrowStream> RowIds(ArrowStream input, const RowIdsOptions& options,
                           const KernelContext& context) {
  try {
    return kernels::Run(std::move(input), options, context);
  } catch (const std::bad_alloc&) {
    return kernels::OutOfMemory(kernels::kName);
  }
}

}  // namespace lakegate
