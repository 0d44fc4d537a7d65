// The engine's handle, for the other files of this room.
#ifndef LAKEGATE_ENGINE_ENGINE_STATE_H_
#define LAKEGATE_ENGINE_ENGINE_STATE_H_

#include "engine/engine.h"
#include "engine/handle.h"

namespace lakegate::engine {

struct Engine::State {
  const BridgeApi* api;
  EngineHandle handle;
};

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_ENGINE_STATE_H_
