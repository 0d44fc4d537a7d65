// expect: invalid conversion from
// Freeing what a handle owns would leave it with a dangling pointer.
#include "engine/handle.h"

const lg_engine* Lend(const lakegate::engine::EngineHandle& handle) {
#ifdef MISUSE
  handle.api().lg_engine_free(handle.borrow());
#endif
  return handle.borrow();
}
