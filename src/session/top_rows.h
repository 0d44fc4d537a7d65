// Filters of the first row of each group, run on the dedupe kernel.
#ifndef LAKEGATE_SESSION_TOP_ROWS_H_
#define LAKEGATE_SESSION_TOP_ROWS_H_

#include <string_view>

#include "engine/statement.h"
#include "lakegate/dedupe.h"
#include "session/session_state.h"

namespace lakegate::session {

// Unless the setting execution.top_rows says otherwise.
Status UseTopRows(const SessionState& state, const CancelToken& cancel,
                  engine::EngineSession* session);

// What Dedupe(input) gives, in memory for a part of the input and the rows kept so far: the input
// is deduplicated part by part. kResourceLimit when the rows that are kept pass the context's
// limit.
Result<ArrowStream> DedupeInParts(ArrowStream input, const DedupeOptions& options,
                                  const KernelContext& context);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_TOP_ROWS_H_
