#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "base/try.h"
#include "columnar/bits.h"
#include "columnar/schema.h"
#include "columnar/view.h"

namespace lakegate::columnar {
namespace {

constexpr std::int64_t kMostSlots = std::int64_t{1} << 48;

Error Malformed(const ArrowSchema& schema, std::string_view what) {
  return Error(ErrorKind::kCorruptData,
               fmt::format("The Arrow array is malformed: {} (column '{}', {}).", what,
                           NameOf(schema), TypeName(schema)));
}

// How many buffers a layout has; kViews: at least as many.
std::int64_t BuffersOf(Layout layout) {
  switch (layout) {
    case Layout::kNull:
    case Layout::kRunEndEncoded:
      return 0;
    case Layout::kFixedSizeList:
    case Layout::kStruct:
    case Layout::kSparseUnion:
      return 1;
    case Layout::kBits:
    case Layout::kFixed:
    case Layout::kList32:
    case Layout::kList64:
    case Layout::kDenseUnion:
      return 2;
    case Layout::kOffsets32:
    case Layout::kOffsets64:
    case Layout::kViews:
    case Layout::kListView32:
    case Layout::kListView64:
      return 3;
  }
  return 0;
}

// Which buffers must be there when the array has slots.
bool MustExist(const DataType& type, std::int64_t buffer) {
  switch (type.layout) {
    case Layout::kBits:
      return buffer == 1;
    case Layout::kFixed:
      return buffer == 1 && type.byte_width > 0;
    case Layout::kOffsets32:
    case Layout::kOffsets64:
    case Layout::kViews:
    case Layout::kList32:
    case Layout::kList64:
      return buffer == 1;
    case Layout::kListView32:
    case Layout::kListView64:
      return buffer == 1 || buffer == 2;
    case Layout::kDenseUnion:
    case Layout::kSparseUnion:
      return true;
    default:
      return false;
  }
}

Status CheckBuffers(const ArrowSchema& schema, const DataType& type, const ArrowArray& array) {
  const std::int64_t expected = BuffersOf(type.layout);
  const bool enough =
      type.layout == Layout::kViews ? array.n_buffers >= expected : array.n_buffers == expected;
  if (!enough) {
    return Malformed(schema,
                     fmt::format("it needs {} buffers and has {}", expected, array.n_buffers));
  }
  if (array.n_buffers > 0 && array.buffers == nullptr) {
    return Malformed(schema, "its buffers are missing");
  }
  const std::int64_t slots = array.offset + array.length;
  if (slots == 0) return {};
  for (std::int64_t i = 0; i < expected; ++i) {
    if (MustExist(type, i) && array.buffers[i] == nullptr) {
      return Malformed(schema, fmt::format("buffer {} is missing", i));
    }
  }
  const bool has_validity =
      type.layout != Layout::kDenseUnion && type.layout != Layout::kSparseUnion && expected > 0;
  if (has_validity && array.null_count > 0 && array.buffers[0] == nullptr) {
    return Malformed(schema, "it counts nulls and has no validity buffer");
  }
  return {};
}

// Rows a child must have at least.
std::int64_t ChildRows(const DataType& type, std::int64_t slots) {
  switch (type.layout) {
    case Layout::kStruct:
    case Layout::kSparseUnion:
      return slots;
    case Layout::kFixedSizeList:
      return slots * type.list_size;
    default:
      return 0;
  }
}

Status CheckShapeAt(const ArrowSchema& schema, const ArrowArray& array) {
  if (array.release == nullptr) return Malformed(schema, "it is released already");
  if (array.length < 0 || array.offset < 0 || array.length > kMostSlots ||
      array.offset > kMostSlots) {
    return Malformed(schema,
                     fmt::format("its length is {} and its offset {}", array.length, array.offset));
  }
  LG_ASSIGN_OR_RETURN(const DataType type, ParseFormat(schema.format));
  LG_RETURN_IF_ERROR(CheckBuffers(schema, type, array));
  if (array.n_children != schema.n_children) {
    return Malformed(schema, fmt::format("it needs {} children and has {}", schema.n_children,
                                         array.n_children));
  }
  if (array.n_children > 0 && array.children == nullptr) {
    return Malformed(schema, "its children are missing");
  }
  const std::int64_t child_rows = ChildRows(type, array.offset + array.length);
  for (std::int64_t i = 0; i < array.n_children; ++i) {
    if (array.children[i] == nullptr) return Malformed(schema, "a child is missing");
    LG_RETURN_IF_ERROR(CheckShapeAt(*schema.children[i], *array.children[i]));
    if (array.children[i]->length < child_rows) {
      return Malformed(schema, fmt::format("child {} has {} rows and needs {}", i,
                                           array.children[i]->length, child_rows));
    }
  }
  if ((schema.dictionary == nullptr) != (array.dictionary == nullptr)) {
    return Malformed(schema, "schema and array disagree about a dictionary");
  }
  if (schema.dictionary == nullptr) return {};
  return CheckShapeAt(*schema.dictionary, *array.dictionary);
}

template <typename Offset>
Status CheckOffsets(const ArrowSchema& schema, const ArrowArray& array, std::int64_t limit) {
  if (array.length == 0) return {};
  const auto* offsets = static_cast<const Offset*>(array.buffers[1]) + array.offset;
  bool sorted = offsets[0] >= 0;
  for (std::int64_t i = 0; i < array.length; ++i) sorted &= offsets[i] <= offsets[i + 1];
  if (!sorted) return Malformed(schema, "its offsets decrease");
  if (limit >= 0 && offsets[array.length] > limit) {
    return Malformed(schema, "its offsets end behind its child");
  }
  if (limit < 0 && offsets[array.length] > offsets[0] && array.buffers[2] == nullptr) {
    return Malformed(schema, "its bytes are missing");
  }
  return {};
}

template <typename Offset>
Status CheckListViews(const ArrowSchema& schema, const ArrowArray& array) {
  const auto* validity = static_cast<const std::uint8_t*>(array.buffers[0]);
  const auto* offsets = static_cast<const Offset*>(array.buffers[1]);
  const auto* sizes = static_cast<const Offset*>(array.buffers[2]);
  const std::int64_t limit = array.children[0]->length;
  for (std::int64_t i = array.offset; i < array.offset + array.length; ++i) {
    if (validity != nullptr && !GetBit(validity, i)) continue;
    if (offsets[i] < 0 || sizes[i] < 0 || offsets[i] > limit || sizes[i] > limit - offsets[i]) {
      return Malformed(schema, "a list view lies outside its child");
    }
  }
  return {};
}

Status CheckViews(const ArrowSchema& schema, const ArrowArray& array) {
  const auto* validity = static_cast<const std::uint8_t*>(array.buffers[0]);
  const std::int64_t variadic = array.n_buffers - 3;
  const auto* sizes = static_cast<const std::int64_t*>(array.buffers[array.n_buffers - 1]);
  if (variadic > 0 && sizes == nullptr) return Malformed(schema, "its buffer sizes are missing");
  const auto* views = static_cast<const char*>(array.buffers[1]);
  for (std::int64_t i = array.offset; i < array.offset + array.length; ++i) {
    if (validity != nullptr && !GetBit(validity, i)) continue;
    const ViewHeader view = ReadView(views + i * kViewBytes);
    if (view.length >= 0 && view.length <= kInlineViewBytes) continue;
    const bool inside = view.length >= 0 && view.buffer >= 0 && view.buffer < variadic &&
                        view.offset >= 0 && array.buffers[2 + view.buffer] != nullptr &&
                        std::int64_t{view.offset} + view.length <= sizes[view.buffer];
    if (!inside) return Malformed(schema, "a view lies outside its buffers");
  }
  return {};
}

Status CheckUnion(const ArrowSchema& schema, const DataType& type, const ArrowArray& array) {
  const auto* codes = static_cast<const std::int8_t*>(array.buffers[0]);
  for (std::int64_t i = array.offset; i < array.offset + array.length; ++i) {
    const std::int64_t child = UnionChildOf(schema.format, codes[i]);
    if (child < 0 || child >= schema.n_children) {
      return Malformed(schema, fmt::format("it has the unknown type code {}", codes[i]));
    }
    if (type.layout == Layout::kSparseUnion) continue;
    const auto at = static_cast<const std::int32_t*>(array.buffers[1])[i];
    if (at < 0 || at >= array.children[child]->length) {
      return Malformed(schema, "a union offset lies outside its child");
    }
  }
  return {};
}

Status CheckRuns(const ArrowSchema& schema, const ArrowArray& array) {
  LG_ASSIGN_OR_RETURN(const ColumnView ends,
                      ColumnView::Open(*schema.children[0], *array.children[0]));
  if (!IsSignedInteger(ends.type().id)) return Malformed(schema, "its run ends are no integers");
  std::int64_t previous = 0;
  for (std::int64_t i = 0; i < ends.length(); ++i) {
    if (ends.IsNull(i) || ends.Int64(i) <= previous) {
      return Malformed(schema, "its run ends do not increase");
    }
    previous = ends.Int64(i);
  }
  if (previous < array.offset + array.length) return Malformed(schema, "its runs end too early");
  if (array.children[1]->length < ends.length()) return Malformed(schema, "it lacks run values");
  return {};
}

Status CheckIndices(const ArrowSchema& schema, const ArrowArray& array) {
  LG_ASSIGN_OR_RETURN(const ColumnView view, ColumnView::Open(schema, array));
  const auto limit = static_cast<std::uint64_t>(array.dictionary->length);
  for (std::int64_t i = 0; i < view.length(); ++i) {
    if (view.IsNullSlot(i)) continue;
    if (static_cast<std::uint64_t>(view.DictionaryIndex(i)) >= limit) {
      return Malformed(schema, "a dictionary index lies outside the dictionary");
    }
  }
  return {};
}

Status CheckRows(const ArrowSchema& schema, const DataType& type, const ArrowArray& array) {
  switch (type.layout) {
    case Layout::kOffsets32:
      return CheckOffsets<std::int32_t>(schema, array, -1);
    case Layout::kOffsets64:
      return CheckOffsets<std::int64_t>(schema, array, -1);
    case Layout::kList32:
      return CheckOffsets<std::int32_t>(schema, array, array.children[0]->length);
    case Layout::kList64:
      return CheckOffsets<std::int64_t>(schema, array, array.children[0]->length);
    case Layout::kListView32:
      return CheckListViews<std::int32_t>(schema, array);
    case Layout::kListView64:
      return CheckListViews<std::int64_t>(schema, array);
    case Layout::kViews:
      return CheckViews(schema, array);
    case Layout::kDenseUnion:
    case Layout::kSparseUnion:
      return CheckUnion(schema, type, array);
    case Layout::kRunEndEncoded:
      return CheckRuns(schema, array);
    default:
      return {};
  }
}

Status CheckContents(const ArrowSchema& schema, const ArrowArray& array) {
  LG_ASSIGN_OR_RETURN(const DataType type, ParseFormat(schema.format));
  if (schema.dictionary != nullptr) {
    LG_RETURN_IF_ERROR(CheckContents(*schema.dictionary, *array.dictionary));
    return CheckIndices(schema, array);
  }
  for (std::int64_t i = 0; i < array.n_children; ++i) {
    LG_RETURN_IF_ERROR(CheckContents(*schema.children[i], *array.children[i]));
  }
  return CheckRows(schema, type, array);
}

}  // namespace

Status CheckShape(const ArrowSchema& schema, const ArrowArray& array) {
  return CheckShapeAt(schema, array);
}

Status CheckArray(const ArrowSchema& schema, const ArrowArray& array) {
  LG_RETURN_IF_ERROR(CheckShapeAt(schema, array));
  return CheckContents(schema, array);
}

std::int64_t UnionChildOf(std::string_view format, std::int8_t code) {
  const auto colon = format.find(':');
  if (colon == std::string_view::npos) return -1;
  const char* at = format.data() + colon + 1;
  const char* const end = format.data() + format.size();
  for (std::int64_t child = 0; at < end; ++child) {
    int found = -1;
    const auto [next, error] = std::from_chars(at, end, found);
    if (error != std::errc()) return -1;
    if (found == code) return child;
    at = next + 1;
  }
  return -1;
}

}  // namespace lakegate::columnar
