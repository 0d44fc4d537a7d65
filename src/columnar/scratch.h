// Working memory of a kernel: an array from the pool that goes back to it.
//
// A fresh std::vector of millions of values costs page faults and a pass of zeros; a recycled
// buffer costs neither. Contents are undefined until they are written.
#ifndef LAKEGATE_COLUMNAR_SCRATCH_H_
#define LAKEGATE_COLUMNAR_SCRATCH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "columnar/array_parts.h"
#include "columnar/buffer_pool.h"

namespace lakegate::columnar {

template <typename T>
class Scratch {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  Scratch() = default;
  Scratch(std::size_t size, BufferPool& pool)
      : buffer_(pool.Allocate(static_cast<std::int64_t>(size * sizeof(T)))), size_(size) {}
  Scratch(Scratch&& other) noexcept
      : buffer_(std::move(other.buffer_)), size_(std::exchange(other.size_, 0)) {}
  Scratch& operator=(Scratch&& other) noexcept {
    buffer_ = std::move(other.buffer_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return reinterpret_cast<T*>(buffer_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(buffer_.data()); }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  std::span<const T> span() const { return {data(), size_}; }

  // Keeps the first `size` values; the memory stays.
  void Shrink(std::size_t size) { size_ = size; }

  // The memory as a buffer of an array; this is empty afterwards.
  SharedBuffer ToShared() && {
    size_ = 0;
    return Share(std::move(buffer_));
  }

 private:
  Buffer buffer_;
  std::size_t size_ = 0;
};

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_SCRATCH_H_
