#include "columnar/builder.h"

#include <fmt/format.h>

#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/try.h"
#include "columnar/array_parts.h"
#include "columnar/bits.h"

namespace lakegate::columnar {
namespace {

bool IsBuildable(const DataType& type) {
  switch (type.layout) {
    case Layout::kNull:
    case Layout::kBits:
    case Layout::kFixed:
    case Layout::kOffsets32:
    case Layout::kOffsets64:
    case Layout::kList32:
    case Layout::kList64:
    case Layout::kStruct:
      return true;
    default:
      return false;
  }
}

SharedBuffer CopyOf(const void* bytes, std::size_t size) {
  Buffer buffer = BufferPool::Process()->Allocate(static_cast<std::int64_t>(size));
  if (size > 0) std::memcpy(buffer.data(), bytes, size);
  return Share(std::move(buffer));
}

SharedBuffer PackBits(const std::vector<std::uint8_t>& flags) {
  const std::int64_t bytes = BytesOfBits(static_cast<std::int64_t>(flags.size()));
  Buffer buffer = BufferPool::Process()->Allocate(bytes);
  std::memset(buffer.data(), 0, static_cast<std::size_t>(bytes));
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (flags[i] != 0) SetBit(buffer.data(), static_cast<std::int64_t>(i));
  }
  return Share(std::move(buffer));
}

// Offsets as stored: a leading 0, then the end of each row.
template <typename Offset>
SharedBuffer PackOffsets(const std::vector<std::int64_t>& ends) {
  std::vector<Offset> offsets;
  offsets.reserve(ends.size() + 1);
  offsets.push_back(0);
  for (const std::int64_t end : ends) {
    assert(end <= static_cast<std::int64_t>(std::numeric_limits<Offset>::max()));
    offsets.push_back(static_cast<Offset>(end));
  }
  return CopyOf(offsets.data(), offsets.size() * sizeof(Offset));
}

[[maybe_unused]] bool FitsIn(const DataType& type, std::int64_t value) {
  if (type.byte_width == 8) return type.id != TypeId::kUint64 || value >= 0;
  const auto bits = static_cast<int>(8 * type.byte_width);
  if (IsUnsignedInteger(type.id)) return value >= 0 && (value >> bits) == 0;
  return value >= -(std::int64_t{1} << (bits - 1)) && value < (std::int64_t{1} << (bits - 1));
}

}  // namespace

Result<ColumnBuilder> ColumnBuilder::Make(const ArrowSchema& field) {
  ColumnBuilder builder;
  LG_ASSIGN_OR_RETURN(builder.type_, ParseFormat(field.format));
  if (!IsBuildable(builder.type_) || field.dictionary != nullptr) {
    return Error(ErrorKind::kUnsupported,
                 fmt::format("Columns of this type cannot be built value by value: '{}' is {}.",
                             NameOf(field), TypeName(field)));
  }
  for (std::int64_t i = 0; i < field.n_children; ++i) {
    LG_ASSIGN_OR_RETURN(ColumnBuilder child, Make(*field.children[i]));
    builder.children_.push_back(std::move(child));
  }
  return builder;
}

void ColumnBuilder::AppendValidity(bool valid) {
  validity_.push_back(valid ? 1 : 0);
  null_count_ += valid ? 0 : 1;
  ++length_;
}

void ColumnBuilder::AppendFixed(const void* value) {
  const auto width = static_cast<std::size_t>(type_.byte_width);
  if (width == 0) return;
  fixed_.resize(fixed_.size() + width);
  std::memcpy(fixed_.data() + fixed_.size() - width, value, width);
}

// Ends the current row of a string or list column.
void ColumnBuilder::AppendOffset() {
  const bool list = type_.layout == Layout::kList32 || type_.layout == Layout::kList64;
  offsets_.push_back(list ? children_[0].length() : static_cast<std::int64_t>(bytes_.size()));
}

void ColumnBuilder::AppendNull() {
  AppendValidity(false);
  switch (type_.layout) {
    case Layout::kBits:
      fixed_.push_back(0);
      break;
    case Layout::kFixed:
      fixed_.resize(fixed_.size() + static_cast<std::size_t>(type_.byte_width));
      break;
    case Layout::kStruct:
      for (auto& child : children_) child.AppendNull();
      break;
    case Layout::kNull:
      break;
    default:
      AppendOffset();
  }
}

