#include "session/write_context.h"

namespace lakegate::session {
namespace {

MaintenancePolicy MaintenanceFor(const Profile& profile, const MaintenanceOptions& options) {
  MaintenancePolicy policy = profile.MaintenancePolicy();
  if (options.optimize_small_files) {
    policy.optimize =
        *options.optimize_small_files ? OptimizePolicy::kWhenSmallFiles : OptimizePolicy::kOff;
  }
  policy.checkpoint_every = options.checkpoint_every.value_or(policy.checkpoint_every);
  return policy;
}

}  // namespace

write::WriteContext WriteContextFor(SessionState& state, const std::string& path,
                                    const MaintenanceOptions& maintenance,
                                    const CancelToken& cancel) {
  return {.engine = state.engine,
          .policy = state.profile.WritePolicyFor(path),
          .maintenance = state.transaction == nullptr ? MaintenanceFor(state.profile, maintenance)
                                                      : MaintenancePolicy{},
          .clock = state.clock,
          .random = state.random,
          // Inside a transaction nothing has landed yet.
          .events = state.transaction == nullptr ? *state.events : state.null_sink,
          .cancel = cancel};
}

}  // namespace lakegate::session
