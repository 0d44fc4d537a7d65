// A write to one file: staged beside it, then renamed over it.
#ifndef LAKEGATE_WRITE_FILE_WRITE_H_
#define LAKEGATE_WRITE_FILE_WRITE_H_

#include <string>

#include "lakegate/write.h"
#include "write/context.h"

namespace lakegate::write {

// `path` is canonical. The old file stays until the new one is complete.
Result<WriteReceipt> WriteToFile(const SourceFactory& source, const std::string& path,
                                 DataFormat format, const WriteOptions& options,
                                 WriteContext& context);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_FILE_WRITE_H_
