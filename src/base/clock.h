// Time as a collaborator: code that needs "now" is given a `Clock`, so that runs can be
// replayed and tests decide what time it is.
//
// Threads: both clocks may be read from any thread; a `ManualClock` may be moved by one
// thread while others read it. Units last in every name.
#ifndef LAKEGATE_BASE_CLOCK_H_
#define LAKEGATE_BASE_CLOCK_H_

#include <atomic>
#include <cstdint>

namespace lakegate::base {

class Clock {
 public:
  virtual ~Clock() = default;

  // Milliseconds since 1970-01-01 UTC; may jump when the machine's clock is set.
  virtual std::int64_t WallTimeMs() const = 0;

  // Nanoseconds since an arbitrary start; never runs backwards. For durations.
  virtual std::int64_t MonotonicNs() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t WallTimeMs() const override;
  std::int64_t MonotonicNs() const override;
};

// Stands still until it is advanced.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t wall_time_ms) : wall_time_ms_(wall_time_ms) {}

  std::int64_t WallTimeMs() const override { return wall_time_ms_.load(); }
  std::int64_t MonotonicNs() const override { return monotonic_ns_.load(); }

  void AdvanceMs(std::int64_t duration_ms) {
    wall_time_ms_ += duration_ms;
    monotonic_ns_ += duration_ms * 1'000'000;
  }

 private:
  std::atomic<std::int64_t> wall_time_ms_;
  std::atomic<std::int64_t> monotonic_ns_{0};
};

}  // namespace lakegate::base

#endif  // LAKEGATE_BASE_CLOCK_H_
