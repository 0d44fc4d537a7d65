// A range index of the host, as the bridge calls it. Internal to this room.
#ifndef LAKEGATE_ENGINE_HOST_RANGE_INDEX_H_
#define LAKEGATE_ENGINE_HOST_RANGE_INDEX_H_

#include <memory>

#include "engine/bridge_api.h"
#include "engine/host_errors.h"
#include "engine/range_index.h"

namespace lakegate::engine {

// Owned by whoever it is passed to. `errors` is shared with the streams of the session.
lg_range_index RangeIndexOf(RangeIndexMaker maker, std::shared_ptr<HostErrors> errors);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_HOST_RANGE_INDEX_H_
