#include "datasets/finalise.h"

#include <new>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "base/try.h"
#include "columnar/array_parts.h"
#include "columnar/buffer_pool.h"
#include "columnar/builder.h"
#include "columnar/gather.h"
#include "columnar/schema.h"
#include "columnar/value_text.h"
#include "datasets/inspector.h"

namespace lakegate::datasets {
namespace {

constexpr std::size_t kRowTextBytes = 400;

// Rows of one batch, told apart.
struct Split {
  std::vector<std::int64_t> good;
  std::vector<std::int64_t> bad;
};

Split SplitRows(const std::vector<Fault>& faults, std::int64_t length) {
  Split split;
  std::size_t next = 0;
  for (std::int64_t row = 0; row < length; ++row) {
    while (next < faults.size() && faults[next].row < row) ++next;
    const bool bad = next < faults.size() && faults[next].row == row;
    (bad ? split.bad : split.good).push_back(row);
  }
  return split;
}

class ContractStream final : public RecordStream {
 public:
  ContractStream(ArrowStream source, std::string dataset, Inspector inspector,
                 const EnforceOptions& options, QuarantineSink* sink, OwnedSchema quarantine_schema)
      : source_(std::move(source)),
        dataset_(std::move(dataset)),
        inspector_(std::move(inspector)),
        options_(options),
        sink_(sink),
        quarantine_schema_(std::move(quarantine_schema)),
        first_rows_(inspector_.constraints().size()),
        report_(options.report != nullptr ? options.report : std::make_shared<ContractReport>()) {
    *report_ = {};
    for (const Constraint& constraint : inspector_.constraints()) {
      report_->constraints.push_back({constraint.name, 0});
    }
  }

  const ArrowSchema& schema() const override { return source_->schema(); }

  Result<std::optional<OwnedArray>> Next() override {
    if (failure_) return *failure_;
    if (ended_) return std::optional<OwnedArray>();
    Result<std::optional<OwnedArray>> batch = NextOrThrow();
    if (!batch) failure_ = batch.error();
    if (batch && !*batch) ended_ = true;
    return batch;
  }

 private:
  Result<std::optional<OwnedArray>> NextOrThrow() {
    try {
      return NextGood();
    } catch (const std::bad_alloc&) {
      return Error(ErrorKind::kResourceLimit,
                   fmt::format("Memory ran out while a contract was checked: dataset '{}'. Lower "
                               "the batch size or raise execution.memory_limit.",
                               dataset_));
    }
  }

  Result<std::optional<OwnedArray>> NextGood() {
    while (true) {
      LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, Read());
      if (!batch) return std::optional<OwnedArray>();
      LG_ASSIGN_OR_RETURN(const std::vector<Fault> faults, Inspect(*batch));
      if (faults.empty()) return batch;
      if (options_.on_violation == OnViolation::kFail) return CountTheRest();
      LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> good, Quarantine(*std::move(batch), faults));
      if (good) return good;
    }
  }

  Result<std::optional<OwnedArray>> Read() {
    if (options_.cancel.cancelled()) {
      return Error(ErrorKind::kCancelled,
                   fmt::format("The check of a contract was cancelled: dataset '{}'.", dataset_));
    }
    return source_->Next();
  }

  // Finds, counts and remembers what is wrong with a batch.
  Result<std::vector<Fault>> Inspect(const OwnedArray& batch) {
    LG_ASSIGN_OR_RETURN(std::vector<Fault> faults, inspector_.Inspect(schema(), batch));
    const std::int64_t first_row = report_->rows;
    report_->rows += batch->length;
    std::int64_t bad_rows = 0;
    for (std::size_t i = 0; i < faults.size(); ++i) {
      if (i == 0 || faults[i].row != faults[i - 1].row) ++bad_rows;
      ++report_->constraints[faults[i].constraint].violations;
    }
    report_->bad_rows += bad_rows;
    report_->good_rows += batch->length - bad_rows;
    if (!faults.empty() && options_.on_violation == OnViolation::kFail) {
      LG_RETURN_IF_ERROR(Remember(batch, faults, first_row));
    }
    return faults;
  }

  Status Remember(const OwnedArray& batch, const std::vector<Fault>& faults,
                  std::int64_t first_row) {
    LG_RETURN_IF_ERROR(columnar::CheckArray(schema(), *batch));
    LG_ASSIGN_OR_RETURN(const columnar::BatchView view,
                        columnar::BatchView::Open(schema(), *batch));
    std::vector<columnar::ValueText> columns;
    for (const Fault& fault : faults) {
      std::vector<std::string>& rows = first_rows_[fault.constraint];
      if (static_cast<std::int64_t>(rows.size()) >= options_.first_rows) continue;
      for (auto i = static_cast<std::int64_t>(columns.size()); i < view.column_count(); ++i) {
        LG_ASSIGN_OR_RETURN(columnar::ValueText text, columnar::ValueText::Open(view.column(i)));
        columns.push_back(std::move(text));
      }
      rows.push_back(fmt::format("row {}: {}", first_row + fault.row,
                                 columnar::RowText(columns, fault.row, kRowTextBytes)));
    }
    return {};
  }

