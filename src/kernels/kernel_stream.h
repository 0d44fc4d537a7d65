// What every kernel's output stream does the same way.
#ifndef LAKEGATE_KERNELS_KERNEL_STREAM_H_
#define LAKEGATE_KERNELS_KERNEL_STREAM_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "columnar/array_parts.h"
#include "columnar/buffer_pool.h"
#include "lakegate/arrow.h"
#include "lakegate/kernel.h"

namespace lakegate::kernels {

// Keeps giving the same answer after an error or the end; memory that the system refuses
// becomes kResourceLimit.
class KernelStream : public RecordStream {
 public:
  KernelStream(OwnedSchema schema, std::string_view kernel)
      : schema_(std::move(schema)), kernel_(kernel) {}

  const ArrowSchema& schema() const final { return *schema_; }
  Result<std::optional<OwnedArray>> Next() final;

 protected:
  // The next batch, or nothing at the end.
  virtual Result<std::optional<OwnedArray>> Produce() = 0;

 private:
  OwnedSchema schema_;
  std::string kernel_;
  bool done_ = false;
  std::optional<Error> failed_;
};

// The next batch of an input, checked (CheckArray); null at its end. kCancelled, kCorruptData.
Result<columnar::SharedArray> NextChecked(RecordStream& input, std::string_view kernel,
                                          const CancelToken& cancel);

// The pool of a context: its own, or the one of the process.
std::shared_ptr<columnar::BufferPool> PoolOf(const KernelContext& context);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_KERNEL_STREAM_H_
