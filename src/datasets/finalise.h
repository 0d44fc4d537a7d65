// Holds a stream to a contract while it flows by: good rows leave, rows that break the
// contract end it (kFail) or go elsewhere (kQuarantine).
//
// Memory: one batch, and for a declared key 16 to 32 bytes a row. Batches without a violation
// are handed through, not copied. Row order is kept.
//
// Errors, from Enforce: kNotFound (a column of the contract; lists the columns there are),
// kInvalidArgument (checks without a predicate, kQuarantine without a sink), kUnsupported (a
// key column of a nested type).
// From the stream: kConstraintViolation under kFail, when the first batch with a violation is
// met: the source is then read to its end to count, nothing more is handed out, and the error
// names the constraint (the first of the contract that is broken), how many rows break it,
// what else is broken, and the first rows. A duplicate of a key is a row whose key was seen
// before in the stream: the first row of a key is good. kResourceLimit when the keys do not
// fit `key_memory_bytes`; kCancelled; errors of source, predicate and sink as they are.
// Threads: the stream is read from one thread at a time.
#ifndef LAKEGATE_DATASETS_FINALISE_H_
#define LAKEGATE_DATASETS_FINALISE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "datasets/contract.h"
#include "datasets/row_predicate.h"
#include "lakegate/arrow.h"
#include "lakegate/cancel.h"
#include "lakegate/dataset.h"
#include "lakegate/result.h"

namespace lakegate::datasets {

// Takes rows that break the contract: batches of QuarantineSchema(source schema), in order.
class QuarantineSink {
 public:
  virtual ~QuarantineSink() = default;
  virtual Status Write(const ArrowSchema& schema, OwnedArray batch) = 0;
};

struct ConstraintCount {
  std::string constraint;
  std::int64_t violations = 0;
  bool operator==(const ConstraintCount&) const = default;
};

// What was seen so far: for run records and receipts.
struct ContractReport {
  std::int64_t rows = 0;
  std::int64_t good_rows = 0;
  std::int64_t bad_rows = 0;
  // Every constraint of the contract in its order, also those that hold. One row may break
  // several.
  std::vector<ConstraintCount> constraints;
  bool operator==(const ContractReport&) const = default;
};

struct EnforceOptions {
  OnViolation on_violation = OnViolation::kFail;
  // Rows rendered into the error.
  std::int64_t first_rows = 5;
  // For the keys seen; zero or less: no limit.
  std::int64_t key_memory_bytes = std::int64_t{1} << 30;
  CancelToken cancel;
  // Kept up to date while the stream is read; may be null. Shared: the caller reads it when
  // the stream may be gone.
  std::shared_ptr<ContractReport> report;
};

// `predicate` may be null when there are no checks. `sink` is borrowed by the stream and may be
// null under kFail. An empty contract hands `source` back.
Result<ArrowStream> Enforce(ArrowStream source, Contract contract,
                            std::unique_ptr<RowPredicate> predicate, const EnforceOptions& options,
                            QuarantineSink* sink = nullptr);

}  // namespace lakegate::datasets

#endif  // LAKEGATE_DATASETS_FINALISE_H_