  Error CountTheRest() {
    while (true) {
      Result<std::optional<OwnedArray>> batch = Read();
      if (!batch) return std::move(batch).error();
      if (!*batch) return Broken();
      const auto faults = Inspect(**batch);
      if (!faults) return faults.error();
    }
  }

  Error Broken() const {
    std::size_t first = 0;
    while (report_->constraints[first].violations == 0) ++first;
    const ConstraintCount& broken = report_->constraints[first];
    std::vector<std::string> others;
    for (std::size_t i = first + 1; i < report_->constraints.size(); ++i) {
      const ConstraintCount& other = report_->constraints[i];
      if (other.violations == 0) continue;
      others.push_back(fmt::format("{} ({} rows)", other.constraint, other.violations));
    }
    const std::vector<std::string>& rows = first_rows_[first];
    std::string message = fmt::format(
        "Rows break a constraint: {} of {} rows of '{}' break '{}' ({}).", broken.violations,
        report_->rows, dataset_, broken.constraint, inspector_.constraints()[first].message);
    if (!others.empty()) message += fmt::format(" Also broken: {}.", base::ListNames(others));
    if (!rows.empty()) message += fmt::format(" First: {}.", rows.front());
    message += " Repair the data, or change the constraint.";
    return Error(ErrorKind::kConstraintViolation, std::move(message),
                 ConstraintViolation{broken.constraint, broken.violations, rows});
  }

  // Bad rows go to the sink; gives the good ones, or nothing where there are none.
  Result<std::optional<OwnedArray>> Quarantine(OwnedArray batch, const std::vector<Fault>& faults) {
    const std::int64_t length = batch->length;
    LG_RETURN_IF_ERROR(columnar::CheckArray(schema(), *batch));
    const Split split = SplitRows(faults, length);
    LG_ASSIGN_OR_RETURN(const columnar::Gatherer gatherer,
                        columnar::Gatherer::Make(schema(), {columnar::ShareArray(std::move(batch))},
                                                 columnar::BufferPool::Process()));
    LG_ASSIGN_OR_RETURN(OwnedArray bad,
                        ErrorRows(gatherer, split.bad, faults, report_->rows - length));
    LG_RETURN_IF_ERROR(sink_->Write(*quarantine_schema_, std::move(bad)));
    if (split.good.empty()) return std::optional<OwnedArray>();
    LG_ASSIGN_OR_RETURN(OwnedArray good, gatherer.Rows(split.good));
    return std::optional<OwnedArray>(std::move(good));
  }

  Result<OwnedArray> ErrorRows(const columnar::Gatherer& gatherer,
                               const std::vector<std::int64_t>& rows,
                               const std::vector<Fault>& faults, std::int64_t first_row) const {
    const ArrowSchema& schema = *quarantine_schema_;
    LG_ASSIGN_OR_RETURN(auto ordinals, columnar::ColumnBuilder::Make(*schema.children[0]));
    LG_ASSIGN_OR_RETURN(auto errors, columnar::ColumnBuilder::Make(*schema.children[1]));
    std::size_t next = 0;
    for (const std::int64_t row : rows) {
      ordinals.AppendInt(first_row + row);
      for (; next < faults.size() && faults[next].row == row; ++next) {
        const Constraint& constraint = inspector_.constraints()[faults[next].constraint];
        errors.child(0).AppendBytes(fmt::format("{}: {}", constraint.name, constraint.message));
      }
      errors.AppendNested();
    }
    std::vector<OwnedArray> columns;
    columns.push_back(ordinals.Finish());
    columns.push_back(errors.Finish());
    LG_ASSIGN_OR_RETURN(std::vector<OwnedArray> refused, gatherer.Columns(rows));
    for (OwnedArray& column : refused) columns.push_back(std::move(column));
    return columnar::BatchOf(std::move(columns), static_cast<std::int64_t>(rows.size()));
  }

  ArrowStream source_;
  std::string dataset_;
  Inspector inspector_;
  EnforceOptions options_;
  QuarantineSink* sink_;
  OwnedSchema quarantine_schema_;
  // Rendered rows, by constraint.
  std::vector<std::vector<std::string>> first_rows_;
  // Shared with the caller, who may have asked for it.
  std::shared_ptr<ContractReport> report_;
  std::optional<Error> failure_;
  bool ended_ = false;
};

}  // namespace

Result<ArrowStream> Enforce(ArrowStream source, Contract contract,
                            std::unique_ptr<RowPredicate> predicate, const EnforceOptions& options,
                            QuarantineSink* sink) {
  if (contract.empty() && options.report == nullptr) return source;
  if (options.on_violation == OnViolation::kQuarantine && sink == nullptr) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("Rows that break a contract need somewhere to go: dataset '{}'. Name "
                             "an output for them, or choose on_violation = \"fail\".",
                             contract.dataset));
  }
  LG_ASSIGN_OR_RETURN(OwnedSchema quarantine_schema, QuarantineSchema(source->schema()));
  LG_ASSIGN_OR_RETURN(
      Inspector inspector,
      Inspector::Make(contract, source->schema(), std::move(predicate), options.key_memory_bytes));
  return ArrowStream(std::make_unique<ContractStream>(std::move(source), contract.dataset,
                                                      std::move(inspector), options, sink,
                                                      std::move(quarantine_schema)));
}

}  // namespace lakegate::datasets
