// Finds the rows of a batch that break a contract.
//
// Private to the room. Remembers the keys it has seen, so batches are given in order, each
// once. Threads: one at a time.
#ifndef LAKEGATE_DATASETS_INSPECTOR_H_
#define LAKEGATE_DATASETS_INSPECTOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "columnar/view.h"
#include "datasets/contract.h"
#include "datasets/key_set.h"
#include "datasets/row_predicate.h"
#include "hashing/canonical.h"
#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::datasets {

// One row of a batch breaks one constraint.
struct Fault {
  std::int64_t row = 0;
  std::size_t constraint = 0;
  auto operator<=>(const Fault&) const = default;
};

struct Constraint {
  enum class Kind { kNotNull, kCheck, kKey };
  Kind kind;
  // As errors say it.
  std::string name;
  // What is wrong with a row, in a row's error.
  std::string message;
  std::int64_t column = -1;  // kNotNull
};

class Inspector {
 public:
  static Result<Inspector> Make(const Contract& contract, const ArrowSchema& schema,
                                std::unique_ptr<RowPredicate> predicate,
                                std::int64_t key_memory_bytes);

  // In the order of the contract: key columns and not_null columns, checks, the key.
  const std::vector<Constraint>& constraints() const { return constraints_; }

  // Sorted by row, then constraint.
  Result<std::vector<Fault>> Inspect(const ArrowSchema& schema, const OwnedArray& batch);

 private:
  explicit Inspector(KeySet keys) : keys_(std::move(keys)) {}

  Status InspectChecks(const ArrowSchema& schema, const OwnedArray& batch, std::int64_t length,
                       std::vector<Fault>* faults);
  // Only rows without another fault take or repeat a key.
  Status InspectKey(const columnar::BatchView& view, std::vector<Fault>* faults);

  std::vector<Constraint> constraints_;
  std::size_t first_check_ = 0;
  std::size_t check_count_ = 0;
  std::vector<std::int64_t> key_columns_;
  std::unique_ptr<RowPredicate> predicate_;
  OwnedSchema verdict_schema_;
  KeySet keys_;
  hashing::CanonicalEncoder encoder_;
};

}  // namespace lakegate::datasets

#endif  // LAKEGATE_DATASETS_INSPECTOR_H_
