#include "base/try.h"
#include "columnar/buffer_pool.h"
#include "lakegate/session.h"
#include "session/kernel_functions.h"
#include "session/session_state.h"

namespace lakegate {
namespace {

QueryOptions Cancellable(const CancelToken& cancel) {
  QueryOptions options;
  options.cancel = cancel;
  return options;
}

}  // namespace

Result<ArrowStream> Session::Apply(const KernelCall& call, std::span<const std::string> inputs,
                                   const CancelToken& cancel) {
  LG_RETURN_IF_ERROR(ValidateKernelCall(call));
  std::vector<ArrowStream> streams;
  for (const std::string& input : inputs) {
    LG_ASSIGN_OR_RETURN(ArrowStream rows, Scan(input, Cancellable(cancel)));
    streams.push_back(std::move(rows));
  }
  return RunKernel(call, std::move(streams), session::KernelContextFor(*impl_->state, cancel));
}

BufferStatistics Session::Buffers() {
  const columnar::PoolStatistics pool = columnar::BufferPool::Process()->statistics();
  return BufferStatistics{.requests = pool.requests,
                          .recycled = pool.recycled,
                          .peak_bytes = pool.peak_bytes,
                          .trimmed_bytes = pool.trimmed_bytes};
}

}  // namespace lakegate
