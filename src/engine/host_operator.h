// An operator of the host on rows, as the bridge calls it. Internal to this room.
#ifndef LAKEGATE_ENGINE_HOST_OPERATOR_H_
#define LAKEGATE_ENGINE_HOST_OPERATOR_H_

#include <memory>

#include "engine/bridge_api.h"
#include "engine/host_errors.h"
#include "engine/statement.h"

namespace lakegate::engine {

// Owned by whoever it is passed to. `errors` is shared with the streams of the session.
lg_row_operator RowOperatorOf(RowOperator run, const BridgeApi& api,
                              std::shared_ptr<HostErrors> errors);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_HOST_OPERATOR_H_
