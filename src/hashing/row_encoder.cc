#include "hashing/row_encoder.h"

#include <bit>
#include <cstring>

#include "base/try.h"
#include "columnar/bits.h"

namespace lakegate::hashing {
namespace {

using columnar::ColumnView;
using columnar::TypeId;

constexpr std::size_t kTagged = 9;      // a tag and eight bytes
constexpr std::size_t kSlotBytes = 64;  // a block of BLAKE3

std::uint8_t* Put(std::uint8_t* out, Tag tag, std::uint64_t content) {
  *out = static_cast<std::uint8_t>(tag);
  std::memcpy(out + 1, &content, sizeof(content));
  return out + kTagged;
}

// Texts are mostly short: two copies that overlap cost less than a call.
void CopyText(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
  }
}

bool IsValid(const std::uint8_t* validity, std::int64_t slot) {
  return validity == nullptr || columnar::GetBit(validity, slot);
}

// Eight-byte content of a fixed-width value.
template <typename Stored>
std::uint64_t ContentOf(Stored value) {
  if constexpr (std::is_floating_point_v<Stored>) {
    return std::bit_cast<std::uint64_t>(CanonicalFloat(static_cast<double>(value)));
  } else {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  }
}

// The tag of the types whose every value is that tag and eight bytes.
Tag FixedTag(TypeId id) {
  switch (id) {
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kUint8:
    case TypeId::kUint16:
    case TypeId::kUint32:
      return Tag::kInt;
    case TypeId::kFloat32:
    case TypeId::kFloat64:
      return Tag::kFloat;
    case TypeId::kDate32:
      return Tag::kDate;
    default:
      return Tag::kNull;
  }
}

// Calls with the stored type of such a column as a value.
template <typename Function>
void WithStored(TypeId id, Function function) {
  switch (id) {
    case TypeId::kInt8:
      return function(std::int8_t{});
    case TypeId::kInt16:
      return function(std::int16_t{});
    case TypeId::kInt32:
    case TypeId::kDate32:
      return function(std::int32_t{});
    case TypeId::kInt64:
      return function(std::int64_t{});
    case TypeId::kUint8:
      return function(std::uint8_t{});
    case TypeId::kUint16:
      return function(std::uint16_t{});
    case TypeId::kUint32:
      return function(std::uint32_t{});
    case TypeId::kFloat32:
      return function(float{});
    default:
      return function(double{});
  }
}

}  // namespace

Result<RowEncoder> RowEncoder::Open(const columnar::BatchView& batch,
                                    std::span<const std::int64_t> columns) {
  std::vector<Column> opened;
  opened.reserve(columns.size());
  for (const std::int64_t index : columns) {
    LG_ASSIGN_OR_RETURN(Column column, OpenColumn(batch.column(index)));
    opened.push_back(std::move(column));
  }
  return RowEncoder(std::move(opened));
}

Result<RowEncoder::Column> RowEncoder::OpenColumn(const ColumnView& view) {
  LG_ASSIGN_OR_RETURN(ColumnEncoder encoder, ColumnEncoder::Open(view));
  Column column{.view = view, .encoder = std::move(encoder)};
  if (view.is_dictionary()) return column;
  const TypeId id = view.type().id;
  column.tag = FixedTag(id);
  if (column.tag != Tag::kNull) {
    column.form = Form::kFixed;
  } else if (id == TypeId::kUtf8 || id == TypeId::kBinary) {
    column.form = Form::kText32;
  } else if (id == TypeId::kLargeUtf8 || id == TypeId::kLargeBinary) {
    column.form = Form::kText64;
  }
  if (column.form == Form::kText32 || column.form == Form::kText64) {
    column.tag = columnar::IsString(id) ? Tag::kText : Tag::kBinary;
  }
  if (column.form != Form::kOther && view.CountNulls() > 0) {
    column.validity = static_cast<const std::uint8_t*>(view.array().buffers[0]);
  }
  return column;
}

template <typename Offset>
void RowEncoder::AddTextSizes(const Column& column, std::int64_t first, RowBlock& block) {
  const std::int64_t slot = column.view.first_slot() + first;
  const auto* const offsets = static_cast<const Offset*>(column.view.array().buffers[1]) + slot;
  for (std::size_t i = 0; i < block.rows_; ++i) {
    const bool valid = IsValid(column.validity, slot + static_cast<std::int64_t>(i));
    block.size_[i] += valid ? kTagged + static_cast<std::size_t>(offsets[i + 1] - offsets[i]) : 1;
  }
}

