// An output stream whose batches are gathered ahead of the reader, each whole by one thread.
#ifndef LAKEGATE_KERNELS_BATCHES_AHEAD_H_
#define LAKEGATE_KERNELS_BATCHES_AHEAD_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "kernels/kernel_stream.h"
#include "lakegate/arrow.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// The rows that an output batch takes of one table, or of two side by side.
struct BatchRows {
  std::vector<std::int64_t> left;
  std::vector<std::int64_t> right;
};

class BatchesAhead : public KernelStream {
 public:
  BatchesAhead(OwnedSchema schema, std::string_view kernel, const KernelContext& context)
      : KernelStream(std::move(schema), kernel), kernel_(kernel), context_(context) {}

 protected:
  // The rows of the next batch, into empty lists; false, and none, at the end. Batches are cut
  // in order by one thread.
  virtual Result<bool> Cut(BatchRows* rows) = 0;
  // The columns of a batch. Several threads ask.
  virtual Result<std::vector<OwnedArray>> Gather(const BatchRows& rows) const = 0;

  std::string_view kernel() const { return kernel_; }
  const KernelContext& context() const { return context_; }

 private:
  Result<std::optional<OwnedArray>> Produce() final;
  Status MakeBatches();

  std::string_view kernel_;
  KernelContext context_;
  std::vector<BatchRows> cut_;  // lists that keep their memory
  std::deque<OwnedArray> ready_;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_BATCHES_AHEAD_H_
