#include "engine/host_range_index.h"

#include <memory>
#include <new>
#include <utility>

#include "engine/hand_over.h"

namespace lakegate::engine {
namespace {

struct HostMaker {
  RangeIndexMaker make;
  std::shared_ptr<HostErrors> errors;
};

struct HostIndex {
  std::unique_ptr<RangeIndex> index;
  std::shared_ptr<HostErrors> errors;
};

struct HostPairs {
  std::unique_ptr<RangePairs> pairs;
  std::shared_ptr<HostErrors> errors;
};

int32_t Fail(HostErrors& errors, const Error& error) {
  errors.Set(error);
  return static_cast<int32_t>(error.kind());
}

// Nothing may be thrown across the edge.
template <typename Work>
int32_t Guarded(HostErrors& errors, Work work) {
  try {
    const Status done = work();
    return done ? 0 : Fail(errors, done.error());
  } catch (const std::bad_alloc&) {
    return Fail(errors, Error(ErrorKind::kResourceLimit,
                              "The system has no memory left for a range join; lower the setting "
                              "execution.memory_limit."));
  }
}

int32_t BuildIndex(void* data, const lg_range_conditions* conditions, ArrowSchema* schema,
                   ArrowArray* build, void** index, int64_t* bytes) noexcept {
  TakeOver(data);
  const auto* host = static_cast<HostMaker*>(data);
  OwnedSchema own_schema(schema);
  OwnedArray own_build = LetGoBatch(OwnedArray(build));
  return Guarded(*host->errors, [&]() -> Status {
    auto made = host->make(std::move(own_schema), std::move(own_build),
                           {.keys = conditions->keys,
                            .below_or_equal = conditions->below_or_equal != 0,
                            .above_or_equal = conditions->above_or_equal != 0});
    if (!made) return made.error();
    *bytes = (*made)->bytes();
    auto kept = std::make_unique<HostIndex>(HostIndex{*std::move(made), host->errors});
    HandOver(kept.get());
    *index = kept.release();
    return {};
  });
}

int32_t ProbeIndex(const void* index, ArrowSchema* schema, ArrowArray* batch, int32_t each_once,
                   void** pairs) noexcept {
  auto* const host = static_cast<HostIndex*>(const_cast<void*>(index));
  TakeOver(host);
  OwnedSchema own_schema(schema);
  OwnedArray own_batch = LetGoBatch(OwnedArray(batch));
  return Guarded(*host->errors, [&]() -> Status {
    auto found = host->index->Probe(std::move(own_schema), std::move(own_batch), each_once != 0);
    if (!found) return found.error();
    auto kept = std::make_unique<HostPairs>(HostPairs{*std::move(found), host->errors});
    HandOver(kept.get());
    *pairs = kept.release();
    return {};
  });
}

int32_t NextPairs(void* pairs, uint64_t most, uint32_t* probe_rows, uint32_t* build_rows,
                  uint64_t* count) noexcept {
  TakeOver(pairs);
  auto* const host = static_cast<HostPairs*>(pairs);
  const int32_t code = Guarded(*host->errors, [&]() -> Status {
    auto found = host->pairs->Next(most, probe_rows, build_rows);
    if (!found) return found.error();
    *count = *found;
    return {};
  });
  HandOver(pairs);
  return code;
}

void FreeIndex(void* index) noexcept {
  TakeOver(index);
  delete static_cast<HostIndex*>(index);
}

void FreePairs(void* pairs) noexcept {
  TakeOver(pairs);
  delete static_cast<HostPairs*>(pairs);
}

void ReleaseMaker(void* data) noexcept {
  TakeOver(data);
  delete static_cast<HostMaker*>(data);
}

}  // namespace

lg_range_index RangeIndexOf(RangeIndexMaker maker, std::shared_ptr<HostErrors> errors) {
  auto* const host = new HostMaker{std::move(maker), std::move(errors)};
  HandOver(host);
  return {host, &BuildIndex, &ProbeIndex, &NextPairs, &FreeIndex, &FreePairs, &ReleaseMaker};
}

}  // namespace lakegate::engine
