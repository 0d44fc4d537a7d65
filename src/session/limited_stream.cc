#include "session/limited_stream.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "base/try.h"
#include "columnar/collected.h"

namespace lakegate::session {
namespace {

class LimitedStream final : public RecordStream {
 public:
  LimitedStream(ArrowStream rows, const QueryLimits& limits)
      : schema_(CopySchema(rows->schema())), rows_(std::move(rows)), limits_(limits) {}

  const ArrowSchema& schema() const override { return *schema_; }

  Result<std::optional<OwnedArray>> Next() override {
    if (failure_) return *failure_;
    LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, rows_->Next());
    if (!batch) return batch;
    given_rows_ += (*batch)->length;
    if (limits_.result_rows && given_rows_ > *limits_.result_rows) {
      return Fail("rows", *limits_.result_rows, "result_rows");
    }
    if (limits_.result_bytes) {
      given_bytes_ += columnar::ByteSize(schema(), **batch);
      if (given_bytes_ > *limits_.result_bytes) {
        return Fail("bytes", *limits_.result_bytes, "result_bytes");
      }
    }
    return batch;
  }

 private:
  Error Fail(std::string_view unit, std::int64_t limit, std::string_view setting) {
    failure_ = Error(ErrorKind::kResourceLimit,
                     fmt::format("The result is larger than the policy allows: more than {} {} "
                                 "(policy setting query.{}). Ask for less, or raise it.",
                                 limit, unit, setting));
    rows_.reset();
    return *failure_;
  }

  OwnedSchema schema_;
  ArrowStream rows_;
  QueryLimits limits_;
  std::int64_t given_rows_ = 0;
  std::int64_t given_bytes_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

ArrowStream LimitResult(ArrowStream rows, const QueryLimits& limits) {
  if (!limits.result_rows && !limits.result_bytes) return rows;
  return std::make_unique<LimitedStream>(std::move(rows), limits);
}

}  // namespace lakegate::session
