#include "kernels/kernel_stream.h"

#include <cstring>
#include <new>
#include <utility>

#include "columnar/array_parts.h"
#include "columnar/bits.h"
#include "kernels/work.h"

namespace lakegate::kernels {
namespace {

using columnar::ArrayParts;
using columnar::Buffer;
using columnar::BufferPool;
using columnar::SharedBuffer;

template <typename T>
SharedBuffer CopyValues(const std::vector<T>& values, BufferPool& pool) {
  const std::size_t bytes = values.size() * sizeof(T);
  Buffer buffer = pool.Allocate(static_cast<std::int64_t>(bytes));
  if (bytes > 0) std::memcpy(buffer.data(), values.data(), bytes);
  return columnar::Share(std::move(buffer));
}

SharedBuffer CopyValidity(const std::vector<bool>& valid, BufferPool& pool,
                          std::int64_t* null_count) {
  const auto count = static_cast<std::int64_t>(valid.size());
  Buffer buffer = pool.Allocate(columnar::BytesOfBits(count));
  std::memset(buffer.data(), 0, static_cast<std::size_t>(columnar::BytesOfBits(count)));
  std::int64_t nulls = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (valid[static_cast<std::size_t>(i)]) {
      columnar::SetBit(buffer.data(), i);
    } else {
      ++nulls;
    }
  }
  *null_count = nulls;
  if (nulls == 0) return {};
  return columnar::Share(std::move(buffer));
}

}  // namespace

Result<std::optional<OwnedArray>> KernelStream::Next() {
  if (failed_) return *failed_;
  if (done_) return std::optional<OwnedArray>();
  try {
    auto next = Produce();
    if (!next) {
      failed_ = next.error();
    } else if (!next->has_value()) {
      done_ = true;
    }
    return next;
  } catch (const std::bad_alloc&) {
    failed_ = OutOfMemory(kernel_);
    return *failed_;
  }
}

std::shared_ptr<BufferPool> PoolOf(const KernelContext& context) {
  return context.pool != nullptr ? context.pool : BufferPool::Process();
}

OwnedArray Int64Column(const std::vector<std::int64_t>& values, BufferPool& pool) {
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(values.size());
  parts.buffers.push_back({});
  parts.buffers.push_back(CopyValues(values, pool));
  return columnar::MakeArray(std::move(parts));
}

OwnedArray DoubleColumn(const std::vector<double>& values, const std::vector<bool>& valid,
                        BufferPool& pool) {
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(values.size());
  parts.buffers.push_back(valid.empty() ? SharedBuffer{}
                                        : CopyValidity(valid, pool, &parts.null_count));
  parts.buffers.push_back(CopyValues(values, pool));
  return columnar::MakeArray(std::move(parts));
}

OwnedArray WordColumn(const std::vector<std::uint8_t>& indices,
                      const std::vector<std::string_view>& words, BufferPool& pool) {
  std::vector<std::int32_t> offsets(indices.size() + 1, 0);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    offsets[i + 1] = offsets[i] + static_cast<std::int32_t>(words[indices[i]].size());
  }
  Buffer bytes = pool.Allocate(offsets.back());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::string_view word = words[indices[i]];
    std::memcpy(bytes.data() + offsets[i], word.data(), word.size());
  }
  ArrayParts parts;
  parts.length = static_cast<std::int64_t>(indices.size());
  parts.buffers.push_back({});
  parts.buffers.push_back(CopyValues(offsets, pool));
  parts.buffers.push_back(columnar::Share(std::move(bytes)));
  return columnar::MakeArray(std::move(parts));
}

}  // namespace lakegate::kernels
