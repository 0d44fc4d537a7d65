// A dataset under its contract: what SQL, scans and kernels read instead of the raw table.
#ifndef LAKEGATE_SESSION_CONTRACT_SCAN_H_
#define LAKEGATE_SESSION_CONTRACT_SCAN_H_

#include <memory>

#include "engine/statement.h"
#include "engine/table.h"
#include "lakegate/cancel.h"
#include "lakegate/dataset.h"
#include "session/session_state.h"

namespace lakegate::session {

// Puts `table` under the spec's name, each scan held to the contract (datasets/finalise.h), in
// the table's own order. Rows that break a quarantining contract go to the session's quarantine
// directory. kInvalidArgument when there is none, kNotFound for a column of the contract.
Status AddContractedTable(const std::shared_ptr<SessionState>& state, const DatasetSpec& spec,
                          engine::Table table, const CancelToken& cancel,
                          engine::EngineSession* session);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_CONTRACT_SCAN_H_
