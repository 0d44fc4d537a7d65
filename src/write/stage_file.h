// Rows into one file beside its target: written, counted again, synced, not yet in its place.
#ifndef LAKEGATE_WRITE_STAGE_FILE_H_
#define LAKEGATE_WRITE_STAGE_FILE_H_

#include <cstdint>
#include <map>
#include <string>

#include "lakegate/arrow.h"
#include "lakegate/dataset.h"
#include "write/abandoned_files.h"
#include "write/context.h"

namespace lakegate::write {

struct StagedFile {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::string digest = {};
  LiveMark live = {};  // keeps other writes from sweeping the file away
};

// Reads the stream to its end into `temporary_path`. On failure the file is removed. The file
// is read back: kIo when it does not hold the rows or bytes that were written.
Result<StagedFile> StageFile(ArrowStream rows, const std::string& temporary_path, DataFormat format,
                             const std::map<std::string, std::string>& options,
                             const WriteContext& context);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_STAGE_FILE_H_
