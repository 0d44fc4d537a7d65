#include "delta/conflict.h"

#include <algorithm>
#include <array>

namespace lakegate::delta {

namespace {

// Columns of the table in the header, gravest first.
struct Deeds {
  bool same_application = false;
  bool protocol = false;
  bool metadata = false;
  bool took_ours = false;
  bool added_rows = false;
  bool took_others = false;
};

Deeds DeedsOf(const CommitEntry& winner, const OurCommit& ours) {
  Deeds deeds;
  deeds.same_application =
      !ours.app_id.empty() && std::any_of(winner.transactions.begin(), winner.transactions.end(),
                                          [&](const AppTransaction& transaction) {
                                            return transaction.app_id == ours.app_id;
                                          });
  deeds.protocol = winner.protocol;
  deeds.metadata = winner.metadata;
  deeds.added_rows = winner.adds_rows;
  for (const auto& path : winner.removed) {
    const bool is_ours = std::binary_search(ours.removed.begin(), ours.removed.end(), path);
    deeds.took_ours = deeds.took_ours || is_ours;
    deeds.took_others = deeds.took_others || !is_ours;
  }
  return deeds;
}

bool MindsAddedRows(const OurCommit& ours, const CommitEntry& winner) {
  switch (ours.operation) {
    case Operation::kAppend:
    case Operation::kOptimize:
    case Operation::kAlter:
      return false;
    case Operation::kChange:
      return !(ours.write_serializable && winner.blind_append);
    case Operation::kCreate:
    case Operation::kOverwrite:
    case Operation::kReplace:
    case Operation::kConstrain:
    case Operation::kRestore:
      return true;
  }
  return true;
}

bool MindsFilesTakenElsewhere(Operation operation) {
  return operation == Operation::kOverwrite || operation == Operation::kRestore;
}

std::optional<ConflictKind> Judge(const OurCommit& ours, const CommitEntry& winner) {
  if (ours.operation == Operation::kCreate) return ConflictKind::kTableCreated;
  const Deeds deeds = DeedsOf(winner, ours);
  if (deeds.same_application) return ConflictKind::kSameApplication;
  if (deeds.protocol) return ConflictKind::kProtocolChanged;
  if (deeds.metadata) return ConflictKind::kMetadataChanged;
  const bool took =
      deeds.took_ours || (deeds.took_others && MindsFilesTakenElsewhere(ours.operation));
  if (took) return ConflictKind::kRowsChanged;
  if (deeds.added_rows && MindsAddedRows(ours, winner)) return ConflictKind::kRowsAppended;
  return std::nullopt;
}

// Gravest first.
std::size_t Gravity(ConflictKind kind) {
  static constexpr std::array kOrder = {
      ConflictKind::kTableCreated,    ConflictKind::kSameApplication,
      ConflictKind::kProtocolChanged, ConflictKind::kMetadataChanged,
      ConflictKind::kRowsChanged,     ConflictKind::kRowsAppended,
  };
  return static_cast<std::size_t>(std::find(kOrder.begin(), kOrder.end(), kind) - kOrder.begin());
}

}  // namespace

std::string_view ConflictKindName(ConflictKind kind) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "expected_version", "table_created", "protocol_changed", "metadata_changed",
      "same_application", "rows_changed",  "rows_appended",    "retries_exhausted"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::optional<ConflictKind> JudgeConflict(const OurCommit& ours,
                                          std::span<const CommitEntry> winners) {
  std::optional<ConflictKind> gravest;
  for (const auto& winner : winners) {
    const auto kind = Judge(ours, winner);
    if (kind && (!gravest || Gravity(*kind) < Gravity(*gravest))) gravest = kind;
  }
  return gravest;
}

}  // namespace lakegate::delta
