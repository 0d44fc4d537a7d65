#include "kernels/kernel_stream.h"

#include <new>
#include <utility>

#include "base/try.h"
#include "columnar/view.h"
#include "kernels/work.h"

namespace lakegate::kernels {
Result<std::optional<OwnedArray>> KernelStream::Next() {
  if (failed_) return *failed_;
  if (done_) return std::optional<OwnedArray>();
  try {
    auto next = Produce();
    if (!next) {
      failed_ = next.error();
    } else if (!next->has_value()) {
      done_ = true;
    }
    return next;
  } catch (const std::bad_alloc&) {
    failed_ = OutOfMemory(kernel_);
    return *failed_;
  }
}

Result<columnar::SharedArray> NextChecked(RecordStream& input, std::string_view kernel,
                                          const CancelToken& cancel) {
  if (cancel.cancelled()) return Cancelled(kernel);
  LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> read, input.Next());
  if (!read) return columnar::SharedArray();
  LG_RETURN_IF_ERROR(columnar::CheckArray(input.schema(), **read));
  return columnar::ShareArray(*std::move(read));
}

std::shared_ptr<columnar::BufferPool> PoolOf(const KernelContext& context) {
  return context.pool != nullptr ? context.pool : columnar::BufferPool::Process();
}

}  // namespace lakegate::kernels
