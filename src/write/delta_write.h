// A write to a Delta table: staged, then one commit.
#ifndef LAKEGATE_WRITE_DELTA_WRITE_H_
#define LAKEGATE_WRITE_DELTA_WRITE_H_

#include <string>

#include "delta/log.h"
#include "lakegate/write.h"
#include "write/context.h"

namespace lakegate::write {

// `log` is the table's, an argument so that tests can lose its answers.
Result<WriteReceipt> WriteToDelta(const SourceFactory& source, delta::Log& log,
                                  const WriteOptions& options, WriteContext& context);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_DELTA_WRITE_H_
