// expect: no matching function for call to
// A handle of nothing would be passed to the bridge.
#include "engine/handle.h"

lakegate::Result<lakegate::engine::EngineHandle> Make(const lakegate::engine::BridgeApi& api) {
#ifdef MISUSE
  return lakegate::engine::EngineHandle();
#else
  return lakegate::engine::EngineHandle::Open<&lakegate::engine::BridgeApi::lg_engine_open>(
      api, lakegate::engine::Borrow("{}"));
#endif
}
