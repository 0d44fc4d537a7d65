#include "session/relations.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <variant>

#include "base/text.h"
#include "base/try.h"
#include "datasets/contract.h"
#include "engine/table.h"
#include "guard/protection.h"
#include "session/contract_scan.h"
#include "session/judged_text.h"
#include "session/kernel_functions.h"
#include "session/location.h"
#include "session/protected_relation.h"
#include "session/range_joins.h"
#include "session/table_version.h"
#include "session/text_line.h"
#include "session/top_rows.h"

namespace lakegate::session {
namespace {

void ReportOpened(SessionState& state, const std::string& name, const DatasetLocation& located,
                  std::int64_t version) {
  state.events->Emit(observe::DatasetOpened{.name = name,
                                            .location = located.path,
                                            .format = std::string(DataFormatName(*located.format)),
                                            .version = version});
}

Status AddDataset(const std::shared_ptr<SessionState>& state, const std::string& name,
                  const DatasetSpec& spec, const StatementNeeds& needs,
                  ResolvedRelations* resolved) {
  // Again: the disk may have changed since the name was registered.
  auto located = LocateSource(spec.location, state->profile);
  if (!located) return located.error().WithContext(fmt::format("Dataset '{}'", name));
  auto table = engine::Table::Open(*state->engine, *located);
  if (!table) {
    return NameLine(table.error(), {*located}).WithContext(fmt::format("Dataset '{}'", name));
  }
  LG_ASSIGN_OR_RETURN(const engine::TableInfo info, table->Info());
  ReportOpened(*state, name, *located, info.version);
  if (state->transaction != nullptr && state->transaction->path == located->path) {
    state->transaction->read = true;
  }
  resolved->cost.bytes += info.bytes;
  resolved->cost.files += info.files;
  if (*located->format == DataFormat::kNdjson || *located->format == DataFormat::kCsv) {
    resolved->text_sources.push_back(*located);
  }
  const datasets::Contract contract = datasets::ContractOf(spec);
  if (contract.empty()) return resolved->session.AddTable(name, *table);
  return AddContractedTable(state, spec, *std::move(table), needs.cancel, &resolved->session);
}

Status AddStream(const std::shared_ptr<SessionState>& state, const std::string& name,
                 const StatementNeeds& needs, ResolvedRelations* resolved) {
  const std::shared_ptr<const StepStore> store = state->FindStore(name);
  if (store == nullptr) {
    return Error(ErrorKind::kNotFound,
                 fmt::format("The stream was deregistered meanwhile: '{}'.", name));
  }
  return resolved->session.AddStream(
      name, store->schema(), [store, cancel = needs.cancel]() { return store->Open(cancel); });
}

// A dataset as it was. What a policy shows a part of is shown as it is alone: rows that are gone
// are no part of it.
Status AddVersion(const std::shared_ptr<SessionState>& state, const guard::RelationFact& relation,
                  bool is_path, const SqlPolicy& policy, const StatementNeeds& needs,
                  ResolvedRelations* resolved) {
  const std::string name = relation.Text();
  DatasetSpec spec;
  spec.name = NameAtVersion(name, relation.at);
  if (!resolved->names.insert(spec.name).second) return {};
  if (guard::ProtectionOf(policy, name) != nullptr) {
    return Error(ErrorKind::kSqlPolicyViolation,
                 fmt::format("The SQL policy shows a part of this relation alone, and shows it as "
                             "it is: {} (policy '{}').",
                             name, policy.name),
                 PolicyViolation{.violation = "protected",
                                 .name = name,
                                 .position = relation.position,
                                 .setting = "protect"});
  }
  if (is_path) {
    spec.location.path = name;
  } else {
    LG_ASSIGN_OR_RETURN(const catalog::Entry entry, state->catalog.Find(name));
    const auto* dataset = std::get_if<catalog::DatasetEntry>(&entry);
    if (dataset == nullptr) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A {} has no versions: '{}', {}.", catalog::EntryKindName(entry),
                               name, relation.at));
    }
    const std::string own_name = std::exchange(spec.name, "");
    spec = dataset->spec;
    spec.name = own_name;
  }
  LG_ASSIGN_OR_RETURN(spec.location, AtVersion(spec.location, name, relation.at));
  return AddDataset(state, spec.name, spec, needs, resolved);
}

// Every version that a text names; `paths` are the names among them that are paths.
Status AddVersions(const std::shared_ptr<SessionState>& state, const guard::StatementFacts& facts,
                   const std::set<std::string>& paths, const SqlPolicy& policy,
                   const StatementNeeds& needs, ResolvedRelations* resolved) {
  for (const guard::RelationFact& relation : facts.relations) {
    if (relation.at.empty()) continue;
    LG_RETURN_IF_ERROR(
        AddVersion(state, relation, paths.contains(relation.Text()), policy, needs, resolved));
  }
  return {};
}

// The kernels, once, for a statement or a view that calls one.
Status AddKernelsFor(const guard::StatementFacts& facts, const std::shared_ptr<SessionState>& state,
                     const SqlPolicy& policy, const StatementNeeds& needs,
                     ResolvedRelations* resolved) {
  if (resolved->has_kernels || !CallsKernel(facts)) return {};
  resolved->has_kernels = true;
  return AddKernelFunctions(state, policy, needs.cancel, &resolved->session);
}

