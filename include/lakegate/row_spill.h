// Where a kernel puts rows aside that do not fit in its memory, to read them again later.
//
// A session gives its kernels one that writes to its spill directory and obeys
// execution.spill_limit. Whoever calls kernels without a session may bring another.
#ifndef LAKEGATE_ROW_SPILL_H_
#define LAKEGATE_ROW_SPILL_H_

#include <memory>

#include "lakegate/arrow.h"
#include "lakegate/cancel.h"
#include "lakegate/result.h"

namespace lakegate {

// Rows put aside, in the order they came. Gone with the last reference. Threads: any.
class SpilledRows {
 public:
  virtual ~SpilledRows() = default;
  // The rows from the first, in batches of at most the sizes they came in. The stream keeps
  // the rows. kIo, kCorruptData, kCancelled.
  virtual Result<ArrowStream> Open(const CancelToken& cancel) const = 0;
};

class RowSpill {
 public:
  virtual ~RowSpill() = default;
  // Reads `rows` to their end. Errors: those of `rows`, kIo, kResourceLimit (no room left;
  // names the setting), kCancelled. Threads: any.
  // Shared: readers keep what they read.
  virtual Result<std::shared_ptr<const SpilledRows>> Keep(ArrowStream rows,
                                                          const CancelToken& cancel) = 0;
};

}  // namespace lakegate

#endif  // LAKEGATE_ROW_SPILL_H_
