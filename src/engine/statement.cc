#include "engine/statement.h"

#include <fmt/core.h>

#include <utility>

#include "base/try.h"
#include "engine/bridge_stream.h"
#include "engine/cancel_source.h"
#include "engine/engine_state.h"
#include "engine/host_function.h"
#include "engine/host_operator.h"
#include "engine/host_range_index.h"
#include "engine/host_stream.h"
#include "engine/json_text.h"
#include "engine/session_state.h"
#include "engine/table_state.h"

namespace lakegate::engine {

namespace {

nlohmann::json ParameterJson(const ParameterValue& value) {
  struct Typed {
    nlohmann::json operator()(std::monostate) const { return {{"type", "null"}, {"value", ""}}; }
    nlohmann::json operator()(bool flag) const {
      return {{"type", "boolean"}, {"value", flag ? "true" : "false"}};
    }
    nlohmann::json operator()(std::int64_t number) const {
      return {{"type", "int64"}, {"value", std::to_string(number)}};
    }
    nlohmann::json operator()(double number) const {
      return {{"type", "float64"}, {"value", fmt::format("{}", number)}};
    }
    nlohmann::json operator()(const std::string& text) const {
      return {{"type", "utf8"}, {"value", text}};
    }
  };
  return std::visit(Typed{}, value);
}

// Keeps the session of a stream alive: its host tables may still be read.
class SessionStream final : public RecordStream {
 public:
  SessionStream(ArrowStream inner, std::shared_ptr<const EngineSession::State> session)
      : session_(std::move(session)), inner_(std::move(inner)) {}

  const ArrowSchema& schema() const override { return inner_->schema(); }
  Result<std::optional<OwnedArray>> Next() override { return inner_->Next(); }

 private:
  // Shared with the plan and the session.
  std::shared_ptr<const EngineSession::State> session_;
  ArrowStream inner_;
};

}  // namespace

std::string ParametersJson(const std::map<std::string, ParameterValue>& parameters) {
  auto object = nlohmann::json::object();
  for (const auto& [name, value] : parameters) object[name] = ParameterJson(value);
  return Dump(object);
}

EngineSession::EngineSession(std::shared_ptr<State> state) : state_(std::move(state)) {}
EngineSession::EngineSession(EngineSession&&) noexcept = default;
EngineSession& EngineSession::operator=(EngineSession&&) noexcept = default;
EngineSession::~EngineSession() = default;

Result<EngineSession> EngineSession::Open(std::shared_ptr<const Engine> engine,
                                          const StatementOptions& options) {
  const std::string text = Dump({{"target_partitions", options.target_partitions},
                                 {"batch_rows", options.batch_rows},
                                 {"ordered", options.ordered},
                                 {"config", options.config}});
  const auto& state = engine->state();
  auto handle = SessionHandle::Open<&BridgeApi::lg_session_open>(*state.api, state.handle.borrow(),
                                                                 Borrow(text));
  if (!handle) return std::move(handle).error();
  return EngineSession(std::make_shared<State>(State{std::move(engine), *std::move(handle)}));
}

Status EngineSession::AddTable(std::string_view name, const Table& table) {
  return state_->handle.Call<&BridgeApi::lg_session_add_table>(Borrow(name),
                                                               table.state().handle.borrow());
}

Status EngineSession::AddView(std::string_view name, std::string_view sql) {
  auto added = state_->handle.Call<&BridgeApi::lg_session_add_view>(Borrow(name), Borrow(sql));
  return added ? Status() : Status(state_->ErrorOf(std::move(added).error()));
}

Status EngineSession::AddStream(std::string_view name, const ArrowSchema& schema,
                                StreamFactory factory) {
  OwnedSchema copy = CopySchema(schema);
  return state_->handle.Call<&BridgeApi::lg_session_add_stream>(
      Borrow(name), copy.get(), StreamSourceOf(std::move(factory), state_->host_errors));
}

Status EngineSession::AddTableFunction(std::string_view name, TableFunction function) {
  return state_->handle.Call<&BridgeApi::lg_session_add_table_function>(
      Borrow(name), TableFunctionOf(std::move(function), state_->host_errors));
}

Status EngineSession::UseRangeIndex(RangeIndexMaker maker) {
  return state_->handle.Call<&BridgeApi::lg_session_use_range_index>(
      RangeIndexOf(std::move(maker), state_->host_errors));
}

Status EngineSession::UseOperator(RowOperator row_operator) {
  return state_->handle.Call<&BridgeApi::lg_session_use_operator>(
      RowOperatorOf(std::move(row_operator), state_->handle.api(), state_->host_errors));
}

struct Plan::State {
  // Shared with the session and with running streams.
  std::shared_ptr<const EngineSession::State> session;
  PlanHandle handle;
};

Result<Plan> EngineSession::PlanStatement(std::string_view sql,
                                          const std::map<std::string, ParameterValue>& parameters,
                                          std::int64_t time_limit_ms, const CancelToken& cancel) {
  const std::string parameters_json = ParametersJson(parameters);
  const std::string options = Dump({{"time_limit_ms", time_limit_ms}});
  auto handle = PlanHandle::Open<&BridgeApi::lg_session_plan>(
      state_->handle.api(), state_->handle.borrow(), Borrow(sql), Borrow(parameters_json),
      Borrow(options), CancelSourceOf(cancel));
  if (!handle) return state_->ErrorOf(std::move(handle).error());
  return Plan(std::make_unique<const Plan::State>(Plan::State{state_, *std::move(handle)}));
}

Plan::Plan(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;
Plan::~Plan() = default;

Result<std::string> Plan::Facts() const {
  return state_->handle.CallForText<&BridgeApi::lg_plan_facts>();
}

Result<OwnedSchema> Plan::schema() const {
  OwnedSchema schema;
  LG_RETURN_IF_ERROR(state_->handle.Call<&BridgeApi::lg_plan_schema>(schema.get()));
  return schema;
}

Result<std::int64_t> Plan::ScanRows(std::int64_t time_limit_ms, const CancelToken& cancel) const {
  const std::string options = Dump({{"time_limit_ms", time_limit_ms}});
  auto text = state_->handle.CallForText<&BridgeApi::lg_plan_estimate>(Borrow(options),
                                                                       CancelSourceOf(cancel));
  if (!text) return state_->session->ErrorOf(std::move(text).error());
  LG_ASSIGN_OR_RETURN(const auto estimate, ParseBridgeJson(*text, "lg_plan_estimate"));
  return NumberIn(estimate, "scan_rows");
}

Result<ArrowStream> Plan::Execute(std::int64_t time_limit_ms, const CancelToken& cancel) const {
  const std::string options = Dump({{"time_limit_ms", time_limit_ms}});
  ArrowArrayStream raw{};
  auto executed = state_->handle.Call<&BridgeApi::lg_plan_execute>(Borrow(options),
                                                                   CancelSourceOf(cancel), &raw);
  if (!executed) return state_->session->ErrorOf(std::move(executed).error());
  LG_ASSIGN_OR_RETURN(auto stream,
                      OpenBridgeStream(state_->handle.api(), &raw, state_->session->host_errors));
  return ArrowStream(std::make_unique<SessionStream>(std::move(stream), state_->session));
}

}  // namespace lakegate::engine
