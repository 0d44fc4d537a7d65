// The inside of Gatherer: one column over all chunks, ready to copy rows of.
#ifndef LAKEGATE_COLUMNAR_GATHER_COLUMN_H_
#define LAKEGATE_COLUMNAR_GATHER_COLUMN_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columnar/array_parts.h"
#include "columnar/buffer_pool.h"
#include "columnar/type.h"
#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::columnar {

// A row of a chunk in one word; -1 is the row of nulls.
using RowRef = std::int64_t;
inline constexpr RowRef kNullRef = -1;
inline constexpr int kRowBits = 40;
inline constexpr std::int64_t kRowMask = (std::int64_t{1} << kRowBits) - 1;

inline RowRef MakeRef(std::int64_t chunk, std::int64_t row) { return (chunk << kRowBits) | row; }
inline std::size_t ChunkOf(RowRef ref) { return static_cast<std::size_t>(ref >> kRowBits); }
inline std::int64_t RowOf(RowRef ref) { return ref & kRowMask; }

// Which rows to copy, and whether some of them are kNullRef.
struct RowRefs {
  std::span<const RowRef> refs;
  bool has_nulls = false;
};

// One array among the chunks, and the slot of its row 0.
struct Chunk {
  const ArrowArray* array;
  std::int64_t first;
  // The batch that owns the array (shared: gathered views and dictionaries borrow from it).
  SharedArray owner;
};

// How dictionaries of several chunks become one.
struct UnitedDictionary {
  SharedArray values;
  // remap[chunk][old index] = new index; empty when all chunks share one dictionary.
  std::vector<std::vector<std::int64_t>> remap;
};

struct GatherColumn {
  const ArrowSchema* schema = nullptr;
  DataType type;
  std::vector<Chunk> chunks;
  bool has_validity = false;
  std::vector<GatherColumn> children;
  std::unique_ptr<UnitedDictionary> dictionary;
  // Views: the distinct variadic buffers of all chunks, and for each chunk's buffer its
  // place among them.
  std::vector<SharedBuffer> view_buffers;
  std::vector<std::int64_t> view_buffer_sizes;
  std::vector<std::vector<std::int32_t>> view_buffer_of;
};

// Prepares a column (and what is below it). Chunks must have passed CheckArray.
Result<GatherColumn> PrepareColumn(const ArrowSchema& schema, std::vector<Chunk> chunks,
                                   const std::shared_ptr<BufferPool>& pool);

// Copies the rows.
Result<OwnedArray> GatherRows(const GatherColumn& column, const RowRefs& rows,
                              const std::shared_ptr<BufferPool>& pool);

// Whether rows of one chunk may be handed out as a slice of it: not where dictionaries were
// united, since batches of one output share theirs.
bool CanSlice(const GatherColumn& column);

// Unites the dictionaries of a dictionary column's chunks.
Result<std::unique_ptr<UnitedDictionary>> UniteDictionaries(
    const ArrowSchema& schema, const std::vector<Chunk>& chunks,
    const std::shared_ptr<BufferPool>& pool);

// The stored value of an integer slot: offsets, indices, run ends.
std::int64_t IntegerAt(const DataType& type, const void* values, std::int64_t slot);

// The validity bitmap of the rows, or an empty buffer when none is null. Sets `*null_count`.
SharedBuffer GatherValidity(const GatherColumn& column, const RowRefs& rows, BufferPool& pool,
                            std::int64_t* null_count);

// The nested layouts (gather_nested.cc).
Result<OwnedArray> GatherNested(const GatherColumn& column, const RowRefs& rows,
                                const std::shared_ptr<BufferPool>& pool);

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_GATHER_COLUMN_H_
