#include "job/first_rows.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/try.h"

namespace lakegate::job {
namespace {

class FirstRowsStream final : public RecordStream {
 public:
  FirstRowsStream(ArrowStream rows, std::int64_t limit) : rows_(std::move(rows)), left_(limit) {}

  const ArrowSchema& schema() const override { return rows_->schema(); }

  Result<std::optional<OwnedArray>> Next() override {
    if (left_ == 0) return std::optional<OwnedArray>();
    LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, rows_->Next());
    if (!batch) return batch;
    if ((*batch)->length > left_) {
      // A struct may be shorter than its children.
      batch->get()->length = left_;
      if ((*batch)->null_count != 0) batch->get()->null_count = -1;
    }
    left_ -= (*batch)->length;
    return batch;
  }

 private:
  ArrowStream rows_;
  std::int64_t left_;
};

}  // namespace

ArrowStream FirstRows(ArrowStream rows, std::int64_t limit) {
  return std::make_unique<FirstRowsStream>(std::move(rows), limit);
}

}  // namespace lakegate::job