void ColumnBuilder::AppendInt(std::int64_t value) {
  assert(type_.layout == Layout::kFixed && type_.byte_width <= 8 && !IsFloat(type_.id) &&
         FitsIn(type_, value));
  AppendFixed(&value);  // little endian: the low bytes are the narrow value
  AppendValidity(true);
}

void ColumnBuilder::AppendUint(std::uint64_t value) {
  if (type_.id != TypeId::kUint64) {
    AppendInt(static_cast<std::int64_t>(value));
    return;
  }
  AppendFixed(&value);
  AppendValidity(true);
}

void ColumnBuilder::AppendDouble(double value) {
  assert(type_.id == TypeId::kFloat64 || type_.id == TypeId::kFloat32);
  if (type_.id == TypeId::kFloat64) {
    AppendFixed(&value);
  } else {
    const auto narrow = static_cast<float>(value);
    AppendFixed(&narrow);
  }
  AppendValidity(true);
}

void ColumnBuilder::AppendBool(bool value) {
  assert(type_.layout == Layout::kBits);
  fixed_.push_back(value ? 1 : 0);
  AppendValidity(true);
}

void ColumnBuilder::AppendBytes(std::string_view value) {
  if (type_.layout == Layout::kFixed) {
    assert(static_cast<std::int64_t>(value.size()) == type_.byte_width);
    AppendFixed(value.data());
  } else {
    assert(type_.layout == Layout::kOffsets32 || type_.layout == Layout::kOffsets64);
    bytes_.append(value);
    AppendOffset();
  }
  AppendValidity(true);
}

void ColumnBuilder::AppendNested() {
  assert(!children_.empty());
  if (type_.layout != Layout::kStruct) AppendOffset();
  AppendValidity(true);
}

OwnedArray ColumnBuilder::Finish() {
  ArrayParts parts;
  parts.length = length_;
  parts.null_count = null_count_;
  if (type_.layout != Layout::kNull) {
    parts.buffers.push_back(null_count_ > 0 ? PackBits(validity_) : SharedBuffer{});
  }
  switch (type_.layout) {
    case Layout::kBits:
      parts.buffers.push_back(PackBits(fixed_));
      break;
    case Layout::kFixed:
      parts.buffers.push_back(CopyOf(fixed_.data(), fixed_.size()));
      break;
    case Layout::kOffsets32:
    case Layout::kList32:
      parts.buffers.push_back(PackOffsets<std::int32_t>(offsets_));
      break;
    case Layout::kOffsets64:
    case Layout::kList64:
      parts.buffers.push_back(PackOffsets<std::int64_t>(offsets_));
      break;
    default:
      break;
  }
  if (type_.layout == Layout::kOffsets32 || type_.layout == Layout::kOffsets64) {
    parts.buffers.push_back(CopyOf(bytes_.data(), bytes_.size()));
  }
  for (auto& child : children_) {
    assert(type_.layout != Layout::kStruct || child.length() == length_);
    parts.children.push_back(child.Finish());
  }
  length_ = 0;
  null_count_ = 0;
  validity_.clear();
  fixed_.clear();
  offsets_.clear();
  bytes_.clear();
  return MakeArray(std::move(parts));
}

Result<BatchBuilder> BatchBuilder::Make(const ArrowSchema& schema) {
  BatchBuilder builder;
  builder.schema_ = CopySchema(schema);
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    LG_ASSIGN_OR_RETURN(ColumnBuilder column, ColumnBuilder::Make(*schema.children[i]));
    builder.columns_.push_back(std::move(column));
  }
  return builder;
}

OwnedArray BatchBuilder::Finish() {
  const std::int64_t rows = columns_.empty() ? 0 : columns_.front().length();
  std::vector<OwnedArray> columns;
  for (auto& column : columns_) {
    assert(column.length() == rows);
    columns.push_back(column.Finish());
  }
  return BatchOf(std::move(columns), rows);
}

}  // namespace lakegate::columnar
