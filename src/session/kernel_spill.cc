#include "session/kernel_spill.h"

#include <utility>

#include "base/try.h"
#include "session/step_store.h"

namespace lakegate::session {
namespace {

class StoredRows final : public SpilledRows {
 public:
  explicit StoredRows(std::shared_ptr<const StepStore> store) : store_(std::move(store)) {}
  Result<ArrowStream> Open(const CancelToken& cancel) const override {
    return store_->Open(cancel);
  }

 private:
  std::shared_ptr<const StepStore> store_;
};

class KernelSpill final : public RowSpill {
 public:
  explicit KernelSpill(const SessionState& state)
      : engine_(state.engine), area_(state.spill), batch_rows_(state.profile.BatchRows()) {}

  Result<std::shared_ptr<const SpilledRows>> Keep(ArrowStream rows,
                                                  const CancelToken& cancel) override {
    LG_ASSIGN_OR_RETURN(
        auto store,
        StepStore::Keep(std::move(rows), engine_, area_,
                        {.memory_limit_bytes = 0, .batch_rows = batch_rows_, .cancel = cancel}));
    return std::make_shared<const StoredRows>(std::move(store));
  }

 private:
  std::shared_ptr<const engine::Engine> engine_;
  std::shared_ptr<SpillArea> area_;
  std::int64_t batch_rows_;
};

}  // namespace

std::shared_ptr<RowSpill> SpillOf(const SessionState& state) {
  return std::make_shared<KernelSpill>(state);
}

}  // namespace lakegate::session
