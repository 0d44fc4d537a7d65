#include "engine/host_function.h"

#include <utility>

#include "engine/hand_over.h"
#include "engine/host_stream.h"

namespace lakegate::engine {
namespace {

struct HostFunction {
  TableFunction function;
  std::shared_ptr<HostErrors> errors;
};

int32_t BindHostFunction(void* data, lg_str arguments, ArrowSchema* schema,
                         lg_stream_source* source) noexcept {
  TakeOver(data);
  const auto* host = static_cast<HostFunction*>(data);
  const std::string_view text(reinterpret_cast<const char*>(arguments.data), arguments.size);
  auto bound = host->function(text);
  if (!bound) {
    host->errors->Set(bound.error());
    return static_cast<int32_t>(bound.error().kind());
  }
  *source = StreamSourceOf(std::move(bound->open), host->errors);
  bound->schema.Release(schema);
  return 0;
}

void ReleaseHostFunction(void* data) noexcept {
  TakeOver(data);
  delete static_cast<HostFunction*>(data);
}

}  // namespace

lg_table_function TableFunctionOf(TableFunction function, std::shared_ptr<HostErrors> errors) {
  auto* host = new HostFunction{std::move(function), std::move(errors)};
  HandOver(host);
  return {host, &BindHostFunction, &ReleaseHostFunction};
}

}  // namespace lakegate::engine
