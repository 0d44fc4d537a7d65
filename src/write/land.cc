#include "write/land.h"

#include <utility>
#include <variant>

#include "write/commit_events.h"

namespace lakegate::write {

Result<Landed> Land(delta::Log& log, std::optional<delta::Snapshot> base,
                    const delta::CommitRequest& request, const std::vector<std::string>& staged,
                    std::int64_t retries, WriteContext& context,
                    std::function<Status(const delta::Snapshot&)> recheck) {
  CommitEvents observer(log.path(), context.events);
  const delta::CommitContext commit{.clock = context.clock,
                                    .random = context.random,
                                    .observer = observer,
                                    .cancel = context.cancel,
                                    .retries = retries,
                                    .recheck = std::move(recheck)};
  auto result = delta::Commit(log, std::move(base), request, commit);
  if (result) {
    if (const auto* done = std::get_if<delta::Committed>(&result->outcome)) {
      return Landed{done->version, false, result->retries};
    }
    if (std::holds_alternative<delta::Unknown>(result->outcome)) {
      return *delta::ErrorOf(result->outcome, log.path());
    }
  }
  // A file that cannot be removed is an orphan no reader sees.
  (void)log.Discard(staged);
  if (!result) return std::move(result).error();
  if (const auto* applied = std::get_if<delta::AlreadyApplied>(&result->outcome)) {
    return Landed{applied->version, true, result->retries};
  }
  return *delta::ErrorOf(result->outcome, log.path());
}

}  // namespace lakegate::write
