#include "kernels/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <vector>

namespace lakegate::kernels {
namespace {

KernelContext ContextWith(std::int64_t threads) {
  KernelContext context;
  context.threads = threads;
  return context;
}

TEST(ParallelFor, CallsEachTaskOnceWhateverTheThreads) {
  for (const std::int64_t threads : {1, 2, 4}) {
    std::vector<int> calls(1000, 0);
    ASSERT_TRUE(ParallelFor(ContextWith(threads), calls.size(), [&](std::size_t i) -> Status {
      ++calls[i];
      return {};
    }));
    EXPECT_EQ(calls, std::vector<int>(1000, 1)) << threads;
  }
}

TEST(ParallelFor, GivesTheErrorOfTheLeastTaskThatFailed) {
  for (const std::int64_t threads : {1, 2, 4}) {
    const auto done = ParallelFor(ContextWith(threads), 100, [&](std::size_t i) -> Status {
      if (i < 7) return {};
      return Error(ErrorKind::kCorruptData, std::to_string(i));
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message(), "7") << threads;
  }
}

TEST(ParallelFor, ThrowsRefusedMemoryOnTheCallersThread) {
  for (const std::int64_t threads : {1, 2}) {
    EXPECT_THROW(
        static_cast<void>(ParallelFor(ContextWith(threads), 8,
                                      [](std::size_t) -> Status { throw std::bad_alloc(); })),
        std::bad_alloc);
  }
}

TEST(ParallelRanges, CoversAllRowsOnceAndStopsWhenCancelled) {
  std::atomic<std::size_t> rows = 0;
  const auto count = [&](std::size_t first, std::size_t last) -> Status {
    rows += last - first;
    return {};
  };
  KernelContext context = ContextWith(2);
  ASSERT_TRUE(ParallelRanges(context, {.rows = 100'001, .grain = 1000}, count));
  EXPECT_EQ(rows, 100'001U);
  ASSERT_TRUE(ParallelRanges(context, {.rows = 0}, count));
  context.cancel.Cancel();
  const auto stopped = ParallelRanges(context, {.rows = 10}, count);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind(), ErrorKind::kCancelled);
}

}  // namespace
}  // namespace lakegate::kernels
