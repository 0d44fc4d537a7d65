// Which line of a text file a reader stumbled over.
#ifndef LAKEGATE_SESSION_TEXT_LINE_H_
#define LAKEGATE_SESSION_TEXT_LINE_H_

#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/dataset.h"
#include "lakegate/error.h"

namespace lakegate::session {

// A kCorruptData error without a line, with the first bad line of `sources` (NDJSON: a line that
// is no JSON object; CSV: a record with another number of fields than the first) found by
// reading them again. Any other error, and one whose line cannot be found, comes back as it is.
Error NameLine(const Error& error, const std::vector<DatasetLocation>& sources);

// The same for errors of a stream.
ArrowStream NameLines(ArrowStream rows, std::vector<DatasetLocation> sources);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_TEXT_LINE_H_
