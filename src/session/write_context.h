// What the session lends a write or a change of a table: collaborators, and the policy for a path.
#ifndef LAKEGATE_SESSION_WRITE_CONTEXT_H_
#define LAKEGATE_SESSION_WRITE_CONTEXT_H_

#include <string>

#include "lakegate/cancel.h"
#include "lakegate/write.h"
#include "session/session_state.h"
#include "write/context.h"

namespace lakegate::session {

// Borrows `state`. What `maintenance` leaves open, the profile decides.
write::WriteContext WriteContextFor(SessionState& state, const std::string& path,
                                    const MaintenanceOptions& maintenance,
                                    const CancelToken& cancel);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_WRITE_CONTEXT_H_
