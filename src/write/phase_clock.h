// Wall time of each phase of one write, for its receipt.
#ifndef LAKEGATE_WRITE_PHASE_CLOCK_H_
#define LAKEGATE_WRITE_PHASE_CLOCK_H_

#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"

namespace lakegate::write {

class PhaseClock {
 public:
  explicit PhaseClock(const base::Clock& clock) : clock_(clock), since_ns_(clock.MonotonicNs()) {}

  // Books the time since the last call under `phase`.
  void End(const std::string& phase, std::map<std::string, std::int64_t>* duration_ms) {
    const std::int64_t now_ns = clock_.MonotonicNs();
    (*duration_ms)[phase] += (now_ns - since_ns_) / 1'000'000;
    since_ns_ = now_ns;
  }

 private:
  const base::Clock& clock_;
  std::int64_t since_ns_;
};

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_PHASE_CLOCK_H_
