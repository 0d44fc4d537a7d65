#include "columnar/gather_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "base/try.h"
#include "columnar/bits.h"
#include "columnar/schema.h"

namespace lakegate::columnar {
namespace {

using FixedBytes16 = std::array<std::uint64_t, 2>;
using FixedBytes32 = std::array<std::uint64_t, 4>;

bool HasValidity(Layout layout) {
  return layout != Layout::kNull && layout != Layout::kDenseUnion &&
         layout != Layout::kSparseUnion && layout != Layout::kRunEndEncoded;
}

// The children of each chunk as chunks: rows of a struct's child are the struct's rows, any
// other child is addressed by its own.
std::vector<Chunk> ChildChunks(const GatherColumn& column, std::int64_t index) {
  const bool aligned =
      column.type.layout == Layout::kStruct || column.type.layout == Layout::kSparseUnion;
  std::vector<Chunk> chunks;
  chunks.reserve(column.chunks.size());
  for (const Chunk& chunk : column.chunks) {
    const ArrowArray* child = chunk.array->children[index];
    chunks.push_back(Chunk{child, child->offset + (aligned ? chunk.first : 0), chunk.owner});
  }
  return chunks;
}

void PrepareViews(GatherColumn* column) {
  std::unordered_map<const void*, std::int32_t> known;
  for (const Chunk& chunk : column->chunks) {
    std::vector<std::int32_t> places;
    const std::int64_t variadic = chunk.array->n_buffers - 3;
    const auto* sizes =
        static_cast<const std::int64_t*>(chunk.array->buffers[chunk.array->n_buffers - 1]);
    for (std::int64_t i = 0; i < variadic; ++i) {
      const void* data = chunk.array->buffers[2 + i];
      const auto [at, is_new] =
          known.emplace(data, static_cast<std::int32_t>(column->view_buffers.size()));
      if (is_new) {
        column->view_buffers.push_back(SharedBuffer{data, chunk.owner});
        column->view_buffer_sizes.push_back(sizes[i]);
      }
      auto& size = column->view_buffer_sizes[static_cast<std::size_t>(at->second)];
      size = std::max(size, sizes[i]);
      places.push_back(at->second);
    }
    column->view_buffer_of.push_back(std::move(places));
  }
}

// Base pointers of a buffer of every chunk, shifted so that a ref's row is the index.
template <typename T>
std::vector<const T*> Bases(const GatherColumn& column, std::int64_t buffer) {
  std::vector<const T*> bases;
  bases.reserve(column.chunks.size());
  for (const Chunk& chunk : column.chunks) {
    const auto* data = static_cast<const T*>(chunk.array->buffers[buffer]);
    bases.push_back(data == nullptr ? nullptr : data + chunk.first);
  }
  return bases;
}

// One bit a ref; returns how many are set.
template <typename IsSet>
std::int64_t WriteBits(std::span<const RowRef> refs, std::uint8_t* bits, const IsSet& is_set) {
  std::int64_t set = 0;
  for (std::size_t first = 0; first < refs.size(); first += 64) {
    const std::size_t count = std::min<std::size_t>(64, refs.size() - first);
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < count; ++i) {
      word |= std::uint64_t{is_set(refs[first + i]) ? 1U : 0U} << i;
    }
    set += std::popcount(word);
    std::memcpy(bits + first / 8, &word, (count + 7) / 8);  // little endian
  }
  return set;
}

template <typename T>
SharedBuffer CopyFixed(const GatherColumn& column, const RowRefs& rows, BufferPool& pool) {
  const std::size_t count = rows.refs.size();
  Buffer buffer = pool.Allocate(static_cast<std::int64_t>(count * sizeof(T)));
  auto* out = reinterpret_cast<T*>(buffer.data());
  const auto bases = Bases<T>(column, 1);
  if (bases.size() == 1 && !rows.has_nulls) {
    const T* base = bases[0];
    for (std::size_t i = 0; i < count; ++i) out[i] = base[rows.refs[i]];
  } else if (!rows.has_nulls) {
    const T* const* base = bases.data();
    for (std::size_t i = 0; i < count; ++i) {
      const RowRef ref = rows.refs[i];
      out[i] = base[ChunkOf(ref)][RowOf(ref)];
    }
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      const RowRef ref = rows.refs[i];
      out[i] = ref < 0 ? T{} : bases[ChunkOf(ref)][RowOf(ref)];
    }
  }
  return Share(std::move(buffer));
}

