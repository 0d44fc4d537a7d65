#include "lakegate/delta_table.h"

#include <fmt/format.h>

#include <utility>

#include "base/try.h"
#include "control/advise.h"
#include "control/convert.h"
#include "control/inspect.h"
#include "control/log_files.h"
#include "control/merge_rows.h"
#include "control/optimize.h"
#include "control/repair.h"
#include "control/restore.h"
#include "control/row_changes.h"
#include "control/table_settings.h"
#include "control/vacuum.h"
#include "lakegate/session.h"
#include "session/judged_text.h"
#include "session/location.h"
#include "session/session_state.h"
#include "session/statement_run.h"
#include "session/step_store.h"
#include "session/write_context.h"

namespace lakegate {
namespace {

// The policy and the cancel token of a change, as a query has them.
QueryOptions QueryOf(const ChangeOptions& options) {
  QueryOptions query;
  query.policy = options.policy;
  query.ordered = true;
  query.cancel = options.cancel;
  return query;
}

// One call: the context of a change, and what it borrows.
template <typename Work>
Result<ChangeReceipt> Run(session::SessionState& state, const std::string& path,
                          const ChangeOptions& options, const Work& work) {
  LG_RETURN_IF_ERROR(session::CheckChangeHere(state, path));
  // Also a change that finds no row, and is in no entry, has looked for some.
  if (state.transaction != nullptr) state.transaction->read = true;
  write::WriteContext context = session::WriteContextFor(state, path, {}, options.cancel);
  LG_ASSIGN_OR_RETURN(const SqlPolicy policy,
                      session::PolicyInForce(state.profile, QueryOf(options)));
  context.time_limit_ms = session::RunTimeLimitMs(policy, state.profile);
  return work(control::Call{path, options, context});
}

// Expressions over the columns of one row, each with a name for its error; "" is none.
Status JudgeExpressions(const session::SessionState& state, const ChangeOptions& options,
                        const std::vector<Check>& expressions) {
  LG_ASSIGN_OR_RETURN(const SqlPolicy policy,
                      session::PolicyInForce(state.profile, QueryOf(options)));
  for (const Check& check : expressions) {
    if (check.expression.empty()) continue;
    LG_RETURN_IF_ERROR(session::JudgeChecks({check}, policy));
  }
  return {};
}

void AddSet(const std::map<std::string, std::string>& set, std::vector<Check>* expressions) {
  for (const auto& [column, expression] : set) {
    // An empty one is no expression: the engine would say so less clearly.
    expressions->push_back({"set " + column, expression.empty() ? ";" : expression});
  }
}

}  // namespace

Result<DeltaTable> Session::Delta(std::string_view table) {
  const std::shared_ptr<session::SessionState>& state = impl_->state;
  DatasetLocation location;
  location.path = table;
  location = session::BindDestination(location, state->profile);
  location.format = DataFormat::kDelta;
  LG_ASSIGN_OR_RETURN(location, session::LocateDestination(location, state->profile));
  return DeltaTable(state, location.path);
}

DeltaTable::DeltaTable(std::shared_ptr<session::SessionState> state, std::string path)
    : state_(std::move(state)), path_(std::move(path)) {}

Result<DeltaTableInfo> DeltaTable::Inspect(const DeltaVersion& at) const {
  return control::InspectTable(*state_->engine, path_, at);
}

Result<std::vector<DeltaCommitInfo>> DeltaTable::History(std::int64_t limit) const {
  return control::ReadHistory(state_->engine, path_, limit);
}

Result<std::vector<DeltaFile>> DeltaTable::Files(const DeltaVersion& at) const {
  return control::ListFiles(*state_->engine, path_, at);
}

Result<ArrowStream> DeltaTable::Changes(std::int64_t from, std::optional<std::int64_t> to,
                                        const CancelToken& cancel) const {
  return control::ReadChanges(state_->engine, path_, from, to, cancel);
}

Result<ChangeReceipt> DeltaTable::Delete(std::string_view condition, const ChangeOptions& options) {
  LG_RETURN_IF_ERROR(JudgeExpressions(*state_, options, {{"where", std::string(condition)}}));
  return Run(*state_, path_, options, [&](const control::Call& call) {
    return control::DeleteRows(call, std::string(condition));
  });
}

Result<ChangeReceipt> DeltaTable::Update(const std::map<std::string, std::string>& set,
                                         std::string_view condition, const ChangeOptions& options) {
  std::vector<Check> expressions = {{"where", std::string(condition)}};
  AddSet(set, &expressions);
  LG_RETURN_IF_ERROR(JudgeExpressions(*state_, options, expressions));
  return Run(*state_, path_, options, [&](const control::Call& call) {
    return control::UpdateRows(call, set, std::string(condition));
  });
}

Result<ChangeReceipt> DeltaTable::Merge(std::string_view source_sql, const MergeOptions& merge,
                                        const ChangeOptions& options) {
  std::vector<Check> expressions = {{"on", merge.on}};
  for (const auto& clause : merge.clauses) {
    expressions.push_back({"when", clause.condition});
    AddSet(clause.set, &expressions);
  }
  LG_RETURN_IF_ERROR(JudgeExpressions(*state_, options, expressions));
  LG_ASSIGN_OR_RETURN(ArrowStream rows, session::RunText(state_, source_sql, QueryOf(options)));
  LG_ASSIGN_OR_RETURN(
      const std::shared_ptr<const session::StepStore> store,
      session::StepStore::Keep(std::move(rows), state_->engine, state_->spill,
                               {.memory_limit_bytes = state_->profile.StepMemoryLimitBytes(),
                                .batch_rows = state_->profile.BatchRows(),
                                .cancel = options.cancel}));
  const control::MergeSource source{
      store->schema(), [store, cancel = options.cancel]() { return store->Open(cancel); }};
  return Run(*state_, path_, options,
             [&](const control::Call& call) { return control::MergeRows(call, source, merge); });
}

Result<ChangeReceipt> DeltaTable::Restore(const DeltaVersion& to, const ChangeOptions& options) {
  return Run(*state_, path_, options,
             [&](const control::Call& call) { return control::RestoreTable(call, to); });
}

Result<ChangeReceipt> DeltaTable::Optimize(const OptimizeOptions& optimize,
                                           const ChangeOptions& options) {
  return Run(*state_, path_, options,
             [&](const control::Call& call) { return control::OptimizeTable(call, optimize); });
}

Result<ChangeReceipt> DeltaTable::Vacuum(const VacuumOptions& vacuum,
                                         const ChangeOptions& options) {
  LG_RETURN_IF_ERROR(session::CheckOutsideTransaction(*state_, "A vacuum"));
  return Run(*state_, path_, options,
             [&](const control::Call& call) { return control::VacuumTable(call, vacuum); });
}

Result<ChangeReceipt> DeltaTable::Checkpoint(const ChangeOptions& options) {
  LG_RETURN_IF_ERROR(session::CheckOutsideTransaction(*state_, "A checkpoint"));
  return Run(*state_, path_, options, control::CheckpointTable);
}

Result<ChangeReceipt> DeltaTable::CleanLog(const ChangeOptions& options) {
  LG_RETURN_IF_ERROR(session::CheckOutsideTransaction(*state_, "A clean-up of the log"));
  return Run(*state_, path_, options, control::CleanLog);
}

Result<ChangeReceipt> DeltaTable::Repair(const ChangeOptions& options) {
  return Run(*state_, path_, options, control::RepairTable);
}

Result<ChangeReceipt> DeltaTable::SetProperties(const std::map<std::string, std::string>& set,
                                                const std::vector<std::string>& unset,
                                                const ChangeOptions& options) {
  return Run(*state_, path_, options, [&](const control::Call& call) {
    return control::SetTableProperties(call, set, unset);
  });
}

Result<std::vector<DeltaAdvice>> DeltaTable::Advise() const {
  write::WriteContext context = session::WriteContextFor(*state_, path_, {}, {});
  return control::Advise(path_, context);
}

Result<ChangeReceipt> DeltaTable::Convert(const ConvertOptions& convert,
                                          const ChangeOptions& options) {
  LG_RETURN_IF_ERROR(session::CheckOutsideTransaction(*state_, "A conversion"));
  return Run(*state_, path_, options,
             [&](const control::Call& call) { return control::ConvertTable(call, convert); });
}

Result<ChangeReceipt> DeltaTable::EnableFeature(std::string_view feature,
                                                const ChangeOptions& options) {
  return Run(*state_, path_, options,
             [&](const control::Call& call) { return control::EnableTableFeature(call, feature); });
}

Result<ChangeReceipt> DeltaTable::AddConstraint(const Check& check, const ChangeOptions& options) {
  LG_RETURN_IF_ERROR(JudgeExpressions(*state_, options, {check}));
  return Run(*state_, path_, options,
             [&](const control::Call& call) { return control::AddTableConstraint(call, check); });
}

Result<ChangeReceipt> DeltaTable::DropConstraint(std::string_view name,
                                                 const ChangeOptions& options) {
  return Run(*state_, path_, options,
             [&](const control::Call& call) { return control::DropTableConstraint(call, name); });
}

}  // namespace lakegate
