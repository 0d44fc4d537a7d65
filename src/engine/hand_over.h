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

#if defined(__SANITIZE_THREAD__)
// Stands for the counts by which the bridge knows that nobody reads a batch any more.
inline char batch_counts;

// The batch, with a release of its own around that of the batch.
inline OwnedArray WithRelease(OwnedArray batch, void (*release)(ArrowArray*)) {
  ArrowArray outer = *batch;
  auto* inner = new OwnedArray(std::move(batch));
  outer.private_data = inner;
  outer.release = release;
  HandOver(inner);
  return OwnedArray(&outer);
}
#endif

// A batch that the bridge will release on a thread of its own.
inline OwnedArray HandOverBatch(OwnedArray batch) {
#if defined(__SANITIZE_THREAD__)
  return WithRelease(std::move(batch), [](ArrowArray* array) {
    TakeOver(array->private_data);
    TakeOver(&batch_counts);
    delete static_cast<OwnedArray*>(array->private_data);
    array->release = nullptr;
  });
#else
  return batch;
#endif
}

// A batch of the bridge's, whose buffers may be those of one that was handed over: who lets go of
// it has read them, whoever gives them back.
inline OwnedArray LetGoBatch(OwnedArray batch) {
#if defined(__SANITIZE_THREAD__)
  return WithRelease(std::move(batch), [](ArrowArray* array) {
    HandOver(&batch_counts);
    TakeOver(array->private_data);
    delete static_cast<OwnedArray*>(array->private_data);
    array->release = nullptr;
  });
#else
  return batch;
#endif
}

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_HAND_OVER_H_
