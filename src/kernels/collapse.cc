#include "kernels/collapse.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/try.h"
#include "columnar/gather.h"
#include "columnar/schema.h"
#include "kernels/kernel_stream.h"
#include "kernels/ordering.h"

namespace lakegate::kernels {
namespace {

using columnar::ArrayParts;
using columnar::Gatherer;

OwnedSchema CollapsedSchema(const ArrowSchema& input, const std::vector<bool>& is_key) {
  std::vector<OwnedSchema> fields;
  std::vector<std::string> key_names;
  for (std::int64_t i = 0; i < input.n_children; ++i) {
    const ArrowSchema& field = *input.children[i];
    OwnedSchema copy = CopySchema(field);
    if (is_key[static_cast<std::size_t>(i)]) {
      key_names.emplace_back(columnar::NameOf(field));
      fields.push_back(std::move(copy));
      continue;
    }
    columnar::SetName("item", &copy);
    columnar::SetMetadata({}, &copy);
    fields.push_back(columnar::ListField(columnar::NameOf(field), std::move(copy),
                                         /*nullable=*/false, columnar::MetadataOf(field)));
  }
  // Groups stand where their first rows stood, so leading sort keys that are key columns keep
  // their order.
  columnar::Metadata metadata = columnar::MetadataOf(input);
  WriteOrdering(KeptOrdering(metadata, key_names), &metadata);
  return columnar::SchemaOf(std::move(fields), metadata);
}

// Members of group g, in order: rows[first[g]] .. rows[first[g + 1]].
struct Members {
  std::vector<Row> rows;
  std::vector<Row> first;
  std::vector<Row> lead;  // the group's first input row
};

Result<Members> OrderMembers(const std::vector<Row>& groups, std::size_t group_count,
                             CodeColumn order, const CancelToken& cancel) {
  Members members;
  members.first.assign(group_count + 1, 0);
  members.lead.assign(group_count, kNoRow);
  std::vector<std::uint64_t> group_codes(groups.size());
  for (std::size_t row = 0; row < groups.size(); ++row) {
    if (StopAt(row, cancel)) return Cancelled("dedupe");
    group_codes[row] = groups[row];
    ++members.first[groups[row] + 1];
    Row& lead = members.lead[groups[row]];
    if (lead == kNoRow) lead = static_cast<Row>(row);
  }
  for (std::size_t g = 0; g < group_count; ++g) members.first[g + 1] += members.first[g];
  std::vector<CodeColumn> columns;
  columns.push_back(CodesOf(std::move(group_codes)));
  columns.push_back(std::move(order));
  LG_ASSIGN_OR_RETURN(members.rows, SortRows(std::move(columns), groups.size(), cancel));
  return members;
}

class Collapsed final : public KernelStream {
 public:
  Collapsed(OwnedSchema schema, const KernelContext& context, Members members,
            std::vector<bool> is_key, Gatherer gatherer)
      : KernelStream(std::move(schema), "dedupe"),
        context_(context),
        members_(std::move(members)),
        is_key_(std::move(is_key)),
        gatherer_(std::move(gatherer)) {
    for (std::size_t i = 0; i < is_key_.size(); ++i) {
      (is_key_[i] ? key_columns_ : list_columns_).push_back(static_cast<std::int64_t>(i));
    }
  }

 protected:
  Result<std::optional<OwnedArray>> Produce() override {
    if (context_.cancel.cancelled()) return Cancelled("dedupe");
    if (next_ == members_.lead.size()) return std::optional<OwnedArray>();
    const std::size_t last = LastGroup();
    std::vector<std::int64_t> leads(members_.lead.begin() + static_cast<std::ptrdiff_t>(next_),
                                    members_.lead.begin() + static_cast<std::ptrdiff_t>(last));
    const std::vector<std::int64_t> items(members_.rows.begin() + members_.first[next_],
                                          members_.rows.begin() + members_.first[last]);
    LG_ASSIGN_OR_RETURN(std::vector<OwnedArray> keys, gatherer_.Columns(leads, key_columns_));
    LG_ASSIGN_OR_RETURN(std::vector<OwnedArray> lists, gatherer_.Columns(items, list_columns_));
    std::vector<OwnedArray> columns;
    columns.reserve(is_key_.size());
    auto next_key = keys.begin();
    auto next_list = lists.begin();
    for (const bool is_key : is_key_) {
      columns.push_back(is_key ? std::move(*next_key++)
                               : ListColumn(next_, last, std::move(*next_list++)));
    }
    next_ = last;
    return std::optional<OwnedArray>(
        columnar::BatchOf(std::move(columns), static_cast<std::int64_t>(leads.size())));
  }

 private:
  // Batches end after batch_rows groups or items, so that large groups do not pile up; a
  // single group is never split.
  std::size_t LastGroup() const {
    const auto limit = static_cast<std::uint64_t>(context_.batch_rows);
    const std::uint64_t items_before = members_.first[next_];
    std::size_t last = next_ + 1;
    while (last < members_.lead.size() && last - next_ < limit &&
           members_.first[last + 1] - items_before <= std::max<std::uint64_t>(limit, kFewItems)) {
      ++last;
    }
    return last;
  }

  OwnedArray ListColumn(std::size_t first, std::size_t last, OwnedArray items) const {
    const std::size_t count = last - first;
    columnar::Buffer buffer =
        PoolOf(context_)->Allocate(static_cast<std::int64_t>((count + 1) * sizeof(std::int32_t)));
    auto* offsets = reinterpret_cast<std::int32_t*>(buffer.data());
    for (std::size_t g = 0; g <= count; ++g) {
      offsets[g] = static_cast<std::int32_t>(members_.first[first + g] - members_.first[first]);
    }
    ArrayParts parts;
    parts.length = static_cast<std::int64_t>(count);
    parts.buffers.push_back({});
    parts.buffers.push_back(columnar::Share(std::move(buffer)));
    parts.children.push_back(std::move(items));
    return columnar::MakeArray(std::move(parts));
  }

  static constexpr std::uint64_t kFewItems = 1 << 20;

  KernelContext context_;
  Members members_;
  std::vector<bool> is_key_;
  Gatherer gatherer_;
  std::vector<std::int64_t> key_columns_;
  std::vector<std::int64_t> list_columns_;
  std::size_t next_ = 0;
};

}  // namespace

Result<ArrowStream> CollapseGroups(columnar::Collected table, const std::vector<std::int64_t>& keys,
                                   const std::vector<Row>& groups, std::size_t group_count,
                                   CodeColumn order, const KernelContext& context) {
  // Offsets of a list are 32 bits wide and a group is one list.
  LG_RETURN_IF_ERROR(table.rows <= std::numeric_limits<std::int32_t>::max()
                         ? Status()
                         : Error(ErrorKind::kResourceLimit,
                                 "The strategy 'collapse_list' takes at most 2^31 - 1 rows."));
  std::vector<bool> is_key(static_cast<std::size_t>(table.schema->n_children), false);
  for (const std::int64_t key : keys) is_key[static_cast<std::size_t>(key)] = true;
  LG_ASSIGN_OR_RETURN(Members members,
                      OrderMembers(groups, group_count, std::move(order), context.cancel));
  OwnedSchema schema = CollapsedSchema(*table.schema, is_key);
  LG_ASSIGN_OR_RETURN(Gatherer gatherer,
                      Gatherer::Make(*table.schema, table.batches, PoolOf(context)));
  return ArrowStream(std::make_unique<Collapsed>(std::move(schema), context, std::move(members),
                                                 std::move(is_key), std::move(gatherer)));
}

}  // namespace lakegate::kernels
