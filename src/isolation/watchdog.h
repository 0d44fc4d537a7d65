// Ends workers from outside: when a statement is cancelled, or runs past its time. Nothing that
// runs inside a worker can put it off.
//
// Threads: any. One thread of its own looks at every watch a hundred times a second, and sleeps
// while there is none.
#ifndef LAKEGATE_ISOLATION_WATCHDOG_H_
#define LAKEGATE_ISOLATION_WATCHDOG_H_

#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "isolation/worker_process.h"
#include "lakegate/cancel.h"

namespace lakegate::isolation {

class Watchdog {
 public:
  enum class Stopped { kNo, kCancelled, kTimeout };

 private:
  struct Watched {
    WorkerProcess* worker;  // outlives the watch
    CancelToken cancel;
    std::optional<std::chrono::steady_clock::time_point> deadline;
    Stopped stopped = Stopped::kNo;
  };

 public:
  Watchdog();
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // A worker that is looked after for as long as this lives; must go before the watchdog.
  class Watch {
   public:
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    // Why the worker was killed, if it was.
    Stopped stopped() const;

   private:
    friend class Watchdog;
    Watch(Watchdog* dog, std::list<Watched>::iterator place) : dog_(dog), place_(place) {}
    Watchdog* dog_;
    std::list<Watched>::iterator place_;
  };

  // `limit` of zero or less is no deadline.
  std::unique_ptr<Watch> Over(WorkerProcess* worker, const CancelToken& cancel,
                              std::chrono::milliseconds limit);

 private:
  void Run();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::list<Watched> watched_;
  bool ending_ = false;
  std::thread thread_;  // after what it uses
};

}  // namespace lakegate::isolation

#endif  // LAKEGATE_ISOLATION_WATCHDOG_H_
