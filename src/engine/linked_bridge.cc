#include "engine/bridge_api.h"

namespace lakegate::engine {

const BridgeApi& LinkedBridge() {
  static constexpr BridgeApi kLinked = {
#define LG_LINK_ENTRY_POINT(name) &::name,
      LG_ENTRY_POINTS(LG_LINK_ENTRY_POINT)
#undef LG_LINK_ENTRY_POINT
  };
  return kLinked;
}

Result<const BridgeApi*> LoadBridge() {
  static const Result<const BridgeApi*> kLoaded = CheckBridge(LinkedBridge());
  return kLoaded;
}

}  // namespace lakegate::engine
