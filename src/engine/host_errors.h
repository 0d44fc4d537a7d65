// The first typed error of the host streams of one session.
//
// The C stream interface carries an errno and a text; the error itself waits here until the
// query that read the stream fails. Threads: any.
#ifndef LAKEGATE_ENGINE_HOST_ERRORS_H_
#define LAKEGATE_ENGINE_HOST_ERRORS_H_

#include <mutex>
#include <optional>
#include <utility>

#include "lakegate/error.h"

namespace lakegate::engine {

class HostErrors {
 public:
  void Set(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!first_) first_ = error;
  }
  std::optional<Error> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(first_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::optional<Error> first_;
};

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_HOST_ERRORS_H_