SharedBuffer CopyFixedOfWidth(const GatherColumn& column, const RowRefs& rows, BufferPool& pool) {
  const auto width = static_cast<std::size_t>(column.type.byte_width);
  Buffer buffer = pool.Allocate(static_cast<std::int64_t>(rows.refs.size() * width));
  std::uint8_t* out = buffer.data();
  for (const RowRef ref : rows.refs) {
    if (width == 0) break;
    if (ref < 0) {
      std::memset(out, 0, width);
    } else {
      const Chunk& chunk = column.chunks[ChunkOf(ref)];
      const auto* values = static_cast<const std::uint8_t*>(chunk.array->buffers[1]);
      std::memcpy(out, values + static_cast<std::size_t>(chunk.first + RowOf(ref)) * width, width);
    }
    out += width;
  }
  return Share(std::move(buffer));
}

SharedBuffer CopyFixedColumn(const GatherColumn& column, const RowRefs& rows, BufferPool& pool) {
  switch (column.type.byte_width) {
    case 1:
      return CopyFixed<std::uint8_t>(column, rows, pool);
    case 2:
      return CopyFixed<std::uint16_t>(column, rows, pool);
    case 4:
      return CopyFixed<std::uint32_t>(column, rows, pool);
    case 8:
      return CopyFixed<std::uint64_t>(column, rows, pool);
    case 16:
      return CopyFixed<FixedBytes16>(column, rows, pool);
    case 32:
      return CopyFixed<FixedBytes32>(column, rows, pool);
    default:
      return CopyFixedOfWidth(column, rows, pool);
  }
}

SharedBuffer CopyBits(const GatherColumn& column, const RowRefs& rows, BufferPool& pool) {
  Buffer buffer = pool.Allocate(BytesOfBits(static_cast<std::int64_t>(rows.refs.size())));
  WriteBits(rows.refs, buffer.data(), [&](RowRef ref) {
    if (ref < 0) return false;
    const Chunk& chunk = column.chunks[ChunkOf(ref)];
    return GetBit(static_cast<const std::uint8_t*>(chunk.array->buffers[1]),
                  chunk.first + RowOf(ref));
  });
  return Share(std::move(buffer));
}

template <typename Offset>
Status CopyStrings(const GatherColumn& column, const RowRefs& rows, BufferPool& pool,
                   ArrayParts* parts) {
  const std::size_t count = rows.refs.size();
  Buffer offsets = pool.Allocate(static_cast<std::int64_t>((count + 1) * sizeof(Offset)));
  auto* ends = reinterpret_cast<Offset*>(offsets.data());
  const auto bases = Bases<Offset>(column, 1);
  std::int64_t total = 0;
  ends[0] = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const RowRef ref = rows.refs[i];
    if (ref >= 0) {
      const Offset* at = bases[ChunkOf(ref)] + RowOf(ref);
      total += static_cast<std::int64_t>(at[1] - at[0]);
    }
    if (total > static_cast<std::int64_t>(std::numeric_limits<Offset>::max())) {
      return Error(ErrorKind::kResourceLimit,
                   fmt::format("A column of {} would pass 2 GiB in one batch of {} rows; lower the "
                               "setting execution.batch_rows.",
                               TypeName(*column.schema), count));
    }
    ends[i + 1] = static_cast<Offset>(total);
  }
  Buffer bytes = pool.Allocate(total);
  for (std::size_t i = 0; i < count; ++i) {
    const RowRef ref = rows.refs[i];
    if (ends[i + 1] == ends[i]) continue;
    const Offset begin = bases[ChunkOf(ref)][RowOf(ref)];
    const auto* source =
        static_cast<const std::uint8_t*>(column.chunks[ChunkOf(ref)].array->buffers[2]);
    std::memcpy(bytes.data() + ends[i], source + begin,
                static_cast<std::size_t>(ends[i + 1] - ends[i]));
  }
  parts->buffers.push_back(Share(std::move(offsets)));
  parts->buffers.push_back(Share(std::move(bytes)));
  return {};
}