template <typename Offset>
void RowEncoder::WriteText(const Column& column, std::int64_t first, RowBlock& block) {
  const std::int64_t slot = column.view.first_slot() + first;
  const auto* const offsets = static_cast<const Offset*>(column.view.array().buffers[1]) + slot;
  const auto* const bytes = static_cast<const std::uint8_t*>(column.view.array().buffers[2]);
  for (std::size_t i = 0; i < block.rows_; ++i) {
    std::uint8_t*& cursor = block.cursor_[i];
    if (!IsValid(column.validity, slot + static_cast<std::int64_t>(i))) {
      *cursor++ = static_cast<std::uint8_t>(Tag::kNull);
      continue;
    }
    const auto size = static_cast<std::size_t>(offsets[i + 1] - offsets[i]);
    cursor = Put(cursor, column.tag, size);
    if (size > 0) CopyText(cursor, bytes + offsets[i], size);
    cursor += size;
  }
}

void RowEncoder::WriteFixed(const Column& column, std::int64_t first, RowBlock& block) {
  WithStored(column.view.type().id, [&](auto stored) {
    using Stored = decltype(stored);
    const std::int64_t slot = column.view.first_slot() + first;
    const auto* const values = static_cast<const Stored*>(column.view.array().buffers[1]) + slot;
    for (std::size_t i = 0; i < block.rows_; ++i) {
      std::uint8_t*& cursor = block.cursor_[i];
      if (IsValid(column.validity, slot + static_cast<std::int64_t>(i))) {
        cursor = Put(cursor, column.tag, ContentOf(values[i]));
      } else {
        *cursor++ = static_cast<std::uint8_t>(Tag::kNull);
      }
    }
  });
}

void RowEncoder::AddSizes(std::int64_t first, RowBlock& block) const {
  block.values_.Clear();
  block.ends_.clear();
  for (std::size_t i = 0; i < block.rows_; ++i) block.size_[i] = kTagged;
  for (const Column& column : columns_) {
    switch (column.form) {
      case Form::kFixed:
        for (std::size_t i = 0; i < block.rows_; ++i) {
          const std::int64_t slot = column.view.first_slot() + first + static_cast<std::int64_t>(i);
          block.size_[i] += IsValid(column.validity, slot) ? kTagged : 1;
        }
        break;
      case Form::kText32:
        AddTextSizes<std::int32_t>(column, first, block);
        break;
      case Form::kText64:
        AddTextSizes<std::int64_t>(column, first, block);
        break;
      case Form::kOther:
        for (std::size_t i = 0; i < block.rows_; ++i) {
          const std::size_t before = block.values_.size();
          column.encoder.Encode(first + static_cast<std::int64_t>(i), 1, block.values_);
          block.size_[i] += block.values_.size() - before;
          block.ends_.push_back(block.values_.size());
        }
        break;
    }
  }
}

void RowEncoder::Encode(std::int64_t first, std::size_t count, RowBlock& block) const {
  block.rows_ = count;
  AddSizes(first, block);
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    block.first_[i] = total;
    total += (block.size_[i] + kSlotBytes - 1) / kSlotBytes * kSlotBytes;
  }
  if (block.bytes_.size() < total) block.bytes_.resize(total);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint8_t* const out = block.bytes_.data() + block.first_[i];
    // The last 64 bytes are zeroed before anything is written into them.
    std::memset(out + (block.size_[i] - 1) / kSlotBytes * kSlotBytes, 0, kSlotBytes);
    block.cursor_[i] = Put(out, Tag::kList, columns_.size());
  }
  const std::uint8_t* other = block.values_.bytes().data();
  std::size_t before = 0;
  std::size_t next = 0;
  for (const Column& column : columns_) {
    if (column.form == Form::kFixed) {
      WriteFixed(column, first, block);
    } else if (column.form == Form::kText32) {
      WriteText<std::int32_t>(column, first, block);
    } else if (column.form == Form::kText64) {
      WriteText<std::int64_t>(column, first, block);
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t end = block.ends_[next++];
        std::memcpy(block.cursor_[i], other + before, end - before);
        block.cursor_[i] += end - before;
        before = end;
      }
    }
  }
}

}  // namespace lakegate::hashing
