#include "write/write.h"

#include <optional>
#include <utility>

#include "base/file.h"
#include "base/try.h"
#include "delta/log.h"
#include "observe/event.h"
#include "write/delta_write.h"
#include "write/file_write.h"
#include "write/plan.h"

namespace lakegate::write {

namespace {

// A path without a known ending is a Delta table when it is one, or a folder.
Result<DataFormat> FormatOf(const DatasetLocation& destination, const std::string& path) {
  if (destination.format) return *destination.format;
  LG_ASSIGN_OR_RETURN(const auto kind, base::KindOf(path));
  if (kind == base::PathKind::kDirectory) return DataFormat::kDelta;
  return DataFormatFromPath(path);
}

}  // namespace

Result<WriteReceipt> RunWrite(const SourceFactory& source, const WriteOptions& options,
                              WriteContext& context) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_ASSIGN_OR_RETURN(const std::string path, base::CanonicalPath(options.destination.path));
  LG_ASSIGN_OR_RETURN(const DataFormat format, FormatOf(options.destination, path));
  LG_RETURN_IF_ERROR(CheckWriteOptions(options, format));
  if (context.output.empty()) context.output = path;
  context.events.Emit(observe::WritePlanned{context.output, path,
                                            std::string(DataFormatName(format)),
                                            std::string(WriteModeName(options.mode))});
  const auto run = [&]() -> Result<WriteReceipt> {
    if (format != DataFormat::kDelta) return WriteToFile(source, path, format, options, context);
    const auto log = delta::OpenLog(context.engine, path);
    return WriteToDelta(source, *log, options, context);
  };
  LG_ASSIGN_OR_RETURN(auto receipt, run());
  receipt.destination = path;
  receipt.format = format;
  receipt.mode = options.mode;
  receipt.run_id = options.run_id;
  return receipt;
}

Result<WriteReceipt> RunWrite(ArrowStream source, const WriteOptions& options,
                              WriteContext& context) {
  if (source == nullptr) {
    return Error(ErrorKind::kInvalidArgument, "There is no stream to write: it is null.");
  }
  const SourceFactory once = [&source]() -> Result<ArrowStream> {
    if (source == nullptr) {
      return Error(ErrorKind::kInternal, "The source of a write was opened twice.");
    }
    return std::move(source);
  };
  return RunWrite(once, options, context);
}

}  // namespace lakegate::write
