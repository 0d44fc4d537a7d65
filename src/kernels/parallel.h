// Splits a kernel's work over threads without letting them show in the result.
//
// Work is cut by rows into tasks whose number depends on the data alone, never on the threads;
// each task writes what is its own. So one thread and many give the same bytes.
#ifndef LAKEGATE_KERNELS_PARALLEL_H_
#define LAKEGATE_KERNELS_PARALLEL_H_

#include <cstddef>
#include <functional>

#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// Threads that run at once: those of the context, and no more than the machine has.
std::size_t ThreadsAtOnce(const KernelContext& context);

// Calls task(0) .. task(count - 1), each once, on ThreadsAtOnce threads; the caller's is one of
// them. Gives the error of the least task that failed; tasks not begun when one
// failed may be left out. Memory that the system refuses inside a task is thrown again here.
Status ParallelFor(const KernelContext& context, std::size_t count,
                   const std::function<Status(std::size_t)>& task);

// Rows cut into equal ranges of about `grain` rows.
struct RowRanges {
  std::size_t rows = 0;
  std::size_t grain = std::size_t{1} << 16;

  std::size_t count() const { return (rows + grain - 1) / grain; }
  std::size_t first(std::size_t range) const { return range * grain; }
  std::size_t last(std::size_t range) const {
    const std::size_t end = (range + 1) * grain;
    return end < rows ? end : rows;
  }
};

// task(first, last) for every range; looks at the token of `context` before each.
Status ParallelRanges(const KernelContext& context, const RowRanges& ranges,
                      const std::function<Status(std::size_t first, std::size_t last)>& task);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_PARALLEL_H_
