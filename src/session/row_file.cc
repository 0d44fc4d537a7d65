#include "session/row_file.h"

#include <optional>
#include <utility>

#include "base/try.h"

namespace lakegate::session {

Result<std::int64_t> WriteRowFile(const engine::Engine& engine, ArrowStream rows,
                                  const engine::FileWriterOptions& options) {
  LG_ASSIGN_OR_RETURN(engine::FileWriter writer,
                      engine::FileWriter::Open(engine, options, rows->schema()));
  while (true) {
    LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, rows->Next());
    if (!batch) break;
    LG_RETURN_IF_ERROR(writer.Write(*std::move(batch)));
  }
  LG_ASSIGN_OR_RETURN(const engine::FileTotals totals, std::move(writer).Finish());
  return totals.rows;
}

}  // namespace lakegate::session
