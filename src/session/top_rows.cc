#include "session/top_rows.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "base/try.h"
#include "columnar/collected.h"
#include "kernels/best_rows.h"
#include "lakegate/dedupe.h"
#include "session/kernel_functions.h"

namespace lakegate::session {
namespace {

using Json = nlohmann::json;

// What the kernel needs of memory for these rows.
std::int64_t NeedOf(std::int64_t rows, std::int64_t bytes) {
  return bytes + rows * kernels::kBestRowsBytesOfRow;
}

Result<DedupeOptions> OptionsOf(std::string_view specification) {
  const Json given = Json::parse(specification, nullptr, /*allow_exceptions=*/false);
  if (given.is_discarded() || given.value("operator", "") != "top_rows") {
    return Error(ErrorKind::kInternal, "The bridge asks for an operator that there is not.");
  }
  DedupeOptions options;
  options.keys = given.at("keys").get<std::vector<std::string>>();
  for (const Json& key : given.at("order")) {
    options.order.push_back({.column = key.at("column").get<std::string>(),
                             .direction = key.at("descending").get<bool>()
                                              ? SortDirection::kDescending
                                              : SortDirection::kAscending,
                             .nulls = key.at("nulls_first").get<bool>() ? NullPlacement::kFirst
                                                                        : NullPlacement::kLast});
  }
  return options;
}

// The engine's own plan needs less memory, and more time.
Error Advised(const Error& error) {
  if (error.kind() != ErrorKind::kResourceLimit) return error;
  return Error(error.kind(),
               error.message() +
                   " With execution.top_rows = false all rows are sorted instead, "
                   "which can spill.",
               error.detail());
}

// What Dedupe gives of the input, in memory for a part of it and the rows kept so far: it is
// deduplicated part by part. kResourceLimit when the rows that are kept pass the context's limit.
class DedupedParts final : public RecordStream {
 public:
  DedupedParts(ArrowStream input, DedupeOptions options, KernelContext context)
      : schema_(CopySchema(input->schema())),
        input_(std::move(input)),
        options_(std::move(options)),
        context_(std::move(context)) {}

  const ArrowSchema& schema() const override { return *schema_; }

  Result<std::optional<OwnedArray>> Next() override {
    if (kept_ == nullptr) {
      auto kept = Kept();
      if (!kept) return Advised(kept.error());
      kept_ = *std::move(kept);
    }
    auto batch = kept_->Next();
    if (!batch) return Advised(batch.error());
    return batch;
  }

 private:
  // The rows that are kept of everything.
  Result<ArrowStream> Kept() {
    LG_ASSIGN_OR_RETURN(columnar::Collected part, NextPart({}));
    while (!ended_) {
      LG_ASSIGN_OR_RETURN(ArrowStream deduped,
                          Dedupe(columnar::StreamOf(std::move(part)), options_, context_));
      // The rest of the limit is for the next part.
      columnar::MemoryBudget budget(context_.memory_limit_bytes / 2);
      LG_ASSIGN_OR_RETURN(
          columnar::Collected kept,
          columnar::Collect(std::move(deduped), &budget, context_.cancel, "first rows of groups"));
      LG_RETURN_IF_ERROR(budget.Take(NeedOf(kept.rows, 0), "first rows of groups"));
      LG_ASSIGN_OR_RETURN(part, NextPart(std::move(kept)));
    }
    return Dedupe(columnar::StreamOf(std::move(part)), options_, context_);
  }

  // `kept` and as much of the input as is read at once.
  Result<columnar::Collected> NextPart(columnar::Collected kept) {
    LG_ASSIGN_OR_RETURN(columnar::Collector collector,
                        columnar::Collector::Make(*schema_, "input"));
    const std::int64_t most = context_.memory_limit_bytes / 4;
    std::int64_t need = 0;
    while (most <= 0 || need < most) {
      if (context_.cancel.cancelled()) {
        return Error(ErrorKind::kCancelled, "The statement was cancelled.");
      }
      LG_ASSIGN_OR_RETURN(auto batch, input_->Next());
      if (!batch) {
        ended_ = true;
        break;
      }
      const std::int64_t rows = (*batch)->length;
      LG_ASSIGN_OR_RETURN(const std::int64_t bytes, collector.Add(*std::move(batch)));
      need += NeedOf(rows, bytes);
    }
    columnar::Collected part = collector.Take();
    // Kept rows first: they came first.
    part.batches.insert(part.batches.begin(), kept.batches.begin(), kept.batches.end());
    part.rows += kept.rows;
    part.bytes += kept.bytes;
    return part;
  }

  const OwnedSchema schema_;
  ArrowStream input_;
  const DedupeOptions options_;
  const KernelContext context_;
  bool ended_ = false;
  ArrowStream kept_;
};

}  // namespace

Status UseTopRows(const SessionState& state, const CancelToken& cancel,
                  engine::EngineSession* session) {
  LG_ASSIGN_OR_RETURN(const SettingValue wanted, state.profile.Get("top_rows"));
  if (!std::get<bool>(wanted)) return {};
  return session->UseOperator(
      [context = KernelContextFor(state, cancel)](std::string_view specification,
                                                  ArrowStream input) -> Result<ArrowStream> {
        LG_ASSIGN_OR_RETURN(const DedupeOptions options, OptionsOf(specification));
        return ArrowStream(std::make_unique<DedupedParts>(std::move(input), options, context));
      });
}

}  // namespace lakegate::session
