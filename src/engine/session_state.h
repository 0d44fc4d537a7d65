// A session's handle, for the other files of this room.
#ifndef LAKEGATE_ENGINE_SESSION_STATE_H_
#define LAKEGATE_ENGINE_SESSION_STATE_H_

#include <memory>

#include "engine/handle.h"
#include "engine/host_errors.h"
#include "engine/statement.h"

namespace lakegate::engine {

struct EngineSession::State {
  // Shared: a plan or a stream may be the last to need the engine.
  std::shared_ptr<const Engine> engine;
  SessionHandle handle;
  // Shared with host tables and streams.
  std::shared_ptr<HostErrors> host_errors = std::make_shared<HostErrors>();

  // The typed error of the callback that made the bridge fail, or what the bridge says.
  Error ErrorOf(Error said) const {
    auto own = host_errors->Take();
    return own ? *std::move(own) : std::move(said);
  }
};

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_SESSION_STATE_H_