Status AddView(const std::shared_ptr<SessionState>& state, const std::string& name,
               const catalog::ViewEntry& view, const SqlPolicy& policy, const StatementNeeds& needs,
               ResolvedRelations* resolved) {
  LG_ASSIGN_OR_RETURN(const guard::StatementFacts facts, JudgeView(name, view.sql, policy));
  LG_RETURN_IF_ERROR(AddKernelsFor(facts, state, policy, needs, resolved));
  LG_RETURN_IF_ERROR(AddVersions(state, facts, {}, policy, needs, resolved));
  return resolved->session.AddView(name, view.sql);
}

Status AddEntry(const std::shared_ptr<SessionState>& state, const std::string& name,
                const catalog::Entry& entry, const SqlPolicy& policy, const StatementNeeds& needs,
                ResolvedRelations* resolved) {
  resolved->names.insert(name);
  if (guard::ProtectionOf(policy, name) != nullptr) {
    return AddProtectedRelation(state, name, policy, needs, &resolved->session);
  }
  if (const auto* dataset = std::get_if<catalog::DatasetEntry>(&entry)) {
    return AddDataset(state, name, dataset->spec, needs, resolved);
  }
  if (const auto* view = std::get_if<catalog::ViewEntry>(&entry)) {
    return AddView(state, name, *view, policy, needs, resolved);
  }
  return AddStream(state, name, needs, resolved);
}

// What a statement reads as it is.
std::set<std::string> NamesAsTheyAre(const guard::StatementFacts& facts) {
  std::set<std::string> names;
  for (const guard::RelationFact& relation : facts.relations) {
    if (relation.role == guard::RelationRole::kRead && relation.at.empty()) {
      names.insert(relation.Text());
    }
  }
  return names;
}

// Names that are paths, which the verdict let pass, apart from names of the catalog.
std::set<std::string> TakePaths(const guard::StatementFacts& facts, std::set<std::string>* names) {
  std::set<std::string> paths;
  for (const guard::NamedFact& location : facts.locations) {
    if (names->erase(location.name) > 0) paths.insert(location.name);
  }
  return paths;
}

Error NoWriting(const guard::StatementFacts& facts) {
  return Error(ErrorKind::kUnsupported,
               fmt::format("Statements that write or define are not run as SQL here: {}. Use "
                           "Session::Write, `lakegate write` or an output of a job.",
                           facts.kind));
}

}  // namespace

std::int64_t ThreadsFor(const Profile& profile) {
  if (profile.Threads() > 0) return profile.Threads();
  return std::max<std::int64_t>(1, std::thread::hardware_concurrency());
}

std::int64_t PartitionsFor(const Profile& profile, bool ordered) {
  if (ordered) return 1;
  return profile.TargetPartitions() > 0 ? profile.TargetPartitions() : ThreadsFor(profile);
}

Result<engine::EngineSession> OpenEngineSession(const SessionState& state, bool ordered) {
  LG_ASSIGN_OR_RETURN(const SettingValue repartition, state.profile.Get("repartition_joins"));
  return engine::EngineSession::Open(
      state.engine, {.target_partitions = PartitionsFor(state.profile, ordered),
                     .batch_rows = state.profile.BatchRows(),
                     .ordered = ordered,
                     .config = {{"datafusion.optimizer.repartition_joins",
                                 std::get<bool>(repartition) ? "true" : "false"}}});
}

Result<ResolvedRelations> ResolveRelations(const std::shared_ptr<SessionState>& state,
                                           const guard::StatementFacts& facts,
                                           const SqlPolicy& policy, const StatementNeeds& needs) {
  if (!facts.RelationNames(guard::RelationRole::kWrite).empty() ||
      !facts.RelationNames(guard::RelationRole::kCreate).empty()) {
    return NoWriting(facts);
  }
  std::set<std::string> every_name = facts.RelationNames(guard::RelationRole::kRead);
  const std::set<std::string> every_path = TakePaths(facts, &every_name);
  std::set<std::string> names = NamesAsTheyAre(facts);
  const std::set<std::string> paths = TakePaths(facts, &names);
  LG_ASSIGN_OR_RETURN(const auto closure, state->catalog.Closure(names));
  LG_ASSIGN_OR_RETURN(engine::EngineSession session, OpenEngineSession(*state, needs.ordered));
  ResolvedRelations resolved{.session = std::move(session),
                             .has_kernels = false,
                             .names = {},
                             .cost = {},
                             .text_sources = {}};
  LG_RETURN_IF_ERROR(UseRangeJoins(*state, needs.cancel, &resolved.session));
  LG_RETURN_IF_ERROR(UseTopRows(*state, needs.cancel, &resolved.session));
  LG_RETURN_IF_ERROR(AddKernelsFor(facts, state, policy, needs, &resolved));
  for (const auto& [name, entry] : closure) {
    LG_RETURN_IF_ERROR(AddEntry(state, name, entry, policy, needs, &resolved));
  }
  LG_RETURN_IF_ERROR(AddVersions(state, facts, every_path, policy, needs, &resolved));
  for (const std::string& path : paths) {
    resolved.names.insert(path);
    DatasetSpec spec;
    spec.name = path;
    spec.location.path = path;
    LG_RETURN_IF_ERROR(AddDataset(state, path, spec, needs, &resolved));
  }
  LG_RETURN_IF_ERROR(guard::JudgeScan(resolved.cost, policy));
  return resolved;
}

}  // namespace lakegate::session
