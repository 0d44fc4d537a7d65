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

// Rows of a chunk without copying.
OwnedArray SliceOf(const Chunk& chunk, std::int64_t row, std::int64_t count) {
  return SliceArray(*chunk.array, chunk.owner, row + chunk.first - chunk.array->offset, count);
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
  std::vector<RowRef> resolved;
  std::span<const RowRef> refs = rows;
  if (state_->starts.size() == 2) {
    // Of one batch a row number is its reference.
    has_nulls = std::find(rows.begin(), rows.end(), kNullRow) != rows.end();
  } else {
    resolved = state_->Resolve(rows, &has_nulls);
    refs = resolved;
  }
  const bool consecutive = AreConsecutive(refs);
  std::vector<OwnedArray> gathered;
  gathered.reserve(columns.size());
  for (const std::int64_t index : columns) {
    const GatherColumn& column = state_->columns[static_cast<std::size_t>(index)];
    if (consecutive && CanSlice(column)) {
      gathered.push_back(SliceOf(column.chunks[ChunkOf(refs.front())], RowOf(refs.front()),
                                 static_cast<std::int64_t>(refs.size())));
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

Result<std::vector<OwnedArray>> Gatherer::Range(std::int64_t first, std::int64_t count) const {
  const auto& starts = state_->starts;
  if (count >= static_cast<std::int64_t>(kFewRows)) {
    const std::size_t chunk = state_->finder.ChunkAt(starts, first);
    const auto& columns = state_->columns;
    if (first + count <= starts[chunk + 1] &&
        std::all_of(columns.begin(), columns.end(), CanSlice)) {
      std::vector<OwnedArray> slices;
      slices.reserve(columns.size());
      for (const GatherColumn& column : columns) {
        slices.push_back(SliceOf(column.chunks[chunk], first - starts[chunk], count));
      }
      return slices;
    }
  }
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), first);
  return Columns(rows);
}

Result<OwnedArray> Gatherer::Rows(std::span<const std::int64_t> rows) const {
  LG_ASSIGN_OR_RETURN(auto columns, Columns(rows));
  return BatchOf(std::move(columns), static_cast<std::int64_t>(rows.size()));
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
