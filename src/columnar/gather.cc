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

namespace {

// Finds the chunk of a row without a search: rows are cut into equal strides, and the chunk
// that holds a stride's first row is known.
class ChunkFinder {
 public:
  void Build(const std::vector<std::int64_t>& starts) {
    const std::size_t chunks = starts.size() - 1;
    while (chunks > 0 && (starts.back() >> shift_) > static_cast<std::int64_t>(8 * chunks)) {
      ++shift_;
    }
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      while (static_cast<std::int64_t>(first_.size()) << shift_ < starts[chunk + 1]) {
        first_.push_back(static_cast<std::uint32_t>(chunk));
      }
    }
  }

  std::size_t ChunkAt(const std::vector<std::int64_t>& starts, std::int64_t row) const {
    std::size_t chunk = first_[static_cast<std::size_t>(row >> shift_)];
    while (row >= starts[chunk + 1]) ++chunk;
    return chunk;
  }

 private:
  int shift_ = 0;
  std::vector<std::uint32_t> first_;  // chunk of row i << shift_
};

}  // namespace

struct Gatherer::State {
  OwnedSchema schema;
  std::vector<std::int64_t> starts;  // first row of each batch, then the number of rows
  ChunkFinder finder;
  std::vector<GatherColumn> columns;
  std::vector<std::int64_t> all;     // 0, 1, 2, ... for every column
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
    assert(row < starts.back());
    if (row < starts[chunk] || row >= starts[chunk + 1]) chunk = finder.ChunkAt(starts, row);
    refs[i] = MakeRef(static_cast<std::int64_t>(chunk), row - starts[chunk]);
  }
  return refs;
}

namespace {

// A slice keeps its whole batch alive; fewer rows than this are copied.
constexpr std::size_t kFewRows = 1024;

// Rows that stand one after the other in one batch, and are worth a slice.
bool AreConsecutive(std::span<const RowRef> refs) {
  if (refs.size() < kFewRows || refs.front() < 0) return false;
  for (std::size_t i = 1; i < refs.size(); ++i) {
    if (refs[i] != refs[i - 1] + 1) return false;
  }
  return ChunkOf(refs.front()) == ChunkOf(refs.back());
}

}  // namespace

Gatherer::Gatherer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Gatherer::Gatherer(Gatherer&&) noexcept = default;
Gatherer& Gatherer::operator=(Gatherer&&) noexcept = default;
Gatherer::~Gatherer() = default;

Result<Gatherer> Gatherer::Make(const ArrowSchema& schema, const std::vector<SharedArray>& batches,
                                const std::shared_ptr<BufferPool>& pool) {
  auto state = std::make_unique<State>();
  state->schema = CopySchema(schema);
  state->pool = pool != nullptr ? pool : BufferPool::Process();
  state->starts.push_back(0);
  for (const auto& batch : batches) {
    state->starts.push_back(state->starts.back() + (*batch)->length);
  }
  state->finder.Build(state->starts);
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
  state->all.resize(state->columns.size());
  std::iota(state->all.begin(), state->all.end(), 0);
  return Gatherer(std::move(state));
}

std::int64_t Gatherer::rows() const { return state_->starts.back(); }

Result<std::vector<OwnedArray>> Gatherer::Columns(std::span<const std::int64_t> rows,
                                                  std::span<const std::int64_t> columns) const {
  bool has_nulls = false;
  const std::vector<RowRef> refs = state_->Resolve(rows, &has_nulls);
  const bool consecutive = AreConsecutive(refs);
  std::vector<OwnedArray> gathered;
  gathered.reserve(columns.size());
  for (const std::int64_t index : columns) {
    const GatherColumn& column = state_->columns[static_cast<std::size_t>(index)];
    if (consecutive && CanSlice(column)) {
      const Chunk& chunk = column.chunks[ChunkOf(refs.front())];
      const std::int64_t first = RowOf(refs.front()) + chunk.first - chunk.array->offset;
      gathered.push_back(
          SliceArray(*chunk.array, chunk.owner, first, static_cast<std::int64_t>(refs.size())));
      continue;
    }
    auto array = GatherRows(column, RowRefs{refs, has_nulls}, state_->pool);
    if (!array) {
      return array.error().WithContext(fmt::format("column '{}'", NameOf(*column.schema)));
    }
    gathered.push_back(*std::move(array));
  }
  return gathered;
}

Result<std::vector<OwnedArray>> Gatherer::Columns(std::span<const std::int64_t> rows) const {
  return Columns(rows, state_->all);
}

Result<OwnedArray> Gatherer::Rows(std::span<const std::int64_t> rows) const {
  ArrayParts parts;
  LG_ASSIGN_OR_RETURN(parts.children, Columns(rows));
  parts.length = static_cast<std::int64_t>(rows.size());
  parts.buffers.resize(1);
  return MakeArray(std::move(parts));
}

Result<OwnedArray> Concatenate(const ArrowSchema& schema, const std::vector<SharedArray>& batches,
                               const std::shared_ptr<BufferPool>& pool) {
  if (batches.size() == 1) return SliceBatch(batches.front(), 0, (*batches.front())->length);
  LG_ASSIGN_OR_RETURN(const Gatherer gatherer, Gatherer::Make(schema, batches, pool));
  std::vector<std::int64_t> rows(static_cast<std::size_t>(gatherer.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  return gatherer.Rows(rows);
}

}  // namespace lakegate::columnar
