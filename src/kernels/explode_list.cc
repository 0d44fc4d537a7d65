#include "lakegate/explode_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/view.h"
#include "kernels/batches_ahead.h"
#include "kernels/exploded_batch.h"
#include "kernels/key_groups.h"
#include "kernels/ordering.h"
#include "kernels/work.h"

namespace lakegate {
namespace kernels {
namespace {

using columnar::TypeId;

constexpr std::string_view kName = "explode_list";

Error Invalid(std::string message) {
  return Error(ErrorKind::kInvalidArgument, "explode_list: " + std::move(message));
}

bool IsList(const ArrowSchema& field) {
  const auto type = columnar::ParseFormat(field.format);
  if (!type || field.dictionary != nullptr) return false;
  switch (type->id) {
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kListView:
    case TypeId::kLargeListView:
    case TypeId::kFixedSizeList:
      return true;
    default:
      return false;
  }
}

// Positions of everything the options name.
Result<ExplodeLayout> FindLayout(const ArrowSchema& schema, const ExplodeListOptions& options) {
  ExplodeLayout layout;
  layout.keep_empty = options.keep_empty;
  layout.gives_index = !options.index.empty();
  LG_ASSIGN_OR_RETURN(layout.lists, FindColumns(schema, options.lists, "lists"));
  LG_ASSIGN_OR_RETURN(layout.parents, FindColumns(schema, options.parents, "parents"));
  for (const std::int64_t list : layout.lists) {
    const ArrowSchema& field = *schema.children[list];
    if (IsList(field)) continue;
    return Error(ErrorKind::kSchemaMismatch,
                 fmt::format("A column to explode must be a list: '{}' is {}.",
                             columnar::NameOf(field), columnar::TypeName(field)));
  }
  if (!options.parents.empty()) return layout;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    if (std::find(layout.lists.begin(), layout.lists.end(), i) == layout.lists.end()) {
      layout.parents.push_back(i);
    }
  }
  return layout;
}

OwnedSchema ValueField(const ArrowSchema& list, std::string_view name, bool keep_empty) {
  const ArrowSchema& item = *list.children[0];
  OwnedSchema field = CopySchema(item);
  columnar::SetName(name, &field);
  if (keep_empty) columnar::SetNullable(true, &field);
  return field;
}

Result<OwnedSchema> ExplodedSchema(const ArrowSchema& input, const ExplodeLayout& layout,
                                   const ExplodeListOptions& options) {
  std::vector<OwnedSchema> fields;
  std::vector<std::string> names;
  for (const std::int64_t parent : layout.parents) {
    fields.push_back(CopySchema(*input.children[parent]));
    names.emplace_back(columnar::NameOf(*input.children[parent]));
  }
  columnar::Metadata metadata = columnar::MetadataOf(input);
  WriteOrdering(KeptOrdering(metadata, names), &metadata);
  if (!options.index.empty()) {
    columnar::FieldSpec index;
    index.name = options.index;
    index.format = "l";
    index.nullable = options.keep_empty;
    fields.push_back(columnar::MakeField(index));
    names.push_back(options.index);
  }
  for (std::size_t i = 0; i < layout.lists.size(); ++i) {
    names.push_back(options.values.empty() ? options.lists[i] : options.values[i]);
    fields.push_back(
        ValueField(*input.children[layout.lists[i]], names.back(), options.keep_empty));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) ==
        names.begin() + static_cast<std::ptrdiff_t>(i)) {
      continue;
    }
    return Invalid(
        fmt::format("Two columns of the output would be called '{}'; name the elements "
                    "with the option values, or the parents with the option parents.",
                    names[i]));
  }
  return columnar::SchemaOf(std::move(fields), metadata);
}

// Rows [begin, end) that come out of an input batch.
struct ExplodedCut {
  std::shared_ptr<const ExplodedBatch> batch;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::vector<std::int64_t> positions;  // working memory
};

class Exploded final : public BatchesAhead<ExplodedCut> {
 public:
  Exploded(OwnedSchema schema, ArrowStream input, ExplodeLayout layout,
           const KernelContext& context)
      : BatchesAhead(std::move(schema), kName, context),
        input_(std::move(input)),
        layout_(std::move(layout)) {}

 protected:
  Result<bool> NextCut(ExplodedCut* cut) override {
    while (batch_ == nullptr || next_ == batch_->rows()) {
      batch_.reset();
      next_ = 0;
      LG_ASSIGN_OR_RETURN(const columnar::SharedArray read,
                          NextChecked(*input_, kName, context().cancel));
      if (read == nullptr) return false;
      LG_ASSIGN_OR_RETURN(
          batch_, ExplodedBatch::Open(input_->schema(), read, layout_, rows_before_, context()));
      rows_before_ += (*read)->length;
    }
    cut->batch = batch_;
    cut->begin = next_;
    next_ += std::min(context().batch_rows, batch_->rows() - next_);
    cut->end = next_;
    return true;
  }

  Result<OwnedArray> Make(ExplodedCut* cut) const override {
    const auto batch = std::exchange(cut->batch, nullptr);
    return batch->Make(cut->begin, cut->end, &cut->positions);
  }

 private:
  ArrowStream input_;
  ExplodeLayout layout_;
  std::int64_t rows_before_ = 0;  // rows of batches that were read
  std::shared_ptr<const ExplodedBatch> batch_;
  std::int64_t next_ = 0;  // the first row of it that was not cut
};

Result<ArrowStream> Run(ArrowStream input, const ExplodeListOptions& options,
                        const KernelContext& context) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_RETURN_IF_ERROR(context.Validate());
  LG_RETURN_IF_ERROR(columnar::CheckSchema(input->schema()));
  LG_ASSIGN_OR_RETURN(ExplodeLayout layout, FindLayout(input->schema(), options));
  LG_ASSIGN_OR_RETURN(OwnedSchema schema, ExplodedSchema(input->schema(), layout, options));
  return ArrowStream(
      std::make_unique<Exploded>(std::move(schema), std::move(input), std::move(layout), context));
}

// The first name that is empty or stands twice, over all lists of names.
Status CheckNames(std::vector<std::string> names, std::string_view what) {
  std::sort(names.begin(), names.end());
  if (!names.empty() && names.front().empty()) {
    return Invalid(fmt::format("A name in {} is empty.", what));
  }
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return {};
  return Invalid(fmt::format("The column '{}' is named twice in {}.", *twice, what));
}

}  // namespace
}  // namespace kernels

Status ExplodeListOptions::Validate() const {
  if (lists.empty()) return kernels::Invalid("At least one list column is needed.");
  std::vector<std::string> read = lists;
  read.insert(read.end(), parents.begin(), parents.end());
  LG_RETURN_IF_ERROR(kernels::CheckNames(std::move(read), "lists and parents"));
  LG_RETURN_IF_ERROR(kernels::CheckNames(values, "values"));
  if (values.empty() || values.size() == lists.size()) return {};
  return kernels::Invalid(
      fmt::format("The option values names the elements of each list: {} names "
                  "for {} lists.",
                  values.size(), lists.size()));
}

Result<ArrowStream> ExplodeList(ArrowStream input, const ExplodeListOptions& options,
                                const KernelContext& context) {
  try {
    return kernels::Run(std::move(input), options, context);
  } catch (const std::bad_alloc&) {
    return kernels::OutOfMemory(kernels::kName);
  }
}

}  // namespace lakegate
