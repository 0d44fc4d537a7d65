#include "write/validate.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/try.h"
#include "datasets/finalise.h"
#include "engine/predicate.h"
#include "engine/statement.h"

namespace lakegate::write {

namespace {

class EnginePredicate final : public datasets::RowPredicate {
 public:
  explicit EnginePredicate(engine::Predicate predicate) : predicate_(std::move(predicate)) {}

  Result<OwnedArray> Evaluate(const ArrowSchema&, const OwnedArray& batch) override {
    return predicate_.Evaluate(*batch);
  }

 private:
  engine::Predicate predicate_;
};

Status CheckAppendedConstraints(const WriteOptions& options, const Constraints& table) {
  for (const auto& check : options.checks) {
    if (std::find(table.checks.begin(), table.checks.end(), check) == table.checks.end()) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("An append cannot add or change a check of the table, whose rows "
                               "were not held to it: {}: {}; overwrite the table instead.",
                               check.name, check.expression));
    }
  }
  for (const auto& column : options.not_null) {
    if (std::find(table.not_null.begin(), table.not_null.end(), column) == table.not_null.end()) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("An append cannot make a column of the table not null, whose rows "
                               "were not held to it: {}; overwrite the table instead.",
                               column));
    }
  }
  return {};
}

}  // namespace

Result<Constraints> ConstraintsFor(const WriteOptions& options, const delta::Snapshot* existing) {
  if (existing == nullptr) return Constraints{options.not_null, options.checks};
  Constraints merged{delta::NotNullColumnsOf(*existing), delta::ConstraintsOf(*existing)};
  if (options.mode == WriteMode::kAppend) {
    LG_RETURN_IF_ERROR(CheckAppendedConstraints(options, merged));
    return merged;
  }
  const auto schema_mode = options.options.find("schema_mode");
  if (schema_mode != options.options.end() && schema_mode->second == "overwrite") {
    return Constraints{options.not_null, options.checks};
  }
  for (const auto& column : options.not_null) {
    if (std::find(merged.not_null.begin(), merged.not_null.end(), column) ==
        merged.not_null.end()) {
      merged.not_null.push_back(column);
    }
  }
  for (const auto& check : options.checks) {
    const auto same = std::find_if(merged.checks.begin(), merged.checks.end(),
                                   [&](const Check& other) { return other.name == check.name; });
    if (same == merged.checks.end()) {
      merged.checks.push_back(check);
    } else {
      *same = check;
    }
  }
  return merged;
}

Result<ArrowStream> HoldTo(ArrowStream source, const Constraints& constraints,
                           const std::string& destination, const WriteContext& context) {
  if (constraints.not_null.empty() && constraints.checks.empty()) return source;
  std::unique_ptr<datasets::RowPredicate> predicate;
  if (!constraints.checks.empty()) {
    LG_ASSIGN_OR_RETURN(const auto session, engine::EngineSession::Open(context.engine));
    LG_ASSIGN_OR_RETURN(auto compiled,
                        engine::Predicate::Open(session, source->schema(), constraints.checks));
    predicate = std::make_unique<EnginePredicate>(std::move(compiled));
  }
  datasets::Contract contract;
  contract.dataset = destination;
  contract.not_null = constraints.not_null;
  contract.checks = constraints.checks;
  datasets::EnforceOptions options;
  options.cancel = context.cancel;
  return datasets::Enforce(std::move(source), std::move(contract), std::move(predicate), options);
}

}  // namespace lakegate::write
