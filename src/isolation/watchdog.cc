#include "isolation/watchdog.h"

namespace lakegate::isolation {
namespace {

constexpr std::chrono::milliseconds kLook{10};

}  // namespace

Watchdog::Watchdog() : thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::unique_ptr<Watchdog::Watch> Watchdog::Over(WorkerProcess* worker, const CancelToken& cancel,
                                                std::chrono::milliseconds limit) {
  Watched watched{.worker = worker, .cancel = cancel, .deadline = std::nullopt};
  if (limit.count() > 0) watched.deadline = std::chrono::steady_clock::now() + limit;
  std::list<Watched>::iterator place;
  {
    const std::lock_guard lock(mutex_);
    watched_.push_back(std::move(watched));
    place = std::prev(watched_.end());
  }
  changed_.notify_all();
  return std::unique_ptr<Watch>(new Watch(this, place));
}

Watchdog::Watch::~Watch() {
  const std::lock_guard lock(dog_->mutex_);
  dog_->watched_.erase(place_);
}

Watchdog::Stopped Watchdog::Watch::stopped() const {
  const std::lock_guard lock(dog_->mutex_);
  return place_->stopped;
}

void Watchdog::Run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (watched_.empty()) {
      changed_.wait(lock, [this] { return ending_ || !watched_.empty(); });
      continue;
    }
    const auto now = std::chrono::steady_clock::now();
    for (Watched& watched : watched_) {
      if (watched.stopped != Stopped::kNo) continue;
      const bool late = watched.deadline && now > *watched.deadline;
      if (watched.cancel.cancelled()) {
        watched.stopped = Stopped::kCancelled;
      } else if (late) {
        watched.stopped = Stopped::kTimeout;
      } else {
        continue;
      }
      watched.worker->Kill();
    }
    changed_.wait_for(lock, kLook, [this] { return ending_; });
  }
}

}  // namespace lakegate::isolation
