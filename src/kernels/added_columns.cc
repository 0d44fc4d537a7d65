#include "kernels/added_columns.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "columnar/bits.h"

namespace lakegate::kernels {
namespace {

using columnar::ArrayParts;
using columnar::Buffer;
using columnar::BufferPool;
using columnar::SharedBuffer;

template <typename T>
SharedBuffer CopyValues(std::span<const T> values, BufferPool& pool) {
  Buffer buffer = pool.Allocate(static_cast<std::int64_t>(values.size_bytes()));
  if (!values.empty()) std::memcpy(buffer.data(), values.data(), values.size_bytes());
  return columnar::Share(std::move(buffer));
}

// Nothing when no value is null.
SharedBuffer PackValidity(std::span<const std::uint8_t> valid, BufferPool& pool,
                          std::int64_t* null_count) {
  *null_count = std::count(valid.begin(), valid.end(), std::uint8_t{0});
  if (*null_count == 0) return {};
  const std::int64_t bytes = columnar::BytesOfBits(static_cast<std::int64_t>(valid.size()));
  Buffer buffer = pool.Allocate(bytes);
  std::memset(buffer.data(), 0, static_cast<std::size_t>(bytes));
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (valid[i] != 0) columnar::SetBit(buffer.data(), static_cast<std::int64_t>(i));
  }
  return columnar::Share(std::move(buffer));
}

}  // namespace

OwnedArray Int64Column(std::span<const std::int64_t> values, BufferPool& pool) {
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(values.size());
  parts.buffers = {SharedBuffer{}, CopyValues(values, pool)};
  return columnar::MakeArray(std::move(parts));
}

OwnedArray DoubleColumn(std::span<const double> values, std::span<const std::uint8_t> valid,
                        BufferPool& pool) {
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(values.size());
  parts.buffers.push_back(PackValidity(valid, pool, &parts.null_count));
  parts.buffers.push_back(CopyValues(values, pool));
  return columnar::MakeArray(std::move(parts));
}

void WordColumns::Reserve(std::size_t rows, BufferPool& pool) {
  if (rows <= reserved_) return;
  const std::string_view word = words_[usual_];
  Buffer offsets = pool.Allocate(static_cast<std::int64_t>((rows + 1) * sizeof(std::int32_t)));
  Buffer bytes = pool.Allocate(static_cast<std::int64_t>(rows * word.size()));
  auto* const offset = reinterpret_cast<std::int32_t*>(offsets.data());
  for (std::size_t i = 0; i <= rows; ++i) offset[i] = static_cast<std::int32_t>(i * word.size());
  for (std::size_t i = 0; i < rows; ++i) {
    std::memcpy(bytes.data() + i * word.size(), word.data(), word.size());
  }
  offsets_ = columnar::Share(std::move(offsets));
  bytes_ = columnar::Share(std::move(bytes));
  reserved_ = rows;
}

OwnedArray WordColumns::Make(std::span<const std::uint8_t> indices, BufferPool& pool) const {
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(indices.size());
  const bool usual_only =
      indices.size() <= reserved_ &&
      std::all_of(indices.begin(), indices.end(), [&](std::uint8_t i) { return i == usual_; });
  if (usual_only) {
    parts.buffers = {SharedBuffer{}, offsets_, bytes_};
    return columnar::MakeArray(std::move(parts));
  }
  Buffer offsets =
      pool.Allocate(static_cast<std::int64_t>((indices.size() + 1) * sizeof(std::int32_t)));
  auto* const offset = reinterpret_cast<std::int32_t*>(offsets.data());
  offset[0] = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    offset[i + 1] = offset[i] + static_cast<std::int32_t>(words_[indices[i]].size());
  }
  Buffer bytes = pool.Allocate(offset[indices.size()]);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::string_view word = words_[indices[i]];
    std::memcpy(bytes.data() + offset[i], word.data(), word.size());
  }
  parts.buffers = {SharedBuffer{}, columnar::Share(std::move(offsets)),
                   columnar::Share(std::move(bytes))};
  return columnar::MakeArray(std::move(parts));
}

}  // namespace lakegate::kernels
