// One owning handle for every object of the bridge.
//
// A handle is never null and frees its object exactly once: it cannot be default-constructed,
// copied, or made from nothing; the raw pointer comes out as const, which no free function
// accepts; calls that need it mutable go through `Call`, which refuses the free function.
// tests/compile_fail holds a case for each.
//
// Internal to this room.
#ifndef LAKEGATE_ENGINE_HANDLE_H_
#define LAKEGATE_ENGINE_HANDLE_H_

#include <string>
#include <type_traits>
#include <utility>

#include "engine/bridge_api.h"
#include "engine/bridge_error.h"

namespace lakegate::engine {

template <typename Object, void (*BridgeApi::*kFree)(Object*)>
class Handle {
 public:
  // Makes an object with an entry point `int32_t f(args..., Object** out, lg_error** err)`.
  template <auto kOpen, typename... Args>
  static Result<Handle> Open(const BridgeApi& api, Args&&... args) {
    Object* object = nullptr;
    ErrorOut error(api);
    const int32_t code = (api.*kOpen)(std::forward<Args>(args)..., &object, error.out());
    if (auto status = error.Settle(code); !status) return std::move(status).error();
    if (object == nullptr) {
      return Error(ErrorKind::kInternal, "The bridge reported success without an object.");
    }
    return Handle(api, object);
  }

  Handle(Handle&& other) noexcept
      : api_(other.api_), object_(std::exchange(other.object_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      Free();
      api_ = other.api_;
      object_ = std::exchange(other.object_, nullptr);
    }
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { Free(); }

  // Calls `int32_t f(Object*, args..., lg_error** err)`.
  template <auto kEntry, typename... Args>
  Status Call(Args&&... args) const {
    static_assert(!std::is_same_v<std::remove_const_t<decltype(kEntry)>,
                                  std::remove_const_t<decltype(kFree)>>,
                  "a handle frees its object itself");
    ErrorOut error(*api_);
    return error.Settle((api_->*kEntry)(object_, std::forward<Args>(args)..., error.out()));
  }

  // Calls `int32_t f(Object*, args..., lg_text** out, lg_error** err)`.
  template <auto kEntry, typename... Args>
  Result<std::string> CallForText(Args&&... args) const;

  // For a call that takes this object beside another one.
  const Object* borrow() const { return object_; }
  const BridgeApi& api() const { return *api_; }

 private:
  Handle(const BridgeApi& api, Object* object) : api_(&api), object_(object) {}
  void Free() {
    if (object_ != nullptr) (api_->*kFree)(object_);
    object_ = nullptr;
  }

  const BridgeApi* api_;
  Object* object_;
};

using EngineHandle = Handle<lg_engine, &BridgeApi::lg_engine_free>;
using SessionHandle = Handle<lg_session, &BridgeApi::lg_session_free>;
using TableHandle = Handle<lg_table, &BridgeApi::lg_table_free>;
using PlanHandle = Handle<lg_plan, &BridgeApi::lg_plan_free>;
using PredicateHandle = Handle<lg_predicate, &BridgeApi::lg_predicate_free>;
using FileWriterHandle = Handle<lg_file_writer, &BridgeApi::lg_file_writer_free>;
using DeltaHandle = Handle<lg_delta, &BridgeApi::lg_delta_free>;
using DeltaWriterHandle = Handle<lg_delta_writer, &BridgeApi::lg_delta_writer_free>;
using DeltaMarksHandle = Handle<lg_delta_marks, &BridgeApi::lg_delta_marks_free>;
using TextHandle = Handle<lg_text, &BridgeApi::lg_text_free>;

// The text as a string of our own.
inline std::string TextOf(const TextHandle& text) {
  const lg_str view = text.api().lg_text_get(text.borrow());
  return view.size == 0 ? std::string()
                        : std::string(reinterpret_cast<const char*>(view.data), view.size);
}

// An entry point `int32_t f(args..., lg_text** out, lg_error** err)` as a string.
template <auto kEntry, typename... Args>
Result<std::string> CallForText(const BridgeApi& api, Args&&... args) {
  auto text = TextHandle::Open<kEntry>(api, std::forward<Args>(args)...);
  if (!text) return std::move(text).error();
  return TextOf(*text);
}

template <typename Object, void (*BridgeApi::*kFree)(Object*)>
template <auto kEntry, typename... Args>
Result<std::string> Handle<Object, kFree>::CallForText(Args&&... args) const {
  return engine::CallForText<kEntry>(*api_, object_, std::forward<Args>(args)...);
}

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_HANDLE_H_
