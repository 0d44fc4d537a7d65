// The constraints of a write, and the stream held to them.
//
// What holds is what the request asks for and what the table already demands of every writer.
#ifndef LAKEGATE_WRITE_VALIDATE_H_
#define LAKEGATE_WRITE_VALIDATE_H_

#include <string>
#include <vector>

#include "delta/snapshot.h"
#include "lakegate/arrow.h"
#include "lakegate/dataset.h"
#include "lakegate/write.h"
#include "write/context.h"

namespace lakegate::write {

struct Constraints {
  std::vector<std::string> not_null = {};
  std::vector<Check> checks = {};
};

// `existing` may be null. An append may repeat the table's constraints but not add or change
// one, because the rows that are there were not checked: kInvalidArgument. An overwrite keeps
// the table's, and its own win by name.
Result<Constraints> ConstraintsFor(const WriteOptions& options, const delta::Snapshot* existing);

// The stream, ending with kConstraintViolation at the first batch that breaks one. kInvalidSql
// and kNotFound for an expression that does not fit the rows.
Result<ArrowStream> HoldTo(ArrowStream source, const Constraints& constraints,
                           const std::string& destination, const WriteContext& context);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_VALIDATE_H_