// Copies the 16-byte views; the buffers they point into are listed in order of first use.
void CopyViews(const GatherColumn& column, const RowRefs& rows, BufferPool& pool,
               ArrayParts* parts) {
  const std::size_t count = rows.refs.size();
  Buffer views = pool.Allocate(static_cast<std::int64_t>(count) * kViewBytes);
  std::vector<std::int32_t> place(column.view_buffers.size(), -1);
  std::vector<std::int64_t> sizes;
  std::vector<SharedBuffer> used;
  for (std::size_t i = 0; i < count; ++i) {
    const RowRef ref = rows.refs[i];
    ViewHeader view{};
    if (ref >= 0) {
      const Chunk& chunk = column.chunks[ChunkOf(ref)];
      const std::int64_t slot = chunk.first + RowOf(ref);
      const auto* validity = static_cast<const std::uint8_t*>(chunk.array->buffers[0]);
      if (validity == nullptr || GetBit(validity, slot)) {
        view = ReadView(static_cast<const char*>(chunk.array->buffers[1]) + slot * kViewBytes);
      }
      if (view.length > kInlineViewBytes) {
        const auto buffer = static_cast<std::size_t>(
            column.view_buffer_of[ChunkOf(ref)][static_cast<std::size_t>(view.buffer)]);
        if (place[buffer] < 0) {
          place[buffer] = static_cast<std::int32_t>(used.size());
          used.push_back(column.view_buffers[buffer]);
          sizes.push_back(column.view_buffer_sizes[buffer]);
        }
        view.buffer = place[buffer];
      }
    }
    std::memcpy(views.data() + i * kViewBytes, &view, sizeof view);
  }
  parts->buffers.push_back(Share(std::move(views)));
  for (auto& buffer : used) parts->buffers.push_back(std::move(buffer));
  const std::size_t size_bytes = sizes.size() * sizeof(std::int64_t);
  Buffer stored = pool.Allocate(static_cast<std::int64_t>(size_bytes));
  if (size_bytes > 0) std::memcpy(stored.data(), sizes.data(), size_bytes);
  parts->buffers.push_back(Share(std::move(stored)));
}

template <typename Index>
SharedBuffer CopyIndices(const GatherColumn& column, const RowRefs& rows, BufferPool& pool) {
  if (column.dictionary->remap.empty()) return CopyFixed<Index>(column, rows, pool);
  const std::size_t count = rows.refs.size();
  Buffer buffer = pool.Allocate(static_cast<std::int64_t>(count * sizeof(Index)));
  auto* out = reinterpret_cast<Index*>(buffer.data());
  const auto bases = Bases<Index>(column, 1);
  for (std::size_t i = 0; i < count; ++i) {
    const RowRef ref = rows.refs[i];
    std::int64_t index = 0;
    if (ref >= 0) {
      const auto& remap = column.dictionary->remap[ChunkOf(ref)];
      const auto old = static_cast<std::size_t>(
          static_cast<std::make_unsigned_t<Index>>(bases[ChunkOf(ref)][RowOf(ref)]));
      // A null slot may hold any index.
      if (old < remap.size()) index = remap[old];
    }
    out[i] = static_cast<Index>(index);
  }
  return Share(std::move(buffer));
}

SharedBuffer CopyIndexColumn(const GatherColumn& column, const RowRefs& rows, BufferPool& pool) {
  switch (column.type.id) {
    case TypeId::kInt8:
      return CopyIndices<std::int8_t>(column, rows, pool);
    case TypeId::kUint8:
      return CopyIndices<std::uint8_t>(column, rows, pool);
    case TypeId::kInt16:
      return CopyIndices<std::int16_t>(column, rows, pool);
    case TypeId::kUint16:
      return CopyIndices<std::uint16_t>(column, rows, pool);
    case TypeId::kInt32:
      return CopyIndices<std::int32_t>(column, rows, pool);
    case TypeId::kUint32:
      return CopyIndices<std::uint32_t>(column, rows, pool);
    case TypeId::kInt64:
      return CopyIndices<std::int64_t>(column, rows, pool);
    default:
      return CopyIndices<std::uint64_t>(column, rows, pool);
  }
}

}  // namespace

