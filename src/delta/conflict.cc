#include "delta/conflict.h"

#include <algorithm>
#include <array>

namespace lakegate::delta {

namespace {

// What one winner did, worst for us first.
enum class Deed : std::uint8_t {
  kSameApplication,
  kChangedProtocol,
  kChangedMetadata,
  kChangedRows,
  kAppended,
  kNothing,  // a bare transaction, a commitInfo
};

Deed DeedOf(const CommitEntry& winner, std::string_view app_id) {
  const bool same_app =
      !app_id.empty() &&
      std::any_of(winner.transactions.begin(), winner.transactions.end(),
                  [&](const AppTransaction& transaction) { return transaction.app_id == app_id; });
  if (same_app) return Deed::kSameApplication;
  if (winner.protocol) return Deed::kChangedProtocol;
  if (winner.metadata) return Deed::kChangedMetadata;
  if (winner.removes > 0 || (winner.adds > 0 && !winner.data_change)) return Deed::kChangedRows;
  if (winner.adds > 0 || winner.data_change) return Deed::kAppended;
  return Deed::kNothing;
}

// Rows of the table in the header: what each deed means for an operation that read rows.
std::optional<ConflictKind> ForReader(Deed deed) {
  switch (deed) {
    case Deed::kSameApplication:
      return ConflictKind::kSameApplication;
    case Deed::kChangedProtocol:
      return ConflictKind::kProtocolChanged;
    case Deed::kChangedMetadata:
      return ConflictKind::kMetadataChanged;
    case Deed::kChangedRows:
      return ConflictKind::kRowsChanged;
    case Deed::kAppended:
      return ConflictKind::kRowsAppended;
    case Deed::kNothing:
      return std::nullopt;
  }
  return ConflictKind::kRowsChanged;
}

std::optional<ConflictKind> Judge(Operation ours, Deed deed) {
  if (ours == Operation::kCreate) return ConflictKind::kTableCreated;
  const bool rows_alone = deed == Deed::kChangedRows || deed == Deed::kAppended;
  if (ours == Operation::kAppend && rows_alone) return std::nullopt;
  return ForReader(deed);
}

}  // namespace

std::string_view ConflictKindName(ConflictKind kind) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "expected_version", "table_created", "protocol_changed", "metadata_changed",
      "same_application", "rows_changed",  "rows_appended",    "retries_exhausted"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::optional<ConflictKind> JudgeConflict(Operation ours, std::string_view app_id,
                                          std::span<const CommitEntry> winners) {
  std::optional<Deed> worst;
  for (const auto& winner : winners) {
    const Deed deed = DeedOf(winner, app_id);
    if (!Judge(ours, deed)) continue;
    worst = worst ? std::min(*worst, deed) : deed;
  }
  return worst ? Judge(ours, *worst) : std::nullopt;
}

}  // namespace lakegate::delta
