#include <fmt/format.h>

#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/try.h"
#include "columnar/gather_column.h"
#include "columnar/schema.h"
#include "columnar/view.h"

namespace lakegate::columnar {
namespace {

bool SameMemory(const ArrowArray& a, const ArrowArray& b) {
  if (a.length != b.length || a.offset != b.offset || a.n_buffers != b.n_buffers) return false;
  if (a.n_children != 0 || b.n_children != 0 || a.dictionary != nullptr) return &a == &b;
  for (std::int64_t i = 0; i < a.n_buffers; ++i) {
    if (a.buffers[i] != b.buffers[i]) return false;
  }
  return true;
}

bool AllShareOne(const std::vector<Chunk>& chunks) {
  for (const Chunk& chunk : chunks) {
    if (!SameMemory(*chunk.array->dictionary, *chunks.front().array->dictionary)) return false;
  }
  return true;
}

// The bytes that identify a value, for types whose values are bytes.
bool HasByteIdentity(const ColumnView& values) {
  switch (values.type().layout) {
    case Layout::kFixed:
    case Layout::kOffsets32:
    case Layout::kOffsets64:
    case Layout::kViews:
      return !values.is_dictionary();
    default:
      return false;
  }
}

std::int64_t MostOfIndex(const DataType& type) {
  if (type.byte_width == 8) return std::numeric_limits<std::int64_t>::max();
  const auto bits = static_cast<int>(8 * type.byte_width) - (IsSignedInteger(type.id) ? 1 : 0);
  return (std::int64_t{1} << bits) - 1;
}

// Values of all dictionaries, each once (where values are bytes), in order of appearance.
struct Union {
  std::unordered_map<std::string_view, std::int64_t> known;
  std::int64_t null_index = -1;
  std::vector<RowRef> refs;

  std::int64_t Add(RowRef ref) {
    refs.push_back(ref);
    return static_cast<std::int64_t>(refs.size()) - 1;
  }

  std::vector<std::int64_t> AddAll(const ColumnView& values, std::int64_t chunk) {
    std::vector<std::int64_t> places(static_cast<std::size_t>(values.length()));
    const bool by_bytes = HasByteIdentity(values);
    for (std::int64_t row = 0; row < values.length(); ++row) {
      auto& place = places[static_cast<std::size_t>(row)];
      const RowRef ref = MakeRef(chunk, row);
      if (values.IsNull(row)) {
        if (null_index < 0) null_index = Add(ref);
        place = null_index;
      } else if (by_bytes) {
        const auto next = static_cast<std::int64_t>(refs.size());
        const auto [at, is_new] = known.emplace(values.Bytes(row), next);
        if (is_new) Add(ref);
        place = at->second;
      } else {
        place = Add(ref);
      }
    }
    return places;
  }
};

}  // namespace

Result<std::unique_ptr<UnitedDictionary>> UniteDictionaries(
    const ArrowSchema& schema, const std::vector<Chunk>& chunks,
    const std::shared_ptr<BufferPool>& pool) {
  auto united = std::make_unique<UnitedDictionary>();
  if (!chunks.empty() && AllShareOne(chunks)) {
    united->values = ShareArray(Borrow(*chunks.front().array->dictionary, chunks.front().owner));
    return united;
  }
  std::vector<Chunk> dictionaries;
  Union all;
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    const ArrowArray* values = chunks[c].array->dictionary;
    dictionaries.push_back(Chunk{values, values->offset, chunks[c].owner});
    LG_ASSIGN_OR_RETURN(const ColumnView view, ColumnView::Open(*schema.dictionary, *values));
    united->remap.push_back(all.AddAll(view, static_cast<std::int64_t>(c)));
  }
  LG_ASSIGN_OR_RETURN(const DataType index, ParseFormat(schema.format));
  const auto size = static_cast<std::int64_t>(all.refs.size());
  if (size - 1 > MostOfIndex(index)) {
    return Error(ErrorKind::kUnsupported,
                 fmt::format("The batches' dictionaries together have {} values, more than the "
                             "index type of column '{}' ({}) can count; cast it to a wider index "
                             "or to plain values.",
                             size, NameOf(schema), TypeName(schema)));
  }
  LG_ASSIGN_OR_RETURN(const GatherColumn column,
                      PrepareColumn(*schema.dictionary, std::move(dictionaries), pool));
  LG_ASSIGN_OR_RETURN(OwnedArray values, GatherRows(column, RowRefs{all.refs, false}, pool));
  united->values = ShareArray(std::move(values));
  return united;
}

}  // namespace lakegate::columnar
