#include "engine/row_pipe.h"

#include "base/try.h"
#include "engine/bridge_api.h"
#include "engine/bridge_error.h"
#include "engine/bridge_stream.h"

namespace lakegate::engine {

Result<ArrowStream> ReadRowPipe(int descriptor, std::int64_t most_message_bytes) {
  LG_ASSIGN_OR_RETURN(const BridgeApi* api, LoadBridge());
  ArrowArrayStream raw = {};
  ErrorOut error(*api);
  const std::int32_t code = api->lg_pipe_read(
      descriptor, static_cast<std::uint64_t>(most_message_bytes), &raw, error.out());
  LG_RETURN_IF_ERROR(error.Settle(code));
  return OpenBridgeStream(*api, &raw, nullptr);
}

}  // namespace lakegate::engine
