// A session with observers: what a job opens instead of `Session::Open`.
#ifndef LAKEGATE_SESSION_OPEN_SESSION_H_
#define LAKEGATE_SESSION_OPEN_SESSION_H_

#include <memory>
#include <string>

#include "lakegate/session.h"
#include "observe/event_sink.h"

namespace lakegate {

struct SessionSurroundings {
  // Borrowed; null is the null sink. Must outlive the session and every stream made from it.
  observe::EventSink* events = nullptr;
  // Rows that break a quarantining contract go to <directory>/<dataset>.ndjson. "" leaves it
  // to the profile's run directory; without that, quarantining datasets are refused.
  std::string quarantine_directory = {};
};

struct SessionAccess {
  static Result<std::unique_ptr<Session>> Open(Profile profile,
                                               const SessionSurroundings& surroundings);
};

namespace session {

struct SessionState;

// What a session holds. Errors of `Session::Open`.
Result<std::shared_ptr<SessionState>> OpenState(Profile profile,
                                                const SessionSurroundings& surroundings);

}  // namespace session
}  // namespace lakegate

#endif  // LAKEGATE_SESSION_OPEN_SESSION_H_
