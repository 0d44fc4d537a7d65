#include "engine/cancel_source.h"

#include "engine/hand_over.h"

namespace lakegate::engine {

namespace {

int32_t IsCancelled(void* data) noexcept {
  TakeOver(data);
  return static_cast<CancelToken*>(data)->cancelled() ? 1 : 0;
}

void ReleaseToken(void* data) noexcept {
  TakeOver(data);
  delete static_cast<CancelToken*>(data);
}

}  // namespace

lg_cancel_source CancelSourceOf(const CancelToken& cancel) {
  auto* token = new CancelToken(cancel);
  HandOver(token);
  return {token, &IsCancelled, &ReleaseToken};
}

}  // namespace lakegate::engine
