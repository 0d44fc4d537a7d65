// From the bridge's error object to the library's `Error`, with its typed detail.
//
// Internal to this room.
#ifndef LAKEGATE_ENGINE_BRIDGE_ERROR_H_
#define LAKEGATE_ENGINE_BRIDGE_ERROR_H_

#include <cstdint>
#include <string_view>

#include "engine/bridge_api.h"
#include "lakegate/result.h"

namespace lakegate::engine {

// Borrowed for one call.
inline lg_str Borrow(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// A kind the header does not know is kInternal and says its number.
Error ErrorFrom(const lg_error_view& view);

// The `lg_error** err` of one call; frees what it was given.
class ErrorOut {
 public:
  explicit ErrorOut(const BridgeApi& api) : api_(&api) {}
  ErrorOut(const ErrorOut&) = delete;
  ErrorOut& operator=(const ErrorOut&) = delete;
  ~ErrorOut();

  lg_error** out() { return &error_; }
  // Success for 0. A failure without an error object is kInternal with the code.
  Status Settle(std::int32_t code);
  // The object, where one was written: for lg_stream_error, which succeeds by giving one.
  Error Take();

 private:
  const BridgeApi* api_;
  lg_error* error_ = nullptr;
};

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_BRIDGE_ERROR_H_
