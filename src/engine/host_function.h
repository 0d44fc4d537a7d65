// A table function of the host, as the bridge binds it. Internal to this room.
#ifndef LAKEGATE_ENGINE_HOST_FUNCTION_H_
#define LAKEGATE_ENGINE_HOST_FUNCTION_H_

#include <memory>

#include "engine/bridge_api.h"
#include "engine/host_errors.h"
#include "engine/statement.h"

namespace lakegate::engine {

// Owned by whoever it is passed to. `errors` is shared with the streams of the session.
lg_table_function TableFunctionOf(TableFunction function, std::shared_ptr<HostErrors> errors);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_HOST_FUNCTION_H_
