#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "lakegate/session.h"
#include "session/judged_text.h"
#include "session/location.h"
#include "session/session_state.h"

namespace lakegate {
namespace {

Status CheckFreeName(session::SessionState& state, std::string_view name) {
  if (!state.catalog.Find(name)) return {};
  return Error(
      ErrorKind::kAlreadyExists,
      fmt::format("The name is in use: '{}'. Choose another, or deregister it first.", name));
}

}  // namespace

Status Session::Register(const DatasetSpec& spec) {
  session::SessionState& state = *impl_->state;
  LG_RETURN_IF_ERROR(spec.Validate());
  LG_RETURN_IF_ERROR(CheckFreeName(state, spec.name));
  LG_ASSIGN_OR_RETURN(const SqlPolicy policy, session::PolicyInForce(state.profile, {}));
  auto judged = session::JudgeChecks(spec.checks, policy);
  if (!judged) return judged.error().WithContext(fmt::format("Dataset '{}'", spec.name));
  auto located = session::LocateSource(spec.location, state.profile);
  if (!located) return located.error().WithContext(fmt::format("Dataset '{}'", spec.name));
  DatasetSpec full = spec;
  full.location = *std::move(located);
  catalog::DatasetEntry entry{.spec = full, .identity = catalog::IdentityOf(full)};
  return state.catalog.Register(full.name, std::move(entry));
}

Status Session::RegisterView(std::string_view name, std::string_view sql) {
  session::SessionState& state = *impl_->state;
  LG_RETURN_IF_ERROR(CheckFreeName(state, name));
  LG_ASSIGN_OR_RETURN(const SqlPolicy policy, session::PolicyInForce(state.profile, {}));
  LG_ASSIGN_OR_RETURN(const guard::StatementFacts facts, session::JudgeView(name, sql, policy));
  const auto reads = facts.RelationNames(guard::RelationRole::kRead);
  return state.catalog.Register(
      name, catalog::ViewEntry{.sql = std::string(sql), .reads = {reads.begin(), reads.end()}});
}

Result<StepOutput> Session::RegisterStream(std::string_view name, ArrowStream stream,
                                           const CancelToken& cancel) {
  const std::shared_ptr<session::SessionState>& state = impl_->state;
  if (stream == nullptr) {
    return Error(ErrorKind::kInvalidArgument, "There is no stream to register: it is null.");
  }
  LG_RETURN_IF_ERROR(CheckFreeName(*state, name));
  LG_ASSIGN_OR_RETURN(
      const std::shared_ptr<const session::StepStore> store,
      session::StepStore::Keep(std::move(stream), state->engine, state->spill,
                               {.memory_limit_bytes = state->profile.StepMemoryLimitBytes(),
                                .batch_rows = state->profile.BatchRows(),
                                .cancel = cancel}));
  if (store->spilled()) {
    state->events->Emit(observe::StepSpilled{.step = std::string(name), .bytes = store->bytes()});
  }
  {
    const std::lock_guard lock(state->stores_mutex);
    LG_RETURN_IF_ERROR(state->catalog.Register(
        name, catalog::StreamEntry{
                  .location = store->path(), .rows = store->rows(), .bytes = store->bytes()}));
    state->stores.insert_or_assign(std::string(name), store);
  }
  return StepOutput{.rows = store->rows(), .bytes = store->bytes(), .spilled = store->spilled()};
}

Status Session::Deregister(std::string_view name) {
  session::SessionState& state = *impl_->state;
  const std::lock_guard lock(state.stores_mutex);
  LG_RETURN_IF_ERROR(state.catalog.Deregister(name));
  if (const auto found = state.stores.find(name); found != state.stores.end()) {
    state.stores.erase(found);
  }
  return {};
}

std::vector<Session::Entry> Session::Entries() const {
  std::vector<Entry> entries;
  for (const auto& [name, entry] : impl_->state->catalog.Entries()) {
    std::string location;
    if (const auto* dataset = std::get_if<catalog::DatasetEntry>(&entry)) {
      location = dataset->spec.location.path;
    } else if (const auto* stream = std::get_if<catalog::StreamEntry>(&entry)) {
      location = stream->location;
    }
    entries.push_back(Entry{.name = name,
                            .kind = std::string(catalog::EntryKindName(entry)),
                            .location = std::move(location)});
  }
  return entries;
}

}  // namespace lakegate
