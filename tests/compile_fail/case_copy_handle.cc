// expect: use of deleted function
// Two owners of one object of the bridge would free it twice.
#include <utility>

#include "engine/handle.h"

lakegate::engine::EngineHandle Take(lakegate::engine::EngineHandle& handle) {
#ifdef MISUSE
  return handle;
#else
  return std::move(handle);
#endif
}
