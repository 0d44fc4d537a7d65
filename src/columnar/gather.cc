#include "columnar/gather.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>

#include "base/try.h"
#include "columnar/gather_column.h"
#include "columnar/schema.h"

namespace lakegate::columnar {

struct Gatherer::State {
  OwnedSchema schema;
  std::vector<std::int64_t> starts;  // first row of each batch, then the number of rows
  std::vector<GatherColumn> columns;
  std::shared_ptr<BufferPool> pool;  // shared: buffers outlive the gatherer

  std::vector<RowRef> Resolve(std::span<const std::int64_t> rows, bool* has_nulls) const;
};

// Rows mostly come in runs of one batch, so the last batch is tried first.
std::vector<RowRef> Gatherer::State::Resolve(std::span<const std::int64_t> rows,
                                             bool* has_nulls) const {
  std::vector<RowRef> refs(rows.size());
  std::size_t chunk = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t row = rows[i];
    if (row < 0) {
      refs[i] = kNullRef;
      *has_nulls = true;
      continue;
    }
    if (row < starts[chunk] || row >= starts[chunk + 1]) {
      const auto after = std::upper_bound(starts.begin(), starts.end(), row);
      assert(after != starts.end());
      chunk = static_cast<std::size_t>(after - starts.begin()) - 1;
    }
    refs[i] = MakeRef(static_cast<std::int64_t>(chunk), row - starts[chunk]);
  }
  return refs;
}

Gatherer::Gatherer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Gatherer::Gatherer(Gatherer&&) noexcept = default;
Gatherer& Gatherer::operator=(Gatherer&&) noexcept = default;
Gatherer::~Gatherer() = default;

Result<Gatherer> Gatherer::Make(const ArrowSchema& schema, std::vector<SharedArray> batches,
                                std::shared_ptr<BufferPool> pool) {
  auto state = std::make_unique<State>();
  state->schema = CopySchema(schema);
  state->pool = pool != nullptr ? std::move(pool) : BufferPool::Process();
  state->starts.push_back(0);
  for (const auto& batch : batches) {
    state->starts.push_back(state->starts.back() + (*batch)->length);
  }
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    std::vector<Chunk> chunks;
    chunks.reserve(batches.size());
    for (const auto& batch : batches) {
      const ArrowArray* child = (*batch)->children[i];
      chunks.push_back(Chunk{child, (*batch)->offset + child->offset, batch});
    }
    LG_ASSIGN_OR_RETURN(GatherColumn column,
                        PrepareColumn(*state->schema->children[i], std::move(chunks), state->pool));
    state->columns.push_back(std::move(column));
  }
  return Gatherer(std::move(state));
}

std::int64_t Gatherer::rows() const { return state_->starts.back(); }

Result<std::vector<OwnedArray>> Gatherer::Columns(std::span<const std::int64_t> rows,
                                                  std::span<const std::int64_t> columns) const {
  bool has_nulls = false;
  const std::vector<RowRef> refs = state_->Resolve(rows, &has_nulls);
  std::vector<OwnedArray> gathered;
  gathered.reserve(columns.size());
  for (const std::int64_t index : columns) {
    const GatherColumn& column = state_->columns[static_cast<std::size_t>(index)];
    auto array = GatherRows(column, RowRefs{refs, has_nulls}, state_->pool);
    if (!array) {
      return array.error().WithContext(fmt::format("column '{}'", NameOf(*column.schema)));
    }
    gathered.push_back(*std::move(array));
  }
  return gathered;
}

Result<OwnedArray> Gatherer::Rows(std::span<const std::int64_t> rows) const {
  std::vector<std::int64_t> all(state_->columns.size());
  std::iota(all.begin(), all.end(), 0);
  ArrayParts parts;
  LG_ASSIGN_OR_RETURN(parts.children, Columns(rows, all));
  parts.length = static_cast<std::int64_t>(rows.size());
  parts.buffers.resize(1);
  return MakeArray(std::move(parts));
}

Result<OwnedArray> Concatenate(const ArrowSchema& schema, std::vector<SharedArray> batches,
                               std::shared_ptr<BufferPool> pool) {
  if (batches.size() == 1) return SliceBatch(batches.front(), 0, (*batches.front())->length);
  LG_ASSIGN_OR_RETURN(const Gatherer gatherer,
                      Gatherer::Make(schema, std::move(batches), std::move(pool)));
  std::vector<std::int64_t> rows(static_cast<std::size_t>(gatherer.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  return gatherer.Rows(rows);
}

}  // namespace lakegate::columnar
