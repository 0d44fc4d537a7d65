// Filters of the first row of each group, run on the dedupe kernel.
#ifndef LAKEGATE_SESSION_TOP_ROWS_H_
#define LAKEGATE_SESSION_TOP_ROWS_H_

#include "engine/statement.h"
#include "session/session_state.h"

namespace lakegate::session {

// Unless the setting execution.top_rows says otherwise.
Status UseTopRows(const SessionState& state, const CancelToken& cancel,
                  engine::EngineSession* session);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_TOP_ROWS_H_
