// The spill directory as kernels see it.
#ifndef LAKEGATE_SESSION_KERNEL_SPILL_H_
#define LAKEGATE_SESSION_KERNEL_SPILL_H_

#include <memory>

#include "lakegate/row_spill.h"
#include "session/session_state.h"

namespace lakegate::session {

// Keeps engine and spill area of the session, not the session. Shared: KernelContext says why.
std::shared_ptr<RowSpill> SpillOf(const SessionState& state);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_KERNEL_SPILL_H_
