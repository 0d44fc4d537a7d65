#include "columnar/buffer_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(address, size) static_cast<void>(0)
#endif

namespace lakegate::columnar {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::int64_t kSmallest = 64;
constexpr std::int32_t kUnpooled = -1;

// Class c holds buffers of (4 + c % 4) * 2^(4 + c / 4) bytes: 64, 80, 96, 112, 128, 160, ...
// so that at most a fifth of a buffer is wasted.
std::int64_t BytesOfClass(std::int32_t size_class) {
  return std::int64_t{4 + size_class % 4} << (4 + size_class / 4);
}

std::int32_t ClassOf(std::int64_t bytes) {
  if (bytes <= kSmallest) return 0;
  const auto last = static_cast<std::uint64_t>(bytes - 1);
  const std::int32_t octave = 63 - std::countl_zero(last);  // at least 6 here
  const auto quarter = static_cast<std::int32_t>((last >> (octave - 2)) & 3);
  return (octave - 6) * 4 + quarter + 1;
}

// Buffers from this size on stand on huge pages where the system has them: random access to
// megabytes of small pages costs a page walk each time, and fresh ones a fault every 4 KiB.
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kHugeBuffer = 2 * kHugePage;

std::uint8_t* AllocateAligned(std::int64_t bytes) {
  const auto size = static_cast<std::size_t>(bytes);
  const std::size_t alignment = size < kHugeBuffer ? kAlignment : kHugePage;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  // A hint: where it is refused, small pages serve as well.
  if (alignment == kHugePage) static_cast<void>(madvise(memory, rounded, MADV_HUGEPAGE));
  return static_cast<std::uint8_t*>(memory);
}

}  // namespace

Buffer::Buffer(std::shared_ptr<BufferPool> pool, std::uint8_t* data, std::int64_t capacity,
               std::int32_t size_class)
    : pool_(std::move(pool)), data_(data), capacity_(capacity), size_class_(size_class) {}

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(std::move(other.pool_)),
      data_(std::exchange(other.data_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)),
      size_class_(other.size_class_) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    if (data_ != nullptr) pool_->GiveBack(data_, capacity_, size_class_);
    pool_ = std::move(other.pool_);
    data_ = std::exchange(other.data_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
    size_class_ = other.size_class_;
  }
  return *this;
}

Buffer::~Buffer() {
  if (data_ != nullptr) pool_->GiveBack(data_, capacity_, size_class_);
}

std::shared_ptr<BufferPool> BufferPool::Make(std::int64_t max_idle_bytes) {
  return std::shared_ptr<BufferPool>(new BufferPool(max_idle_bytes));
}

const std::shared_ptr<BufferPool>& BufferPool::Process() {
  // Leaked on purpose: batches may be released while the process winds down.
  static const auto& pool = *new std::shared_ptr<BufferPool>(Make());
  return pool;
}

BufferPool::~BufferPool() { Trim(); }

Buffer BufferPool::Allocate(std::int64_t bytes) {
  const std::int32_t wanted = ClassOf(bytes);
  const std::int32_t size_class = wanted < kClasses ? wanted : kUnpooled;
  const std::int64_t capacity = size_class == kUnpooled ? bytes : BytesOfClass(size_class);
  std::uint8_t* data = nullptr;
  {
    const std::lock_guard lock(mutex_);
    ++statistics_.requests;
    if (size_class != kUnpooled && !idle_[static_cast<std::size_t>(size_class)].empty()) {
      auto& waiting = idle_[static_cast<std::size_t>(size_class)];
      data = waiting.back();
      waiting.pop_back();
      ++statistics_.recycled;
      statistics_.idle_bytes -= capacity;
    }
    statistics_.live_bytes += capacity;
    statistics_.peak_bytes =
        std::max(statistics_.peak_bytes, statistics_.live_bytes + statistics_.idle_bytes);
  }
  if (data != nullptr) {
    ASAN_UNPOISON_MEMORY_REGION(data, static_cast<std::size_t>(capacity));
  } else {
    try {
      data = AllocateAligned(capacity);
    } catch (const std::bad_alloc&) {
      const std::lock_guard lock(mutex_);
      statistics_.live_bytes -= capacity;
      throw;
    }
  }
  return Buffer(shared_from_this(), data, capacity, size_class);
}

void BufferPool::GiveBack(std::uint8_t* data, std::int64_t capacity,
                          std::int32_t size_class) noexcept {
  {
    const std::lock_guard lock(mutex_);
    statistics_.live_bytes -= capacity;
    if (size_class != kUnpooled && statistics_.idle_bytes + capacity <= max_idle_bytes_) {
      try {
        idle_[static_cast<std::size_t>(size_class)].push_back(data);
        statistics_.idle_bytes += capacity;
        // Reading a batch after its release is found, as if the memory had been freed.
        ASAN_POISON_MEMORY_REGION(data, static_cast<std::size_t>(capacity));
        return;
      } catch (const std::bad_alloc&) {
        // No room to remember it: the system takes it instead.
      }
    }
    statistics_.trimmed_bytes += capacity;
  }
  std::free(data);
}

PoolStatistics BufferPool::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

void BufferPool::Trim() {
  std::array<std::vector<std::uint8_t*>, kClasses> freed;
  {
    const std::lock_guard lock(mutex_);
    freed.swap(idle_);
    statistics_.trimmed_bytes += statistics_.idle_bytes;
    statistics_.idle_bytes = 0;
  }
  for (std::size_t c = 0; c < freed.size(); ++c) {
    for (std::uint8_t* data : freed[c]) {
      ASAN_UNPOISON_MEMORY_REGION(
          data, static_cast<std::size_t>(BytesOfClass(static_cast<std::int32_t>(c))));
      std::free(data);
    }
  }
}

}  // namespace lakegate::columnar
