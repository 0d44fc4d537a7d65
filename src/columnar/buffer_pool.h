// Recycled memory for output buffers.
//
// Fresh pages cost many times what writing memory costs, so buffers go back to the pool that
// made them and wait there, by size class, for the next batch. What waits is bounded; beyond
// the bound memory returns to the system.
//
// Threads: a pool may be used from any number of threads; a `Buffer` by one at a time, and
// may be given back from another thread than the one that took it.
// Errors: none; memory that the system refuses is std::bad_alloc, which kernels and streams
// turn into kResourceLimit at their edge.
#ifndef LAKEGATE_COLUMNAR_BUFFER_POOL_H_
#define LAKEGATE_COLUMNAR_BUFFER_POOL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace lakegate::columnar {

class BufferPool;

// 64-byte aligned bytes, move-only; its destructor gives them back.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  std::uint8_t* data() { return data_; }
  const std::uint8_t* data() const { return data_; }
  // Bytes that may be written; at least what was asked for.
  std::int64_t capacity() const { return capacity_; }

 private:
  friend class BufferPool;
  Buffer(std::shared_ptr<BufferPool> pool, std::uint8_t* data, std::int64_t capacity,
         std::int32_t size_class);

  std::shared_ptr<BufferPool> pool_;  // shared: buffers outlive whoever made the pool
  std::uint8_t* data_ = nullptr;
  std::int64_t capacity_ = 0;
  std::int32_t size_class_ = -1;
};

struct PoolStatistics {
  std::int64_t requests = 0;       // buffers asked for
  std::int64_t recycled = 0;       // of these, served from waiting ones
  std::int64_t live_bytes = 0;     // handed out now
  std::int64_t idle_bytes = 0;     // waiting now
  std::int64_t peak_bytes = 0;     // most of live and idle together
  std::int64_t trimmed_bytes = 0;  // given back to the system because of the bound
};

class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  static constexpr std::int64_t kDefaultIdleBytes = std::int64_t{256} << 20;

  // At most `max_idle_bytes` wait for reuse.
  static std::shared_ptr<BufferPool> Make(std::int64_t max_idle_bytes = kDefaultIdleBytes);
  // The pool of the process: for callers that were given none. Never destroyed.
  static const std::shared_ptr<BufferPool>& Process();

  // Contents are undefined, whatever the size; zero bytes give a valid pointer too.
  Buffer Allocate(std::int64_t bytes);

  PoolStatistics statistics() const;
  // Gives every waiting buffer back to the system.
  void Trim();

  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

 private:
  friend class Buffer;
  // Four classes an octave from 64 bytes to 1 GiB; larger ones are never kept.
  static constexpr std::int32_t kClasses = 97;

  explicit BufferPool(std::int64_t max_idle_bytes) : max_idle_bytes_(max_idle_bytes) {}
  void GiveBack(std::uint8_t* data, std::int64_t capacity, std::int32_t size_class) noexcept;

  const std::int64_t max_idle_bytes_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::array<std::vector<std::uint8_t*>, kClasses> idle_;
  PoolStatistics statistics_;
};

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_BUFFER_POOL_H_
