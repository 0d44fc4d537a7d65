#include "engine/engine.h"

#include <fmt/core.h>

#include <utility>

#include "base/try.h"
#include "engine/bridge_stream.h"
#include "engine/engine_state.h"
#include "engine/json_text.h"

namespace lakegate::engine {

Status EngineOptions::Validate() const {
  const std::pair<const char*, std::int64_t> counts[] = {
      {"threads", worker_threads},
      {"worker_stack_bytes", worker_stack_bytes},
      {"plan_stack_bytes", plan_stack_bytes},
      {"memory_limit", memory_limit_bytes},
      {"spill_limit", spill_limit_bytes},
      {"function_limit", function_limit_bytes},
  };
  for (const auto& [name, value] : counts) {
    if (value < 0) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("An engine setting must not be negative: {} = {}", name, value));
    }
  }
  return {};
}

Engine::Engine(EngineOptions options, std::unique_ptr<const State> state)
    : options_(std::move(options)), state_(std::move(state)) {}
Engine::~Engine() = default;

Result<std::shared_ptr<Engine>> Engine::Open(const EngineOptions& options) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_ASSIGN_OR_RETURN(const BridgeApi* api, LoadBridge());
  const std::string text = Dump({{"worker_threads", options.worker_threads},
                                 {"worker_stack_bytes", options.worker_stack_bytes},
                                 {"plan_stack_bytes", options.plan_stack_bytes},
                                 {"memory_limit_bytes", options.memory_limit_bytes},
                                 {"spill_directory", options.spill_directory},
                                 {"spill_limit_bytes", options.spill_limit_bytes},
                                 {"function_limit_bytes", options.function_limit_bytes},
                                 {"durable", options.durable},
                                 {"keep_file_metadata", options.keep_file_metadata}});
  LG_ASSIGN_OR_RETURN(auto handle,
                      (EngineHandle::Open<&BridgeApi::lg_engine_open>(*api, Borrow(text))));
  auto state = std::make_unique<const State>(State{api, std::move(handle)});
  return std::shared_ptr<Engine>(new Engine(options, std::move(state)));
}

Result<std::shared_ptr<Engine>> Engine::Overlay(std::string_view path,
                                                std::int64_t base_version) const {
  LG_ASSIGN_OR_RETURN(auto handle,
                      (EngineHandle::Open<&BridgeApi::lg_engine_overlay>(
                          *state_->api, state_->handle.borrow(), Borrow(path), base_version)));
  auto state = std::make_unique<const State>(State{state_->api, std::move(handle)});
  return std::shared_ptr<Engine>(new Engine(options_, std::move(state)));
}

Result<std::string> Engine::OverlayFiles(std::string_view path) const {
  return state_->handle.CallForText<&BridgeApi::lg_engine_overlay_files>(Borrow(path));
}

Result<std::string> BridgeVersions() {
  LG_ASSIGN_OR_RETURN(const BridgeApi* api, LoadBridge());
  return CallForText<&BridgeApi::lg_versions>(*api);
}

Status PanicForTest() {
  LG_ASSIGN_OR_RETURN(const BridgeApi* api, LoadBridge());
  ErrorOut error(*api);
  return error.Settle(api->lg_debug_panic(error.out()));
}

Result<ArrowStream> PanicStreamForTest() {
  LG_ASSIGN_OR_RETURN(const BridgeApi* api, LoadBridge());
  ArrowArrayStream raw{};
  ErrorOut error(*api);
  LG_RETURN_IF_ERROR(error.Settle(api->lg_debug_panic_stream(&raw, error.out())));
  return OpenBridgeStream(*api, &raw, nullptr);
}

}  // namespace lakegate::engine
