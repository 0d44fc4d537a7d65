// A relation as a policy lets it be seen (RelationProtection in policy.h).
//
// The relation is read by a statement of its own, in an engine session of its own, and reaches
// the outer statement as a stream: no predicate is pushed into it, it has no statistics, and
// what goes wrong in it is told without its text.
#ifndef LAKEGATE_SESSION_PROTECTED_RELATION_H_
#define LAKEGATE_SESSION_PROTECTED_RELATION_H_

#include <memory>
#include <string>

#include "engine/statement.h"
#include "lakegate/policy.h"
#include "session/relations.h"
#include "session/session_state.h"

namespace lakegate::session {

// Puts the relation into `session` under its name. kInvalidArgument: a filter or mask that is no
// expression over a row; kNotFound: a masked column that is not there; kInvalidSql: an
// expression that cannot be planned.
Status AddProtectedRelation(const std::shared_ptr<SessionState>& state, const std::string& name,
                            const SqlPolicy& policy, const StatementNeeds& needs,
                            engine::EngineSession* session);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_PROTECTED_RELATION_H_
