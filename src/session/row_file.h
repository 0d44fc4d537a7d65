// A stream written to one file, batch by batch.
#ifndef LAKEGATE_SESSION_ROW_FILE_H_
#define LAKEGATE_SESSION_ROW_FILE_H_

#include <cstdint>

#include "engine/file_writer.h"
#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::session {

// Reads `rows` to their end; gives how many there were. Errors of the rows and of FileWriter; a
// part of a file stays for the caller to remove.
Result<std::int64_t> WriteRowFile(const engine::Engine& engine, ArrowStream rows,
                                  const engine::FileWriterOptions& options);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_ROW_FILE_H_
