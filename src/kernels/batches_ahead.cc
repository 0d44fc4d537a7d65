#include "kernels/batches_ahead.h"

#include <utility>

#include "base/try.h"
#include "columnar/array_parts.h"
#include "kernels/parallel.h"
#include "kernels/work.h"

namespace lakegate::kernels {

Result<std::optional<OwnedArray>> BatchesAhead::Produce() {
  if (context_.cancel.cancelled()) return Cancelled(kernel_);
  if (ready_.empty()) LG_RETURN_IF_ERROR(MakeBatches());
  if (ready_.empty()) return std::optional<OwnedArray>();
  std::optional<OwnedArray> batch(std::move(ready_.front()));
  ready_.pop_front();
  return batch;
}

Status BatchesAhead::MakeBatches() {
  cut_.resize(ThreadsAtOnce(context_));
  std::size_t count = 0;
  for (; count < cut_.size(); ++count) {
    cut_[count].left.clear();
    cut_[count].right.clear();
    LG_ASSIGN_OR_RETURN(const bool more, Cut(&cut_[count]));
    if (!more) break;
  }
  std::vector<OwnedArray> made(count);
  LG_RETURN_IF_ERROR(ParallelFor(context_, count, [&](std::size_t i) -> Status {
    if (context_.cancel.cancelled()) return Cancelled(kernel_);
    columnar::ArrayParts parts;
    parts.length = static_cast<std::int64_t>(cut_[i].left.size());
    parts.buffers.resize(1);
    LG_ASSIGN_OR_RETURN(parts.children, Gather(cut_[i]));
    made[i] = columnar::MakeArray(std::move(parts));
    return {};
  }));
  for (OwnedArray& batch : made) ready_.push_back(std::move(batch));
  return {};
}

}  // namespace lakegate::kernels
