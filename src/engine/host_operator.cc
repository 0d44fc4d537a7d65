#include "engine/host_operator.h"

#include <utility>

#include "base/try.h"
#include "engine/bridge_stream.h"
#include "engine/hand_over.h"
#include "engine/host_stream.h"

namespace lakegate::engine {
namespace {

struct HostOperator {
  RowOperator run;
  const BridgeApi* api;
  std::shared_ptr<HostErrors> errors;

  Result<ArrowStream> Run(std::string_view specification, ArrowArrayStream* input) const {
    LG_ASSIGN_OR_RETURN(ArrowStream rows, OpenBridgeStream(*api, input, errors));
    return run(specification, std::move(rows));
  }
};

int32_t RunOperator(void* data, lg_str specification, ArrowArrayStream* input,
                    ArrowArrayStream* out) noexcept {
  TakeOver(data);
  const auto* host = static_cast<HostOperator*>(data);
  auto rows =
      host->Run({reinterpret_cast<const char*>(specification.data), specification.size}, input);
  if (!rows) {
    host->errors->Set(rows.error());
    return static_cast<int32_t>(rows.error().kind());
  }
  ExportWatched(*std::move(rows), host->errors, out);
  return 0;
}

void ReleaseOperator(void* data) noexcept {
  TakeOver(data);
  delete static_cast<HostOperator*>(data);
}

}  // namespace

lg_row_operator RowOperatorOf(RowOperator run, const BridgeApi& api,
                              std::shared_ptr<HostErrors> errors) {
  auto* const host = new HostOperator{std::move(run), &api, std::move(errors)};
  HandOver(host);
  return {host, &RunOperator, &ReleaseOperator};
}

}  // namespace lakegate::engine
