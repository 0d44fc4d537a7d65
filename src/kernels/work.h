// What every loop of a kernel carries: the cancel token, looked at every few thousand steps.
#ifndef LAKEGATE_KERNELS_WORK_H_
#define LAKEGATE_KERNELS_WORK_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <string_view>

#include "lakegate/cancel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

inline constexpr std::size_t kStepsBetweenLooks = 4096;

inline Error Cancelled(std::string_view kernel) {
  return Error(ErrorKind::kCancelled, "Cancelled in the kernel " + std::string(kernel) + ".");
}

// True when step `i` of a loop is one that looks, and the token is set.
inline bool StopAt(std::size_t i, const CancelToken& cancel) {
  return i % kStepsBetweenLooks == 0 && cancel.cancelled();
}

// Row numbers inside kernels are 32 bits wide; all-ones is "none".
using Row = std::uint32_t;
inline constexpr Row kNoRow = std::numeric_limits<Row>::max();
inline constexpr std::int64_t kMostRows = std::int64_t{kNoRow} - 1;

Status CheckRowCount(std::int64_t rows, std::string_view what);

inline Error OutOfMemory(std::string_view kernel) {
  return Error(ErrorKind::kResourceLimit, "The system has no memory left for the kernel " +
                                              std::string(kernel) +
                                              "; lower the setting execution.memory_limit.");
}

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_WORK_H_
