// A stream of the bridge as a RecordStream with typed errors. Internal to this room.
#ifndef LAKEGATE_ENGINE_BRIDGE_STREAM_H_
#define LAKEGATE_ENGINE_BRIDGE_STREAM_H_

#include <memory>

#include "engine/bridge_api.h"
#include "engine/host_errors.h"
#include "lakegate/arrow.h"

namespace lakegate::engine {

// Takes `*raw` over, also on failure. `host_errors` may be null; shared with the session whose
// host streams the query reads.
Result<ArrowStream> OpenBridgeStream(const BridgeApi& api, ArrowArrayStream* raw,
                                     std::shared_ptr<HostErrors> host_errors);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_BRIDGE_STREAM_H_
