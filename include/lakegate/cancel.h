// A flag that stops work: set once from any thread or a signal handler, looked at often.
//
// Copies share the flag. A query, kernel or write that sees it set ends with kCancelled and
// leaves nothing behind. Setting it is async-signal-safe (a lock-free atomic store).
#ifndef LAKEGATE_CANCEL_H_
#define LAKEGATE_CANCEL_H_

#include <atomic>
#include <memory>

namespace lakegate {

class CancelToken {
 public:
  CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}

  void Cancel() const { flag_->store(true, std::memory_order_release); }
  bool cancelled() const { return flag_->load(std::memory_order_acquire); }

 private:
  static_assert(std::atomic<bool>::is_always_lock_free);
  // Shared: the caller that cancels and the work that looks have unrelated lifetimes.
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace lakegate

#endif  // LAKEGATE_CANCEL_H_
