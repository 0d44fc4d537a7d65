// expect: a handle frees its object itself
// The door for calls does not lead to the free function.
#include "engine/handle.h"

lakegate::Status Call(const lakegate::engine::TableHandle& handle, ArrowSchema* out) {
#ifdef MISUSE
  return handle.Call<&lakegate::engine::BridgeApi::lg_table_free>();
#else
  return handle.Call<&lakegate::engine::BridgeApi::lg_table_schema>(out);
#endif
}
