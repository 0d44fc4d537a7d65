// expect: discards qualifiers
// Finishing spends a writer: it has to be given away, so that nobody finishes it twice.
#include <utility>

#include "engine/file_writer.h"

lakegate::Result<lakegate::engine::FileTotals> Finish(lakegate::engine::FileWriter& writer) {
#ifdef MISUSE
  return writer.Finish();
#else
  return std::move(writer).Finish();
#endif
}
