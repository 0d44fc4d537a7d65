// What every kernel's output stream does the same way.
#ifndef LAKEGATE_KERNELS_KERNEL_STREAM_H_
#define LAKEGATE_KERNELS_KERNEL_STREAM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// The pool of a context: its own, or the one of the process.
std::shared_ptr<columnar::BufferPool> PoolOf(const KernelContext& context);

// Columns that kernels add. `valid` is empty when no value is null.
OwnedArray Int64Column(const std::vector<std::int64_t>& values, columnar::BufferPool& pool);
OwnedArray DoubleColumn(const std::vector<double>& values, const std::vector<bool>& valid,
                        columnar::BufferPool& pool);
// utf8: words[indices[i]].
OwnedArray WordColumn(const std::vector<std::uint8_t>& indices,
                      const std::vector<std::string_view>& words, columnar::BufferPool& pool);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_KERNEL_STREAM_H_