std::int64_t IntegerAt(const DataType& type, const void* values, std::int64_t slot) {
  switch (type.id) {
    case TypeId::kInt8:
      return static_cast<const std::int8_t*>(values)[slot];
    case TypeId::kUint8:
      return static_cast<const std::uint8_t*>(values)[slot];
    case TypeId::kInt16:
      return static_cast<const std::int16_t*>(values)[slot];
    case TypeId::kUint16:
      return static_cast<const std::uint16_t*>(values)[slot];
    case TypeId::kInt32:
      return static_cast<const std::int32_t*>(values)[slot];
    case TypeId::kUint32:
      return static_cast<const std::uint32_t*>(values)[slot];
    default:
      return static_cast<const std::int64_t*>(values)[slot];
  }
}

SharedBuffer GatherValidity(const GatherColumn& column, const RowRefs& rows, BufferPool& pool,
                            std::int64_t* null_count) {
  *null_count = 0;
  if (!column.has_validity && !rows.has_nulls) return {};
  const auto count = static_cast<std::int64_t>(rows.refs.size());
  Buffer buffer = pool.Allocate(BytesOfBits(count));
  const std::int64_t valid =
      column.has_validity
          ? WriteBits(rows.refs, buffer.data(),
                      [&](RowRef ref) {
                        if (ref < 0) return false;
                        const Chunk& chunk = column.chunks[ChunkOf(ref)];
                        const auto* bits =
                            static_cast<const std::uint8_t*>(chunk.array->buffers[0]);
                        return bits == nullptr || GetBit(bits, chunk.first + RowOf(ref));
                      })
          : WriteBits(rows.refs, buffer.data(), [](RowRef ref) { return ref >= 0; });
  *null_count = count - valid;
  if (valid == count) return {};
  return Share(std::move(buffer));
}

bool CanSlice(const GatherColumn& column) {
  if (column.dictionary != nullptr && !column.dictionary->remap.empty()) return false;
  return std::all_of(column.children.begin(), column.children.end(), CanSlice);
}

Result<GatherColumn> PrepareColumn(const ArrowSchema& schema, std::vector<Chunk> chunks,
                                   const std::shared_ptr<BufferPool>& pool) {
  GatherColumn column;
  column.schema = &schema;
  LG_ASSIGN_OR_RETURN(column.type, ParseFormat(schema.format));
  column.chunks = std::move(chunks);
  for (const Chunk& chunk : column.chunks) {
    column.has_validity |= HasValidity(column.type.layout) && chunk.array->buffers[0] != nullptr;
  }
  if (schema.dictionary != nullptr) {
    LG_ASSIGN_OR_RETURN(column.dictionary, UniteDictionaries(schema, column.chunks, pool));
    return column;
  }
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    LG_ASSIGN_OR_RETURN(GatherColumn child,
                        PrepareColumn(*schema.children[i], ChildChunks(column, i), pool));
    column.children.push_back(std::move(child));
  }
  if (column.type.layout == Layout::kViews) PrepareViews(&column);
  return column;
}

Result<OwnedArray> GatherRows(const GatherColumn& column, const RowRefs& rows,
                              const std::shared_ptr<BufferPool>& pool) {
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(rows.refs.size());
  switch (column.type.layout) {
    case Layout::kNull:
      parts.null_count = parts.length;
      return MakeArray(std::move(parts));
    case Layout::kBits:
    case Layout::kFixed:
    case Layout::kOffsets32:
    case Layout::kOffsets64:
    case Layout::kViews:
      break;
    default:
      return GatherNested(column, rows, pool);
  }
  parts.buffers.push_back(GatherValidity(column, rows, *pool, &parts.null_count));
  if (column.dictionary != nullptr) {
    parts.buffers.push_back(CopyIndexColumn(column, rows, *pool));
    parts.dictionary = Borrow(**column.dictionary->values, column.dictionary->values);
  } else if (column.type.layout == Layout::kBits) {
    parts.buffers.push_back(CopyBits(column, rows, *pool));
  } else if (column.type.layout == Layout::kFixed) {
    parts.buffers.push_back(CopyFixedColumn(column, rows, *pool));
  } else if (column.type.layout == Layout::kOffsets32) {
    LG_RETURN_IF_ERROR(CopyStrings<std::int32_t>(column, rows, *pool, &parts));
  } else if (column.type.layout == Layout::kOffsets64) {
    LG_RETURN_IF_ERROR(CopyStrings<std::int64_t>(column, rows, *pool, &parts));
  } else {
    CopyViews(column, rows, *pool, &parts);
  }
  return MakeArray(std::move(parts));
}

}  // namespace lakegate::columnar
