// One logical write: plan, validate, stage, commit, maintain.
//
// Nothing of the destination changes unless the whole source was read and every row met every
// constraint. Errors: kAlreadyExists (mode error), kInvalidArgument (an option; the nearest
// name), kUnsupported (append to a file, a type the format cannot hold), kSchemaMismatch
// (columns named), kConstraintViolation (check, count, first rows), kCommitConflict,
// kCommitUnknown, kIo (with the path), kCancelled, and whatever the source fails with.
// Threads: one call each; any number of calls.
#ifndef LAKEGATE_WRITE_WRITE_H_
#define LAKEGATE_WRITE_WRITE_H_

#include "lakegate/write.h"
#include "write/context.h"

namespace lakegate::write {

Result<WriteReceipt> RunWrite(const SourceFactory& source, const WriteOptions& options,
                              WriteContext& context);

// The same for a stream that is open already.
Result<WriteReceipt> RunWrite(ArrowStream source, const WriteOptions& options,
                              WriteContext& context);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_WRITE_H_
