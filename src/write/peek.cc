#include "write/peek.h"

#include <deque>
#include <utility>

#include "base/try.h"
#include "columnar/collected.h"

namespace lakegate::write {

namespace {

class PeekedStream final : public RecordStream {
 public:
  PeekedStream(std::deque<OwnedArray> seen, ArrowStream rest)
      : seen_(std::move(seen)), rest_(std::move(rest)) {}

  const ArrowSchema& schema() const override { return rest_->schema(); }

  Result<std::optional<OwnedArray>> Next() override {
    if (seen_.empty()) return rest_->Next();
    std::optional<OwnedArray> batch(std::move(seen_.front()));
    seen_.pop_front();
    return batch;
  }

 private:
  std::deque<OwnedArray> seen_;
  ArrowStream rest_;
};

}  // namespace

Result<Peeked> Peek(ArrowStream source, std::int64_t rows, std::int64_t bytes) {
  std::deque<OwnedArray> seen;
  std::int64_t seen_rows = 0;
  std::int64_t seen_bytes = 0;
  bool ended = false;
  while (!ended && seen_rows < rows && seen_bytes < bytes) {
    LG_ASSIGN_OR_RETURN(auto batch, source->Next());
    if (!batch) {
      ended = true;
    } else {
      seen_rows += (*batch)->length;
      seen_bytes += columnar::ByteSize(source->schema(), **batch);
      seen.push_back(*std::move(batch));
    }
  }
  Peeked peeked;
  if (ended) peeked.rows = seen_rows;
  peeked.stream = std::make_unique<PeekedStream>(std::move(seen), std::move(source));
  return peeked;
}

}  // namespace lakegate::write
