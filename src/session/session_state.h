// What a session holds, and what its streams keep of it.
//
// Owner: shared by the session, the streams it returned and the factories inside them, because
// all of these may outlive the session. Threads: the catalog guards itself; the rest is set
// once, or guarded by the mutex that its comment names.
#ifndef LAKEGATE_SESSION_SESSION_STATE_H_
#define LAKEGATE_SESSION_SESSION_STATE_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/uuid.h"
#include "catalog/catalog.h"
#include "engine/engine.h"
#include "lakegate/profile.h"
#include "lakegate/session.h"
#include "observe/event_sink.h"
#include "session/spill_area.h"
#include "session/step_store.h"
#include "session/transaction_scope.h"
#include "session/worker_pool.h"

namespace lakegate::session {

struct SessionState {
  explicit SessionState(Profile the_profile) : profile(std::move(the_profile)) {}

  const Profile profile;
  // Before the engine, so that it goes after it: the engine spills in there.
  std::shared_ptr<SpillArea> spill;
  // Shared: streams, tables and plans keep it.
  std::shared_ptr<const engine::Engine> engine;
  catalog::Catalog catalog;
  base::SystemClock clock;
  base::SystemRandom random;
  observe::NullSink null_sink;
  // Borrowed; outlives the session and everything made from it.
  observe::EventSink* events = &null_sink;
  // Where rows that break a quarantining contract go; "" refuses such datasets.
  std::string quarantine_directory;

  std::mutex stores_mutex;
  // Guarded by stores_mutex. Shared: streams read on after `Deregister`.
  std::map<std::string, std::shared_ptr<const StepStore>, std::less<>> stores;

  // Set in a session that is the inside of a transaction.
  std::shared_ptr<TransactionScope> transaction;

  // Where statements run, if not here (execution.isolation); they spill in the spill area.
  std::unique_ptr<WorkerPool> workers;

  std::shared_ptr<const StepStore> FindStore(std::string_view name) {
    const std::lock_guard lock(stores_mutex);
    const auto found = stores.find(name);
    return found == stores.end() ? nullptr : found->second;
  }
};

}  // namespace lakegate::session

namespace lakegate {

class Session::Impl {
 public:
  explicit Impl(std::shared_ptr<session::SessionState> the_state) : state(std::move(the_state)) {}
  const std::shared_ptr<session::SessionState> state;
};

}  // namespace lakegate

#endif  // LAKEGATE_SESSION_SESSION_STATE_H_
