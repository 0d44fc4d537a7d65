#include "session/range_joins.h"

#include <numeric>
#include <utility>
#include <variant>

#include "base/try.h"
#include "engine/range_index.h"
#include "kernels/range_index.h"
#include "session/kernel_functions.h"

namespace lakegate::session {
namespace {

columnar::Collected OneBatch(OwnedSchema schema, OwnedArray batch) {
  columnar::Collected table;
  table.schema = std::move(schema);
  table.rows = batch->length;
  if (table.rows > 0) table.batches.push_back(std::make_shared<OwnedArray>(std::move(batch)));
  return table;
}

class KernelPairs final : public engine::RangePairs {
 public:
  KernelPairs(const kernels::RangeIndex& index, kernels::RangeIndex::Cursor cursor)
      : index_(index), cursor_(std::move(cursor)) {}

  Result<std::size_t> Next(std::size_t most, std::uint32_t* probe_rows,
                           std::uint32_t* build_rows) override {
    return index_.Next(&cursor_, most, probe_rows, build_rows);
  }

 private:
  const kernels::RangeIndex& index_;
  kernels::RangeIndex::Cursor cursor_;
};

class KernelRangeIndex final : public engine::RangeIndex {
 public:
  explicit KernelRangeIndex(kernels::RangeIndex index) : index_(std::move(index)) {}

  Result<std::unique_ptr<engine::RangePairs>> Probe(OwnedSchema schema, OwnedArray batch,
                                                    bool each_once) const override {
    LG_ASSIGN_OR_RETURN(auto cursor,
                        index_.Probe(OneBatch(std::move(schema), std::move(batch)), each_once));
    return std::unique_ptr<engine::RangePairs>(
        std::make_unique<KernelPairs>(index_, std::move(cursor)));
  }
  std::int64_t bytes() const override { return index_.bytes(); }

 private:
  kernels::RangeIndex index_;
};

kernels::RangeShape ShapeOf(const engine::RangeConditions& conditions) {
  kernels::RangeShape shape;
  shape.keys.resize(conditions.keys);
  std::iota(shape.keys.begin(), shape.keys.end(), 0);
  shape.below = static_cast<std::int64_t>(conditions.keys);
  shape.above = shape.below + 1;
  shape.below_or_equal = conditions.below_or_equal;
  shape.above_or_equal = conditions.above_or_equal;
  return shape;
}

}  // namespace

Status UseRangeJoins(const SessionState& state, const CancelToken& cancel,
                     engine::EngineSession* session) {
  LG_ASSIGN_OR_RETURN(const SettingValue wanted, state.profile.Get("range_joins"));
  if (!std::get<bool>(wanted)) return {};
  return session->UseRangeIndex(
      [context = KernelContextFor(state, cancel)](OwnedSchema schema, OwnedArray build,
                                                  const engine::RangeConditions& conditions)
          -> Result<std::unique_ptr<engine::RangeIndex>> {
        LG_ASSIGN_OR_RETURN(kernels::RangeIndex index,
                            kernels::RangeIndex::Make(OneBatch(std::move(schema), std::move(build)),
                                                      ShapeOf(conditions), context));
        return std::unique_ptr<engine::RangeIndex>(
            std::make_unique<KernelRangeIndex>(std::move(index)));
      });
}

}  // namespace lakegate::session
