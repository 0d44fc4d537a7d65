#include "session/contract_scan.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "datasets/finalise.h"
#include "engine/predicate.h"
#include "session/quarantine_file.h"
#include "session/relations.h"

namespace lakegate::session {
namespace {

class CompiledChecks final : public datasets::RowPredicate {
 public:
  explicit CompiledChecks(engine::Predicate predicate) : predicate_(std::move(predicate)) {}

  Result<OwnedArray> Evaluate(const ArrowSchema&, const OwnedArray& batch) override {
    return predicate_.Evaluate(*batch);
  }

 private:
  engine::Predicate predicate_;
};

// Keeps the sink for as long as the stream that writes to it, and ends the file with it.
class QuarantiningStream final : public RecordStream {
 public:
  QuarantiningStream(ArrowStream rows, std::unique_ptr<QuarantineFile> file)
      : file_(std::move(file)), rows_(std::move(rows)) {}

  const ArrowSchema& schema() const override { return rows_->schema(); }

  Result<std::optional<OwnedArray>> Next() override {
    LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, rows_->Next());
    if (!batch) LG_RETURN_IF_ERROR(file_->Finish());
    return batch;
  }

 private:
  std::unique_ptr<QuarantineFile> file_;
  ArrowStream rows_;
};

struct ContractScan {
  std::shared_ptr<SessionState> state;
  DatasetSpec spec;
  // Shared: every scan reads it.
  std::shared_ptr<const engine::Table> table;
  CancelToken cancel;

  Result<ArrowStream> Open() const;
};

Result<ArrowStream> ContractScan::Open() const {
  LG_ASSIGN_OR_RETURN(engine::EngineSession session, OpenEngineSession(*state, true));
  LG_RETURN_IF_ERROR(session.AddTable("dataset", *table));
  LG_ASSIGN_OR_RETURN(const engine::Plan plan,
                      session.PlanStatement("SELECT * FROM dataset", {}, 0, cancel));
  LG_ASSIGN_OR_RETURN(ArrowStream rows, plan.Execute(0, cancel));

  std::unique_ptr<datasets::RowPredicate> predicate;
  if (!spec.checks.empty()) {
    auto compiled = engine::Predicate::Open(session, rows->schema(), spec.checks);
    if (!compiled) return compiled.error().WithContext(fmt::format("Dataset '{}'", spec.name));
    predicate = std::make_unique<CompiledChecks>(*std::move(compiled));
  }
  std::unique_ptr<QuarantineFile> file;
  if (spec.on_violation == OnViolation::kQuarantine) {
    file = std::make_unique<QuarantineFile>(state->engine, state->quarantine_directory, spec.name,
                                            state->random);
  }
  const datasets::EnforceOptions options{.on_violation = spec.on_violation,
                                         .key_memory_bytes = state->profile.MemoryLimitBytes(),
                                         .cancel = cancel,
                                         .report = nullptr};
  LG_ASSIGN_OR_RETURN(rows, datasets::Enforce(std::move(rows), datasets::ContractOf(spec),
                                              std::move(predicate), options, file.get()));
  if (file == nullptr) return rows;
  return ArrowStream(std::make_unique<QuarantiningStream>(std::move(rows), std::move(file)));
}

}  // namespace

Status AddContractedTable(const std::shared_ptr<SessionState>& state, const DatasetSpec& spec,
                          engine::Table table, const CancelToken& cancel,
                          engine::EngineSession* session) {
  if (spec.on_violation == OnViolation::kQuarantine && state->quarantine_directory.empty()) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("Rows that break the contract of '{}' have nowhere to go. Run it in a "
                             "job, set run_directory, or choose on_violation = \"fail\".",
                             spec.name));
  }
  LG_ASSIGN_OR_RETURN(const OwnedSchema schema, table.schema());
  LG_RETURN_IF_ERROR(datasets::CheckContractColumns(datasets::ContractOf(spec), *schema));
  ContractScan scan{.state = state,
                    .spec = spec,
                    .table = std::make_shared<const engine::Table>(std::move(table)),
                    .cancel = cancel};
  return session->AddStream(spec.name, *schema, [scan = std::move(scan)] { return scan.Open(); });
}

}  // namespace lakegate::session
