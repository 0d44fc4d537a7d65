#include "engine/bridge_stream.h"

#include <fmt/core.h>

#include <optional>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "engine/bridge_error.h"
#include "engine/hand_over.h"

namespace lakegate::engine {

namespace {

class BridgeStream final : public RecordStream {
 public:
  BridgeStream(const BridgeApi& api, Owned<ArrowArrayStream> raw,
               std::shared_ptr<HostErrors> host_errors)
      : api_(&api), raw_(std::move(raw)), host_errors_(std::move(host_errors)) {}

  Status ReadSchema() {
    const int code = raw_->get_schema(raw_.get(), schema_.get());
    if (code != 0) return Failure(code);
    return columnar::CheckSchema(*schema_);
  }

  const ArrowSchema& schema() const override { return *schema_; }

  Result<std::optional<OwnedArray>> Next() override {
    if (failed_) return *failed_;
    if (raw_.empty()) return std::optional<OwnedArray>();
    OwnedArray batch;
    const int code = raw_->get_next(raw_.get(), batch.get());
    if (code != 0) {
      failed_ = Failure(code);
      raw_.Reset();
      return *failed_;
    }
    if (batch.empty()) {
      raw_.Reset();
      return std::optional<OwnedArray>();
    }
    if (host_errors_ != nullptr) TakeOver(host_errors_.get());
    return std::optional<OwnedArray>(LetGoBatch(std::move(batch)));
  }

 private:
  Error Failure(int code) {
    if (host_errors_ != nullptr) {
      if (auto error = host_errors_->Take()) return *std::move(error);
    }
    ErrorOut found(*api_);
    ErrorOut error(*api_);
    if (api_->lg_stream_error(raw_.get(), found.out(), error.out()) == 0) return found.Take();
    const char* text = raw_->get_last_error(raw_.get());
    return Error(ErrorKind::kInternal,
                 fmt::format("A stream of the bridge failed without a typed error: errno {}: {}",
                             code, text == nullptr ? "" : text));
  }

  const BridgeApi* api_;
  Owned<ArrowArrayStream> raw_;
  OwnedSchema schema_;
  std::shared_ptr<HostErrors> host_errors_;
  std::optional<Error> failed_;
};

}  // namespace

Result<ArrowStream> OpenBridgeStream(const BridgeApi& api, ArrowArrayStream* raw,
                                     std::shared_ptr<HostErrors> host_errors) {
  auto stream =
      std::make_unique<BridgeStream>(api, Owned<ArrowArrayStream>(raw), std::move(host_errors));
  LG_RETURN_IF_ERROR(stream->ReadSchema());
  return ArrowStream(std::move(stream));
}

}  // namespace lakegate::engine
