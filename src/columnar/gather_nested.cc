#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <utility>

#include "base/try.h"
#include "columnar/bits.h"
#include "columnar/gather_column.h"
#include "columnar/schema.h"
#include "columnar/view.h"

namespace lakegate::columnar {
namespace {

using Pool = std::shared_ptr<BufferPool>;

Error TooManyItems(const GatherColumn& column, std::size_t rows) {
  return Error(ErrorKind::kResourceLimit,
               fmt::format("A column of {} would pass the range of its offsets in one batch of {} "
                           "rows; lower the setting execution.batch_rows.",
                           TypeName(*column.schema), rows));
}

bool IsNullAt(const Chunk& chunk, std::int64_t slot) {
  const auto* bits = static_cast<const std::uint8_t*>(chunk.array->buffers[0]);
  return bits != nullptr && !GetBit(bits, slot);
}

// Items of a list-like row in its child.
struct ItemRange {
  std::int64_t begin;
  std::int64_t count;
};

template <typename Offset, bool kIsView>
ItemRange ItemsOf(const Chunk& chunk, std::int64_t slot) {
  const auto* offsets = static_cast<const Offset*>(chunk.array->buffers[1]);
  if constexpr (kIsView) {
    const auto* sizes = static_cast<const Offset*>(chunk.array->buffers[2]);
    return {static_cast<std::int64_t>(offsets[slot]), static_cast<std::int64_t>(sizes[slot])};
  } else {
    return {static_cast<std::int64_t>(offsets[slot]),
            static_cast<std::int64_t>(offsets[slot + 1] - offsets[slot])};
  }
}

// Lists and list views: items are copied row by row into one dense child.
template <typename Offset, bool kIsView>
Result<OwnedArray> GatherLists(const GatherColumn& column, const RowRefs& rows, const Pool& pool) {
  const std::size_t count = rows.refs.size();
  const std::size_t slots = kIsView ? count : count + 1;
  Buffer offset_buffer = pool->Allocate(static_cast<std::int64_t>(slots * sizeof(Offset)));
  Buffer size_buffer = pool->Allocate(static_cast<std::int64_t>(count * sizeof(Offset)));
  auto* offsets = reinterpret_cast<Offset*>(offset_buffer.data());
  auto* sizes = reinterpret_cast<Offset*>(size_buffer.data());
  std::vector<RowRef> items;
  if constexpr (!kIsView) offsets[0] = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const RowRef ref = rows.refs[i];
    const auto start = static_cast<Offset>(items.size());
    if (ref >= 0) {
      const Chunk& chunk = column.chunks[ChunkOf(ref)];
      const std::int64_t slot = chunk.first + RowOf(ref);
      if (!IsNullAt(chunk, slot)) {
        const ItemRange range = ItemsOf<Offset, kIsView>(chunk, slot);
        const RowRef first = MakeRef(static_cast<std::int64_t>(ChunkOf(ref)), range.begin);
        for (std::int64_t k = 0; k < range.count; ++k) items.push_back(first + k);
      }
    }
    if (items.size() > static_cast<std::size_t>(std::numeric_limits<Offset>::max())) {
      return TooManyItems(column, count);
    }
    if constexpr (kIsView) {
      offsets[i] = start;
      sizes[i] = static_cast<Offset>(static_cast<Offset>(items.size()) - start);
    } else {
      offsets[i + 1] = static_cast<Offset>(items.size());
    }
  }
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(count);
  parts.buffers.push_back(GatherValidity(column, rows, *pool, &parts.null_count));
  parts.buffers.push_back(Share(std::move(offset_buffer)));
  if constexpr (kIsView) parts.buffers.push_back(Share(std::move(size_buffer)));
  LG_ASSIGN_OR_RETURN(OwnedArray child,
                      GatherRows(column.children[0], RowRefs{items, false}, pool));
  parts.children.push_back(std::move(child));
  return MakeArray(std::move(parts));
}

Result<OwnedArray> GatherFixedLists(const GatherColumn& column, const RowRefs& rows,
                                    const Pool& pool) {
  const std::int64_t size = column.type.list_size;
  std::vector<RowRef> items;
  items.reserve(rows.refs.size() * static_cast<std::size_t>(size));
  for (const RowRef ref : rows.refs) {
    if (ref < 0) {
      items.insert(items.end(), static_cast<std::size_t>(size), kNullRef);
      continue;
    }
    const Chunk& chunk = column.chunks[ChunkOf(ref)];
    const RowRef first =
        MakeRef(static_cast<std::int64_t>(ChunkOf(ref)), (chunk.first + RowOf(ref)) * size);
    for (std::int64_t k = 0; k < size; ++k) items.push_back(first + k);
  }
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(rows.refs.size());
  parts.buffers.push_back(GatherValidity(column, rows, *pool, &parts.null_count));
  LG_ASSIGN_OR_RETURN(OwnedArray child,
                      GatherRows(column.children[0], RowRefs{items, rows.has_nulls}, pool));
  parts.children.push_back(std::move(child));
  return MakeArray(std::move(parts));
}

Result<OwnedArray> GatherStruct(const GatherColumn& column, const RowRefs& rows, const Pool& pool) {
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(rows.refs.size());
  parts.buffers.push_back(GatherValidity(column, rows, *pool, &parts.null_count));
  for (const GatherColumn& child : column.children) {
    LG_ASSIGN_OR_RETURN(OwnedArray array, GatherRows(child, rows, pool));
    parts.children.push_back(std::move(array));
  }
  return MakeArray(std::move(parts));
}

// The type code of a union's first child: a null row becomes a null of it.
std::int8_t FirstCode(const GatherColumn& column) {
  for (int code = 0; code < 128; ++code) {
    if (UnionChildOf(column.schema->format, static_cast<std::int8_t>(code)) == 0) {
      return static_cast<std::int8_t>(code);
    }
  }
  return 0;
}

Result<OwnedArray> GatherUnion(const GatherColumn& column, const RowRefs& rows, const Pool& pool) {
  const bool dense = column.type.layout == Layout::kDenseUnion;
  const std::size_t count = rows.refs.size();
  Buffer code_buffer = pool->Allocate(static_cast<std::int64_t>(count));
  Buffer offset_buffer = pool->Allocate(static_cast<std::int64_t>(count * sizeof(std::int32_t)));
  auto* codes = reinterpret_cast<std::int8_t*>(code_buffer.data());
  auto* offsets = reinterpret_cast<std::int32_t*>(offset_buffer.data());
  std::vector<std::vector<RowRef>> items(column.children.size());
  const std::int8_t null_code = FirstCode(column);
  for (std::size_t i = 0; i < count; ++i) {
    const RowRef ref = rows.refs[i];
    codes[i] = null_code;
    RowRef item = kNullRef;
    std::size_t child = 0;
    if (ref >= 0) {
      const Chunk& chunk = column.chunks[ChunkOf(ref)];
      const std::int64_t slot = chunk.first + RowOf(ref);
      codes[i] = static_cast<const std::int8_t*>(chunk.array->buffers[0])[slot];
      child = static_cast<std::size_t>(UnionChildOf(column.schema->format, codes[i]));
      if (dense) {
        item = MakeRef(static_cast<std::int64_t>(ChunkOf(ref)),
                       static_cast<const std::int32_t*>(chunk.array->buffers[1])[slot]);
      }
    }
    if (!dense) continue;
    offsets[i] = static_cast<std::int32_t>(items[child].size());
    items[child].push_back(item);
  }
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(count);
  parts.buffers.push_back(Share(std::move(code_buffer)));
  if (dense) parts.buffers.push_back(Share(std::move(offset_buffer)));
  for (std::size_t c = 0; c < column.children.size(); ++c) {
    const RowRefs child_rows = dense ? RowRefs{items[c], rows.has_nulls} : rows;
    LG_ASSIGN_OR_RETURN(OwnedArray child, GatherRows(column.children[c], child_rows, pool));
    parts.children.push_back(std::move(child));
  }
  return MakeArray(std::move(parts));
}

std::int64_t RunAt(const GatherColumn& ends, const Chunk& chunk, std::int64_t slot) {
  const void* values = chunk.array->buffers[1];
  std::int64_t low = 0;
  std::int64_t high = chunk.array->length;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (IntegerAt(ends.type, values, chunk.first + middle) <= slot) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// Rows that stand in the same run one after the other stay one run.
Result<OwnedArray> GatherRuns(const GatherColumn& column, const RowRefs& rows, const Pool& pool) {
  const GatherColumn& ends = column.children[0];
  std::vector<RowRef> values;
  std::vector<std::int64_t> run_ends;
  for (std::size_t i = 0; i < rows.refs.size(); ++i) {
    const RowRef ref = rows.refs[i];
    RowRef value = kNullRef;
    if (ref >= 0) {
      const std::size_t c = ChunkOf(ref);
      const std::int64_t run = RunAt(ends, ends.chunks[c], column.chunks[c].first + RowOf(ref));
      value = MakeRef(static_cast<std::int64_t>(c), run);
    }
    if (values.empty() || values.back() != value) {
      values.push_back(value);
      run_ends.push_back(0);
    }
    run_ends.back() = static_cast<std::int64_t>(i) + 1;
  }
  const auto width = static_cast<std::size_t>(ends.type.byte_width);
  const int bits = static_cast<int>(8 * width) - 1;
  if (bits < 63 && (static_cast<std::int64_t>(rows.refs.size()) >> bits) != 0) {
    return TooManyItems(column, rows.refs.size());
  }
  Buffer stored = pool->Allocate(static_cast<std::int64_t>(run_ends.size() * width));
  for (std::size_t i = 0; i < run_ends.size(); ++i) {
    std::memcpy(stored.data() + i * width, &run_ends[i], width);  // little endian
  }
  ArrayParts end_parts;
  end_parts.length = static_cast<std::int64_t>(run_ends.size());
  end_parts.buffers.push_back({});
  end_parts.buffers.push_back(Share(std::move(stored)));
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(rows.refs.size());
  parts.children.push_back(MakeArray(std::move(end_parts)));
  LG_ASSIGN_OR_RETURN(OwnedArray child,
                      GatherRows(column.children[1], RowRefs{values, rows.has_nulls}, pool));
  parts.children.push_back(std::move(child));
  return MakeArray(std::move(parts));
}

}  // namespace

Result<OwnedArray> GatherNested(const GatherColumn& column, const RowRefs& rows, const Pool& pool) {
  switch (column.type.layout) {
    case Layout::kList32:
      return GatherLists<std::int32_t, false>(column, rows, pool);
    case Layout::kList64:
      return GatherLists<std::int64_t, false>(column, rows, pool);
    case Layout::kListView32:
      return GatherLists<std::int32_t, true>(column, rows, pool);
    case Layout::kListView64:
      return GatherLists<std::int64_t, true>(column, rows, pool);
    case Layout::kFixedSizeList:
      return GatherFixedLists(column, rows, pool);
    case Layout::kStruct:
      return GatherStruct(column, rows, pool);
    case Layout::kDenseUnion:
    case Layout::kSparseUnion:
      return GatherUnion(column, rows, pool);
    case Layout::kRunEndEncoded:
      return GatherRuns(column, rows, pool);
    default:
      return Error(ErrorKind::kUnsupported, fmt::format("Rows of this type cannot be gathered: {}.",
                                                        TypeName(*column.schema)));
  }
}

}  // namespace lakegate::columnar
