// A table whose rows the host produces, as the bridge opens it. Internal to this room.
#ifndef LAKEGATE_ENGINE_HOST_STREAM_H_
#define LAKEGATE_ENGINE_HOST_STREAM_H_

#include <memory>

#include "engine/bridge_api.h"
#include "engine/host_errors.h"
#include "engine/statement.h"

namespace lakegate::engine {

// Owned by whoever it is passed to. `errors` is shared with the streams of the session.
lg_stream_source StreamSourceOf(StreamFactory factory, std::shared_ptr<HostErrors> errors);

// The rows for the bridge to read; `errors` keeps the typed error that ends them.
void ExportWatched(ArrowStream rows, std::shared_ptr<HostErrors> errors, ArrowArrayStream* out);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_HOST_STREAM_H_
