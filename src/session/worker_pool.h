// Statements of a session in worker processes (execution.isolation = "process").
//
// Each statement has a worker for itself until its rows have been read; then the worker waits for
// the next one. A worker knows the datasets and views that were registered when it began, and may
// open these and nothing else; when the catalog or a file behind it changes, the next statement
// gets a new one. A statement that is cancelled or late, or whose reader goes before the end, loses
// its worker: it is killed, whatever it was doing.
// Threads: any number of statements at once, up to execution.worker_limit.
#ifndef LAKEGATE_SESSION_WORKER_POOL_H_
#define LAKEGATE_SESSION_WORKER_POOL_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "isolation/watchdog.h"
#include "isolation/worker_process.h"
#include "lakegate/profile.h"
#include "lakegate/session.h"
#include "session/worker_messages.h"

namespace lakegate::session {

struct SessionState;

// A worker that has been set up, and one in use.
struct Worker;
class WorkerLease;

class WorkerPool {
 public:
  explicit WorkerPool(IsolationPolicy policy);
  ~WorkerPool();

  // As `Session::Sql`; beside its errors kUnavailable (no worker can be started), kResourceLimit
  // (worker_limit, or the worker died of a limit) and kInternal (it died of anything else).
  Result<ArrowStream> Run(const std::shared_ptr<SessionState>& state, std::string_view text,
                          const QueryOptions& options);

 private:
  friend class WorkerLease;
  Result<std::unique_ptr<WorkerLease>> Begin(const std::shared_ptr<SessionState>& state,
                                             const std::string& request, const CancelToken& cancel,
                                             std::chrono::milliseconds limit);
  Result<std::unique_ptr<Worker>> Take(SessionState& state, const CancelToken& cancel);
  Result<std::unique_ptr<Worker>> Start(SessionState& state, catalog::CatalogSnapshot catalog,
                                        const CancelToken& cancel);
  Status SetUp(SessionState& state, const catalog::EntryMap& entries, Worker* worker);
  Result<std::string> StreamFile(SessionState& state, const std::string& name);
  void GiveBack(std::unique_ptr<Worker> worker);
  void Leave();

  const IsolationPolicy policy_;
  isolation::Watchdog watchdog_;
  std::mutex mutex_;
  // Guarded by mutex_:
  std::vector<std::unique_ptr<Worker>> idle_;
  std::int64_t busy_ = 0;
  // The rows of registered streams as files that workers read; by name, with the store they are of.
  struct KeptStream {
    std::weak_ptr<const void> store;
    std::string path;
    std::int64_t bytes = 0;  // taken from the spill area
  };
  std::map<std::string, KeptStream> kept_streams_;
};

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_WORKER_POOL_H_
