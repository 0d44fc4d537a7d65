// Range joins of SQL, run on the kernel's index.
#ifndef LAKEGATE_SESSION_RANGE_JOINS_H_
#define LAKEGATE_SESSION_RANGE_JOINS_H_

#include "engine/statement.h"
#include "session/session_state.h"

namespace lakegate::session {

// Unless the setting execution.range_joins says otherwise.
Status UseRangeJoins(const SessionState& state, const CancelToken& cancel,
                     engine::EngineSession* session);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_RANGE_JOINS_H_
