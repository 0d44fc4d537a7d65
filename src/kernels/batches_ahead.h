// An output stream whose batches are made ahead of the reader, each whole by one thread.
#ifndef LAKEGATE_KERNELS_BATCHES_AHEAD_H_
#define LAKEGATE_KERNELS_BATCHES_AHEAD_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/try.h"
#include "kernels/kernel_stream.h"
#include "kernels/parallel.h"
#include "kernels/work.h"
#include "lakegate/arrow.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// `Cut` says which rows an output batch has. Cuts are used again, so that lists inside them
// keep their memory.
template <typename Cut>
class BatchesAhead : public KernelStream {
 public:
  BatchesAhead(OwnedSchema schema, std::string_view kernel, const KernelContext& context)
      : KernelStream(std::move(schema), kernel), kernel_(kernel), context_(context) {}

 protected:
  // Writes the next cut over one of before; false at the end. One thread asks, in order.
  virtual Result<bool> NextCut(Cut* cut) = 0;
  // The batch of a cut. Several threads ask, each with a cut of its own.
  virtual Result<OwnedArray> Make(Cut* cut) const = 0;

  std::string_view kernel() const { return kernel_; }
  const KernelContext& context() const { return context_; }

 private:
  Result<std::optional<OwnedArray>> Produce() final {
    if (context_.cancel.cancelled()) return Cancelled(kernel_);
    if (ready_.empty() && !failed_) LG_RETURN_IF_ERROR(MakeBatches());
    if (ready_.empty() && failed_) return *failed_;
    if (ready_.empty()) return std::optional<OwnedArray>();
    std::optional<OwnedArray> batch(std::move(ready_.front()));
    ready_.pop_front();
    return batch;
  }

  Status MakeBatches() {
    cuts_.resize(ThreadsAtOnce(context_));
    std::size_t count = 0;
    for (; count < cuts_.size(); ++count) {
      const Result<bool> more = NextCut(&cuts_[count]);
      // What was cut before a failure is given first, whatever the number of threads.
      if (!more) failed_ = more.error();
      if (!more || !*more) break;
    }
    std::vector<OwnedArray> made(count);
    LG_RETURN_IF_ERROR(ParallelFor(context_, count, [&](std::size_t i) -> Status {
      if (context_.cancel.cancelled()) return Cancelled(kernel_);
      LG_ASSIGN_OR_RETURN(made[i], Make(&cuts_[i]));
      return {};
    }));
    for (OwnedArray& batch : made) ready_.push_back(std::move(batch));
    return {};
  }

  std::string_view kernel_;
  KernelContext context_;
  std::vector<Cut> cuts_;
  std::deque<OwnedArray> ready_;
  std::optional<Error> failed_;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_BATCHES_AHEAD_H_
