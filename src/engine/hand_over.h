// Marks where an object goes from one thread to another through the bridge, for the thread
// sanitizer: the bridge's own synchronisation is not instrumented. Nothing in other builds.
#ifndef LAKEGATE_ENGINE_HAND_OVER_H_
#define LAKEGATE_ENGINE_HAND_OVER_H_

#include <utility>

#include "lakegate/arrow.h"

#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace lakegate::engine {

// The thread is done with `object`; another one may take it over.
inline void HandOver([[maybe_unused]] void* object) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(object);
#endif
}

inline void TakeOver([[maybe_unused]] void* object) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(object);
#endif
}

// A batch that the bridge will release on a thread of its own.
inline OwnedArray HandOverBatch(OwnedArray batch) {
#if defined(__SANITIZE_THREAD__)
  ArrowArray outer = *batch;
  auto* inner = new OwnedArray(std::move(batch));
  outer.private_data = inner;
  outer.release = [](ArrowArray* array) {
    TakeOver(array->private_data);
    delete static_cast<OwnedArray*>(array->private_data);
    array->release = nullptr;
  };
  HandOver(inner);
  return OwnedArray(&outer);
#else
  return batch;
#endif
}

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_HAND_OVER_H_
