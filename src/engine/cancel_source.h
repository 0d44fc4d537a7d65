// A cancel token as the bridge polls it. Internal to this room.
#ifndef LAKEGATE_ENGINE_CANCEL_SOURCE_H_
#define LAKEGATE_ENGINE_CANCEL_SOURCE_H_

#include "engine/bridge_api.h"
#include "lakegate/cancel.h"

namespace lakegate::engine {

// Owned by whoever it is passed to; releases itself through its `release`.
lg_cancel_source CancelSourceOf(const CancelToken& cancel);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_CANCEL_SOURCE_H_
