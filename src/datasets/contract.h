// What must hold of every row of a dataset, and the error columns of rows that break it.
#ifndef LAKEGATE_DATASETS_CONTRACT_H_
#define LAKEGATE_DATASETS_CONTRACT_H_

#include <string>
#include <string_view>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/dataset.h"
#include "lakegate/result.h"

namespace lakegate::datasets {

// Constraints are named as messages, error rows and ConstraintViolation say them:
// "not_null(path)", the check's own name, "key(path, bstart)". Key columns must not be null.
struct Contract {
  // The name messages use.
  std::string dataset;
  std::vector<std::string> key;
  std::vector<std::string> not_null;
  std::vector<Check> checks;
  bool operator==(const Contract&) const = default;

  bool empty() const { return key.empty() && not_null.empty() && checks.empty(); }
};

Contract ContractOf(const DatasetSpec& spec);

std::string NotNullName(std::string_view column);
std::string KeyName(const std::vector<std::string>& key);

// Whether the columns that `contract` names are there: kNotFound names the first that is not,
// and lists the columns there are. Check expressions are the predicate's to resolve.
Status CheckContractColumns(const Contract& contract, const ArrowSchema& schema);

// The schema of rows that left the stream: `row_ordinal` (int64, counted from 0 over the whole
// stream), `errors` (list of utf8, "constraint: message", in contract order), then the row's
// own columns. An own column of one of the two names gets "_" appended until it is unique.
Result<OwnedSchema> QuarantineSchema(const ArrowSchema& schema);

}  // namespace lakegate::datasets

#endif  // LAKEGATE_DATASETS_CONTRACT_H_
