#include "session/open_session.h"

#include "base/try.h"
#include "session/session_state.h"

namespace lakegate {
namespace {

engine::EngineOptions EngineOptionsOf(const Profile& profile, const std::string& spill_directory) {
  return engine::EngineOptions{.worker_threads = profile.Threads(),
                               .memory_limit_bytes = profile.MemoryLimitBytes(),
                               .spill_directory = spill_directory,
                               .spill_limit_bytes = profile.SpillLimitBytes(),
                               .function_limit_bytes = profile.FunctionLimitBytes(),
                               .durable = profile.DurableWrites(),
                               .keep_file_metadata = profile.CachePolicy().keeps_metadata};
}

std::string QuarantineDirectory(const Profile& profile, const std::string& given) {
  if (!given.empty() || profile.RunDirectory().empty()) return given;
  return profile.RunDirectory() + "/errors";
}

}  // namespace

Result<std::shared_ptr<session::SessionState>> session::OpenState(
    Profile profile, const SessionSurroundings& surroundings) {
  auto state = std::make_shared<SessionState>(std::move(profile));
  if (surroundings.events != nullptr) state->events = surroundings.events;
  state->quarantine_directory =
      QuarantineDirectory(state->profile, surroundings.quarantine_directory);
  LG_ASSIGN_OR_RETURN(state->spill,
                      SpillArea::Open(state->profile.SpillDirectory(),
                                      state->profile.SpillLimitBytes(), state->random));
  // Without room to spill the engine spills nothing.
  const bool spills = state->profile.SpillLimitBytes() > 0;
  LG_ASSIGN_OR_RETURN(auto engine,
                      engine::Engine::Open(EngineOptionsOf(
                          state->profile, spills ? state->spill->path() : std::string())));
  state->engine = KeepSpillArea(std::move(engine), state->spill);
  const lakegate::IsolationPolicy isolation = state->profile.IsolationPolicy();
  if (isolation.in_workers) state->workers = std::make_unique<WorkerPool>(isolation);
  return state;
}

Result<std::unique_ptr<Session>> SessionAccess::Open(Profile profile,
                                                     const SessionSurroundings& surroundings) {
  LG_ASSIGN_OR_RETURN(auto state, session::OpenState(std::move(profile), surroundings));
  return std::unique_ptr<Session>(new Session(std::make_unique<Session::Impl>(std::move(state))));
}

Result<std::unique_ptr<Session>> Session::Open(Profile profile) {
  return SessionAccess::Open(std::move(profile), {});
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

const Profile& Session::profile() const { return impl_->state->profile; }

}  // namespace lakegate
