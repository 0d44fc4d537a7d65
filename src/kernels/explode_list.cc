#include "lakegate/explode_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include "base/try.h"
#include "columnar/bits.h"
#include "columnar/gather.h"
#include "columnar/schema.h"
#include "columnar/scratch.h"
#include "columnar/view.h"
#include "kernels/kernel_stream.h"
#include "kernels/key_groups.h"
#include "kernels/ordering.h"
#include "kernels/repeat_rows.h"
#include "kernels/work.h"

namespace lakegate {
namespace kernels {
namespace {

using columnar::ColumnView;
using columnar::Gatherer;
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
struct Layout {
  std::vector<std::int64_t> parents;
  std::vector<std::int64_t> lists;
};

Result<Layout> FindLayout(const ArrowSchema& schema, const ExplodeListOptions& options) {
  Layout layout;
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

Result<OwnedSchema> ExplodedSchema(const ArrowSchema& input, const Layout& layout,
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

// The elements of one list column of a batch.
class Elements {
 public:
  static Result<Elements> Open(const ArrowSchema& schema, const columnar::SharedArray& batch,
                               const ColumnView& view, std::int64_t column,
                               std::shared_ptr<columnar::BufferPool> pool) {
    Elements elements(view, std::move(pool));
    elements.item_schema_ = schema.children[column]->children[0];
    elements.items_ = view.array().children[0];
    elements.owner_ = batch;
    return elements;
  }

  // [first, end) of the items of a row.
  std::pair<std::int64_t, std::int64_t> RangeOf(std::int64_t row) const {
    return view_.ListRange(row);
  }

  OwnedArray Slice(std::int64_t first, std::int64_t count) const {
    return columnar::SliceArray(*items_, owner_, first, count);
  }

  // Items by position; -1 is null.
  Result<OwnedArray> Gather(std::span<const std::int64_t> positions) {
    if (!gatherer_) {
      columnar::ArrayParts parts;
      parts.length = items_->length;
      parts.buffers.resize(1);
      parts.children.push_back(columnar::Borrow(*items_, owner_));
      std::vector<OwnedSchema> fields;
      fields.push_back(CopySchema(*item_schema_));
      const OwnedSchema schema = columnar::SchemaOf(std::move(fields));
      LG_ASSIGN_OR_RETURN(
          Gatherer gatherer,
          Gatherer::Make(*schema, {columnar::ShareArray(columnar::MakeArray(std::move(parts)))},
                         pool_));
      gatherer_ = std::move(gatherer);
    }
    constexpr std::int64_t kOnly[] = {0};
    LG_ASSIGN_OR_RETURN(auto columns, gatherer_->Columns(positions, kOnly));
    return std::move(columns.front());
  }

 private:
  Elements(const ColumnView& view, std::shared_ptr<columnar::BufferPool> pool)
      : view_(view), pool_(std::move(pool)) {}

  ColumnView view_;
  std::shared_ptr<columnar::BufferPool> pool_;
  const ArrowSchema* item_schema_ = nullptr;
  const ArrowArray* items_ = nullptr;
  columnar::SharedArray owner_;
  std::optional<Gatherer> gatherer_;
};

// A part of a row's lists in an output batch: `count` elements from `index` on, or one row of
// nulls.
struct Piece {
  std::int64_t row = 0;
  std::int64_t index = 0;
  std::int64_t count = 0;
  bool is_empty = false;
};

class Exploded final : public KernelStream {
 public:
  Exploded(OwnedSchema schema, ArrowStream input, ExplodeListOptions options, Layout layout,
           KernelContext context)
      : KernelStream(std::move(schema), kName),
        input_(std::move(input)),
        options_(std::move(options)),
        layout_(std::move(layout)),
        context_(std::move(context)) {}

 protected:
  Result<std::optional<OwnedArray>> Produce() override {
    while (true) {
      if (context_.cancel.cancelled()) return Cancelled(kName);
      if (!batch_) {
        LG_ASSIGN_OR_RETURN(const bool more, ReadBatch());
        if (!more) return std::optional<OwnedArray>();
      }
      LG_RETURN_IF_ERROR(CutPieces());
      if (pieces_.empty()) {
        batch_.reset();
        continue;
      }
      LG_ASSIGN_OR_RETURN(OwnedArray made, MakeBatch());
      return std::optional<OwnedArray>(std::move(made));
    }
  }

 private:
  Result<bool> ReadBatch() {
    rows_before_ += rows_;
    rows_ = 0;
    LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> read, input_->Next());
    if (!read) return false;
    LG_RETURN_IF_ERROR(columnar::CheckArray(input_->schema(), **read));
    batch_ = columnar::ShareArray(*std::move(read));
    rows_ = (*batch_)->length;
    row_ = 0;
    index_ = 0;
    const auto pool = PoolOf(context_);
    LG_ASSIGN_OR_RETURN(const auto view, columnar::BatchView::Open(input_->schema(), **batch_));
    lists_.clear();
    for (const std::int64_t list : layout_.lists) {
      LG_ASSIGN_OR_RETURN(Elements elements,
                          Elements::Open(input_->schema(), batch_, view.column(list), list, pool));
      lists_.push_back(std::move(elements));
    }
    LG_ASSIGN_OR_RETURN(RowRepeater parents,
                        RowRepeater::Make(input_->schema(), batch_, layout_.parents, pool));
    parents_ = std::move(parents);
    return true;
  }

  // How many elements each list of a row has: the same number.
  Result<std::int64_t> LengthOf(std::int64_t row) const {
    const auto [first, end] = lists_.front().RangeOf(row);
    for (std::size_t i = 1; i < lists_.size(); ++i) {
      const auto [other_first, other_end] = lists_[i].RangeOf(row);
      if (other_end - other_first == end - first) continue;
      return Invalid(
          fmt::format("The lists of a row must be of one length: in row {} '{}' has {} elements "
                      "and '{}' has {}.",
                      rows_before_ + row, options_.lists.front(), end - first, options_.lists[i],
                      other_end - other_first));
    }
    return end - first;
  }

  // The pieces of the next output batch, at most batch_rows rows together.
  Status CutPieces() {
    pieces_.clear();
    out_rows_ = 0;
    while (row_ < rows_ && out_rows_ < context_.batch_rows) {
      if (StopAt(static_cast<std::size_t>(row_), context_.cancel)) return Cancelled(kName);
      LG_ASSIGN_OR_RETURN(const std::int64_t length, LengthOf(row_));
      if (length == 0) {
        if (options_.keep_empty) AddPiece({.row = row_, .count = 1, .is_empty = true});
        ++row_;
        continue;
      }
      const std::int64_t count = std::min(length - index_, context_.batch_rows - out_rows_);
      AddPiece({.row = row_, .index = index_, .count = count});
      index_ += count;
      if (index_ < length) continue;
      index_ = 0;
      ++row_;
    }
    return {};
  }

  void AddPiece(const Piece& piece) {
    pieces_.push_back(piece);
    out_rows_ += piece.count;
  }

  Result<OwnedArray> MakeBatch() {
    columnar::ArrayParts parts;
    parts.length = out_rows_;
    parts.buffers.resize(1);
    repeats_.clear();
    for (const Piece& piece : pieces_) repeats_.push_back({piece.row, piece.count});
    LG_ASSIGN_OR_RETURN(parts.children, parents_->Columns(repeats_, out_rows_));
    if (!options_.index.empty()) parts.children.push_back(IndexColumn());
    for (Elements& list : lists_) {
      LG_ASSIGN_OR_RETURN(OwnedArray values, ValuesOf(list));
      parts.children.push_back(std::move(values));
    }
    return columnar::MakeArray(std::move(parts));
  }

  // The items themselves where the pieces lie one behind the other, a copy otherwise.
  Result<OwnedArray> ValuesOf(Elements& list) {
    const std::int64_t begin = list.RangeOf(pieces_.front().row).first + pieces_.front().index;
    std::int64_t next = begin;
    for (const Piece& piece : pieces_) {
      if (piece.is_empty || list.RangeOf(piece.row).first + piece.index != next) {
        return GatherValues(list);
      }
      next += piece.count;
    }
    return list.Slice(begin, next - begin);
  }

  Result<OwnedArray> GatherValues(Elements& list) {
    positions_.clear();
    for (const Piece& piece : pieces_) {
      if (piece.is_empty) {
        positions_.push_back(columnar::kNullRow);
        continue;
      }
      const std::int64_t first = list.RangeOf(piece.row).first + piece.index;
      for (std::int64_t i = 0; i < piece.count; ++i) positions_.push_back(first + i);
    }
    return list.Gather(positions_);
  }

  OwnedArray IndexColumn() const {
    const auto pool = PoolOf(context_);
    columnar::Scratch<std::int64_t> places(static_cast<std::size_t>(out_rows_), *pool);
    const std::int64_t bytes = columnar::BytesOfBits(out_rows_);
    columnar::Scratch<std::uint8_t> validity(static_cast<std::size_t>(bytes), *pool);
    std::memset(validity.data(), 0xff, validity.size());
    std::size_t at = 0;
    std::int64_t nulls = 0;
    for (const Piece& piece : pieces_) {
      if (piece.is_empty) {
        columnar::ClearBit(validity.data(), static_cast<std::int64_t>(at));
        places[at++] = 0;
        ++nulls;
        continue;
      }
      for (std::int64_t i = 0; i < piece.count; ++i) places[at++] = piece.index + i;
    }
    columnar::ArrayParts parts;
    parts.length = out_rows_;
    parts.null_count = nulls;
    parts.buffers.push_back(nulls > 0 ? std::move(validity).ToShared() : columnar::SharedBuffer{});
    parts.buffers.push_back(std::move(places).ToShared());
    return columnar::MakeArray(std::move(parts));
  }

  ArrowStream input_;
  ExplodeListOptions options_;
  Layout layout_;
  KernelContext context_;
  // The input batch at work.
  columnar::SharedArray batch_;
  std::vector<Elements> lists_;
  std::optional<RowRepeater> parents_;
  std::int64_t rows_before_ = 0;  // rows of batches that are done
  std::int64_t rows_ = 0;         // rows of this one
  std::int64_t row_ = 0;          // the next row, and the next element in it
  std::int64_t index_ = 0;
  // The output batch being made.
  std::vector<Piece> pieces_;
  std::int64_t out_rows_ = 0;
  std::vector<RepeatedRow> repeats_;
  std::vector<std::int64_t> positions_;
};

Result<ArrowStream> Run(ArrowStream input, const ExplodeListOptions& options,
                        const KernelContext& context) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_RETURN_IF_ERROR(context.Validate());
  LG_RETURN_IF_ERROR(columnar::CheckSchema(input->schema()));
  LG_ASSIGN_OR_RETURN(Layout layout, FindLayout(input->schema(), options));
  LG_ASSIGN_OR_RETURN(OwnedSchema schema, ExplodedSchema(input->schema(), layout, options));
  return ArrowStream(std::make_unique<Exploded>(std::move(schema), std::move(input), options,
                                                std::move(layout), context));
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
