// Marks where an object goes from one thread to another through the bridge, for the thread
// sanitizer: the bridge's own synchronisation is not instrumented. Nothing in other builds.
#ifndef LAKEGATE_ENGINE_HAND_OVER_H_
#define LAKEGATE_ENGINE_HAND_OVER_H_

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

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_HAND_OVER_H_
