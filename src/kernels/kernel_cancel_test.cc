// Every kernel is cancelled from another thread, once while it reads and once when it has read
// everything and works: it ends with kCancelled, long before it would have been done.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "kernels/test_tables.h"
#include "lakegate/kernel_call.h"

namespace lakegate {
namespace {

using Names = std::vector<std::string>;
using kernels::Rng;

constexpr std::int64_t kBatchRows = 100'000;
constexpr int kBatches = 20;
// The canceller may be given no processor before a kernel is done.
constexpr int kAttempts = 5;

OwnedArray Numbers(const std::vector<std::int64_t>& values) {
  columnar::ArrayParts parts;
  parts.length = static_cast<std::int64_t>(values.size());
  parts.buffers = {columnar::SharedBuffer(), columnar::ValuesBuffer(values)};
  return columnar::MakeArray(std::move(parts));
}

// key, start, end, items: keys repeat, spans overlap many others, lists hold one item.
OwnedSchema TableSchema() {
  columnar::FieldSpec items{.name = "items", .format = "+l"};
  items.children.push_back({.name = "item", .format = "l"});
  return columnar::MakeSchema({{.name = "key", .format = "l"},
                               {.name = "start", .format = "l"},
                               {.name = "end", .format = "l"},
                               items});
}

columnar::SharedArray TableBatch() {
  Rng rng(7);
  std::vector<std::int64_t> key, start, end;
  std::vector<std::int32_t> offsets = {0};
  for (std::int64_t i = 0; i < kBatchRows; ++i) {
    key.push_back(columnar::Pick(rng, 0, 50'000));
    start.push_back(columnar::Pick(rng, 0, 1'000'000));
    end.push_back(start.back() + columnar::Pick(rng, 1, 1'000));
    offsets.push_back(static_cast<std::int32_t>(i + 1));
  }
  columnar::ArrayParts lists;
  lists.length = kBatchRows;
  lists.buffers = {columnar::SharedBuffer(), columnar::ValuesBuffer(offsets)};
  lists.children.push_back(Numbers(key));
  columnar::ArrayParts batch;
  batch.length = kBatchRows;
  batch.buffers.resize(1);
  batch.children.push_back(Numbers(key));
  batch.children.push_back(Numbers(start));
  batch.children.push_back(Numbers(end));
  batch.children.push_back(columnar::MakeArray(std::move(lists)));
  return columnar::ShareArray(columnar::MakeArray(std::move(batch)));
}

// One batch many times; counts how often all streams were asked.
class CountedStream final : public RecordStream {
 public:
  CountedStream(columnar::SharedArray batch, std::atomic<int>* asked)
      : schema_(TableSchema()), batch_(std::move(batch)), asked_(asked) {}

  const ArrowSchema& schema() const override { return *schema_; }
  Result<std::optional<OwnedArray>> Next() override {
    asked_->fetch_add(1, std::memory_order_release);
    if (given_ == kBatches) return std::optional<OwnedArray>();
    ++given_;
    return std::optional<OwnedArray>(columnar::SliceBatch(batch_, 0, kBatchRows));
  }

 private:
  OwnedSchema schema_;
  columnar::SharedArray batch_;
  std::atomic<int>* asked_;
  int given_ = 0;
};

struct Cancelled {
  std::string name;
  const char* kernel;
  KernelOptions options;
  bool streams = false;  // works batch by batch, so that it is done when it has read everything
};

std::vector<Cancelled> CallsToCancel() {
  std::vector<Cancelled> calls = {
      {"asof_join", "asof_join", {{"on", "start"}, {"by", "key"}}},
      {"canonical_sort", "canonical_sort", {{"keys", Names{"start desc", "key"}}}},
      {"collapse_list", "dedupe", {{"keys", "key"}, {"strategy", "collapse_list"}}},
      {"keep_best",
       "dedupe",
       {{"keys", Names{"key", "start"}}, {"strategy", "keep_best"}, {"score", "end"}}},
      {"keep_first", "dedupe", {{"keys", Names{"key", "start"}}}},
      {"winner_select", "winner_select", {{"keys", "key"}, {"score", "end"}}},
      {"explode_list", "explode_list", {{"lists", "items"}}, true},
      {"row_ids xxh3", "row_ids", {{"columns", "key"}}, true},
      {"row_ids blake3", "row_ids", {{"columns", "key"}, {"method", "blake3"}}, true},
  };
  for (const char* mode : {"exact", "contained_best", "containing_best", "overlap_best",
                           "overlap_all", "contained_all", "count", "coverage", "nearest"}) {
    calls.push_back({mode, "interval_align", {{"mode", mode}, {"on", "key"}}});
  }
  return calls;
}

Status Drain(Result<ArrowStream> stream) {
  if (!stream) return stream.error();
  while (true) {
    auto batch = (*stream)->Next();
    if (!batch) return batch.error();
    if (!batch->has_value()) return {};
  }
}

// Runs the kernel and cancels it from another thread once its inputs were asked `after` times.
Status RunCancelled(const KernelCall& call, const columnar::SharedArray& batch, int after) {
  std::atomic<int> asked = 0;
  std::atomic<bool> done = false;
  KernelContext context;
  context.threads = 2;
  std::jthread canceller([&] {
    while (asked.load(std::memory_order_acquire) < after && !done) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    context.cancel.Cancel();
  });
  std::vector<ArrowStream> inputs;
  for (std::size_t i = 0; i < InfoOf(call).inputs.size(); ++i) {
    inputs.push_back(std::make_unique<CountedStream>(batch, &asked));
  }
  Status outcome = Drain(RunKernel(call, std::move(inputs), context));
  done = true;
  return outcome;
}

void ExpectCancelled(const Cancelled& cancelled, const columnar::SharedArray& batch, int after) {
  SCOPED_TRACE(cancelled.name + " after " + std::to_string(after));
  const auto call = KernelCallFrom(cancelled.kernel, cancelled.options);
  ASSERT_TRUE(call) << call.error().ToString();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Status outcome = RunCancelled(*call, batch, after);
    if (outcome) continue;
    EXPECT_EQ(outcome.error().kind(), ErrorKind::kCancelled) << outcome.error().ToString();
    return;
  }
  ADD_FAILURE() << "never cancelled";
}

TEST(KernelCancel, EndsWhileReading) {
  const columnar::SharedArray batch = TableBatch();
  for (const Cancelled& cancelled : CallsToCancel()) ExpectCancelled(cancelled, batch, 2);
}

TEST(KernelCancel, EndsWhileWorking) {
  const columnar::SharedArray batch = TableBatch();
  for (const Cancelled& cancelled : CallsToCancel()) {
    if (cancelled.streams) continue;
    const auto inputs = static_cast<int>((*FindKernel(cancelled.kernel))->inputs.size());
    ExpectCancelled(cancelled, batch, inputs * (kBatches + 1));
  }
}

}  // namespace
}  // namespace lakegate
