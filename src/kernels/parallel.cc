#include "kernels/parallel.h"

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/try.h"
#include "kernels/work.h"

namespace lakegate::kernels {
namespace {

Status RunInOrder(std::size_t count, const std::function<Status(std::size_t)>& task) {
  for (std::size_t i = 0; i < count; ++i) LG_RETURN_IF_ERROR(task(i));
  return {};
}

// The least failure of a run, whichever thread meets it.
class Failures {
 public:
  // Tasks above the least failed one need not begin.
  bool MayBegin(std::size_t task) const { return task < least_.load(std::memory_order_acquire); }

  void Add(std::size_t task, Status failed, std::exception_ptr thrown) {
    const std::lock_guard lock(mutex_);
    if (task >= least_.load(std::memory_order_relaxed)) return;
    failed_ = std::move(failed);
    thrown_ = std::move(thrown);
    least_.store(task, std::memory_order_release);
  }

  Status Take() {
    const std::lock_guard lock(mutex_);
    if (thrown_) std::rethrow_exception(thrown_);
    return std::move(failed_);
  }

 private:
  std::mutex mutex_;
  std::atomic<std::size_t> least_ = static_cast<std::size_t>(-1);
  // Guarded by mutex_:
  Status failed_;
  std::exception_ptr thrown_;
};

// Calls body(0) .. body(count - 1), each once; `body` does not throw.
template <typename Body>
void ForEachOnThreads(std::size_t threads, std::size_t count, const Body& body) {
#if defined(__SANITIZE_THREAD__)
  // The sanitizer cannot see into oneTBB, whose library is not instrumented: what that hands from
  // thread to thread would look like a race, and our own races might not.
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) body(i);
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
#else
  oneapi::tbb::task_arena arena(static_cast<int>(threads));
  arena.execute([&] {
    oneapi::tbb::parallel_for(std::size_t{0}, count, body, oneapi::tbb::simple_partitioner());
  });
#endif
}

}  // namespace

std::size_t ThreadsAtOnce(const KernelContext& context) {
  // oneTBB complains on standard error when asked for more.
  return std::min(static_cast<std::size_t>(context.threads),
                  static_cast<std::size_t>(oneapi::tbb::info::default_concurrency()));
}

Status ParallelFor(const KernelContext& context, std::size_t count,
                   const std::function<Status(std::size_t)>& task) {
  const std::size_t threads = std::min(ThreadsAtOnce(context), count);
  if (threads <= 1) return RunInOrder(count, task);
  Failures failures;
  ForEachOnThreads(threads, count, [&](std::size_t i) {
    if (!failures.MayBegin(i)) return;
    try {
      if (auto done = task(i); !done) failures.Add(i, std::move(done), nullptr);
    } catch (...) {
      failures.Add(i, {}, std::current_exception());
    }
  });
  return failures.Take();
}

Status ParallelRanges(const KernelContext& context, const RowRanges& ranges,
                      const std::function<Status(std::size_t, std::size_t)>& task) {
  return ParallelFor(context, ranges.count(), [&](std::size_t range) -> Status {
    if (context.cancel.cancelled()) return Cancelled("parallel work");
    return task(ranges.first(range), ranges.last(range));
  });
}

}  // namespace lakegate::kernels
