#include "engine/predicate.h"

#include <utility>

#include "base/try.h"
#include "engine/json_text.h"
#include "engine/session_state.h"

namespace lakegate::engine {

struct Predicate::State {
  // Shared: the functions an expression calls belong to the session.
  std::shared_ptr<const Engine> engine;
  PredicateHandle handle;
};

Predicate::Predicate(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Predicate::Predicate(Predicate&&) noexcept = default;
Predicate& Predicate::operator=(Predicate&&) noexcept = default;
Predicate::~Predicate() = default;

Result<Predicate> Predicate::Open(const EngineSession& session, const ArrowSchema& schema,
                                  const std::vector<Check>& checks) {
  auto expressions = nlohmann::json::array();
  for (const auto& check : checks) {
    expressions.push_back(nlohmann::json::array({check.name, check.expression}));
  }
  const std::string text = Dump(expressions);
  const auto& state = session.state();
  auto handle = PredicateHandle::Open<&BridgeApi::lg_predicate_open>(
      state.handle.api(), state.handle.borrow(), &schema, Borrow(text));
  if (!handle) return std::move(handle).error();
  return Predicate(std::make_unique<const State>(State{state.engine, *std::move(handle)}));
}

Result<OwnedArray> Predicate::Evaluate(const ArrowArray& batch) const {
  // The caller keeps the batch: what the bridge releases is a copy of the struct alone.
  ArrowArray lent = batch;
  lent.release = [](ArrowArray* array) { array->release = nullptr; };
  OwnedArray result;
  LG_RETURN_IF_ERROR(state_->handle.Call<&BridgeApi::lg_predicate_evaluate>(&lent, result.get()));
  return result;
}

}  // namespace lakegate::engine
