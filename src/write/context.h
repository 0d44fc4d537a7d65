// What a write needs from outside: collaborators and policies, all borrowed for the call.
#ifndef LAKEGATE_WRITE_CONTEXT_H_
#define LAKEGATE_WRITE_CONTEXT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/uuid.h"
#include "engine/engine.h"
#include "lakegate/arrow.h"
#include "lakegate/cancel.h"
#include "lakegate/profile.h"
#include "observe/event_sink.h"

namespace lakegate::write {

struct WriteContext {
  // Shared with streams and the log.
  std::shared_ptr<const engine::Engine> engine;
  WritePolicy policy;
  MaintenancePolicy maintenance;
  base::Clock& clock;
  base::RandomSource& random;
  observe::EventSink& events;
  CancelToken cancel = {};
  // How long one reading of a change may take; 0 is no limit.
  std::int64_t time_limit_ms = 0;
  // The name the events give this output; the destination's path when empty.
  std::string output = {};
  // Rows the source will have, where the caller knows: chooses the target file size.
  std::optional<std::int64_t> expected_rows = {};
};

// Opens the source. Called at most once, after every check of the request has passed and
// never when there is nothing to write (kAlreadyExists, an application transaction that is
// in the log).
using SourceFactory = std::function<Result<ArrowStream>()>;

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_CONTEXT_H_
