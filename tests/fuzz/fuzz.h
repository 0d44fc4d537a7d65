// What fuzz targets share: a target, and bytes taken from an input one after the other.
#ifndef LAKEGATE_TESTS_FUZZ_FUZZ_H_
#define LAKEGATE_TESTS_FUZZ_FUZZ_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace lakegate::fuzz {

// Bytes of an input; zeros behind its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  bool empty() const { return taken_ == size_; }
  std::uint8_t Byte() { return empty() ? 0 : data_[taken_++]; }
  std::size_t Below(std::size_t bound) { return Byte() % bound; }
  void Fill(void* into, std::size_t bytes) {
    const std::size_t count = std::min(bytes, size_ - taken_);
    std::memset(into, 0, bytes);
    if (count > 0) std::memcpy(into, data_ + taken_, count);
    taken_ += count;
  }
  std::string_view Rest() {
    const std::string_view rest(reinterpret_cast<const char*>(data_) + taken_, size_ - taken_);
    taken_ = size_;
    return rest;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t taken_ = 0;
};

// A promise that was broken, for the fuzzer to report.
inline void Require(bool holds, std::string_view promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(promise.size()), promise.data());
  std::abort();
}

}  // namespace lakegate::fuzz

#endif  // LAKEGATE_TESTS_FUZZ_FUZZ_H_
