// What a commit goes through, as events.
#ifndef LAKEGATE_WRITE_COMMIT_EVENTS_H_
#define LAKEGATE_WRITE_COMMIT_EVENTS_H_

#include <string>
#include <utility>

#include "delta/commit.h"
#include "observe/event.h"
#include "observe/event_sink.h"

namespace lakegate::write {

class CommitEvents final : public delta::CommitObserver {
 public:
  CommitEvents(std::string location, observe::EventSink& events)
      : location_(std::move(location)), events_(events) {}

  void Attempted(std::int64_t read_version, std::int64_t attempt) override {
    events_.Emit(observe::CommitAttempted{location_, read_version, attempt});
  }
  void LostRace(const delta::Conflicted& conflict, bool retried) override {
    events_.Emit(observe::CommitConflicted{location_,
                                           std::string(delta::ConflictKindName(conflict.kind)),
                                           conflict.read_version, conflict.found_version, retried});
  }
  void Uncertain(const Error& cause, const std::string& settled_as) override {
    events_.Emit(observe::CommitUncertain{location_, cause.message(), settled_as});
  }

 private:
  std::string location_;
  observe::EventSink& events_;
};

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_COMMIT_EVENTS_H_
