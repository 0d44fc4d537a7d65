// One logical write, and the receipt it leaves.
//
// Delta: data, table creation, properties, constraints and the application transaction land in
// ONE commit, compare-and-swap on the version that was read. Files: written beside the target,
// fsynced, renamed; the old data stays until the new data is complete.
#ifndef LAKEGATE_WRITE_H_
#define LAKEGATE_WRITE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/dataset.h"
#include "lakegate/export.h"
#include "lakegate/result.h"

namespace lakegate {

enum class WriteMode {
  kError,      // the destination must not exist (kAlreadyExists)
  kAppend,     // Delta only; a file destination is kUnsupported and says to use delta
  kOverwrite,  // every row is replaced; earlier versions of a Delta table stay readable
  kIgnore,     // a destination that exists stays as it is, and nothing is read
  // Delta only. The partitions that the rows go to are replaced, the others stay.
  kOverwritePartitions,
  // Delta only. The rows that meet `replace_where` are replaced; the new ones must meet it.
  kReplaceWhere,
};

LAKEGATE_EXPORT std::string_view WriteModeName(WriteMode mode);
LAKEGATE_EXPORT Result<WriteMode> WriteModeFromText(std::string_view text);

// The application transaction of Delta: a version already recorded for `app_id` (or a later
// one) makes the write AlreadyApplied.
struct AppTransaction {
  std::string app_id;
  std::int64_t version = 0;
  bool operator==(const AppTransaction&) const = default;
};

// Care of a Delta table after the write; what is absent, the profile decides.
struct MaintenanceOptions {
  // Compact when small files pile up, by the profile's measures.
  std::optional<bool> optimize_small_files;
  // A checkpoint after this many versions; 0 is never.
  std::optional<std::int64_t> checkpoint_every;
  bool operator==(const MaintenanceOptions&) const = default;
};

enum class StatisticsMode { kOff, kAuto, kExplicit };

struct LAKEGATE_EXPORT WriteOptions {
  DatasetLocation destination;
  WriteMode mode = WriteMode::kError;
  // Of kReplaceWhere: a condition over the table's columns.
  std::string replace_where = {};
  std::vector<std::string> partition_by;
  // Columns that must not be null, and conditions; Delta stores both and they hold for later
  // writers. They are evaluated on the stream: a violation commits nothing.
  std::vector<std::string> not_null;
  std::vector<Check> checks;
  // Delta table properties ("delta.appendOnly" = "true"); a name Delta does not know is refused.
  std::map<std::string, std::string> properties;
  std::optional<AppTransaction> app_transaction;
  // Compare and swap: another head than this is kCommitConflict; nothing is retried.
  std::optional<std::int64_t> expected_version;
  // Format options by name; an option nobody reads is refused by name.
  std::map<std::string, std::string> options;
  // Which columns get min/max/null counts in the log: kAuto = partition, key and filter
  // columns first, then leading columns, at most `write.statistics_columns_max`.
  StatisticsMode statistics = StatisticsMode::kAuto;
  std::vector<std::string> statistics_columns;
  // Columns that readers look rows up by; kAuto statistics take them first.
  std::vector<std::string> key;
  MaintenanceOptions maintenance;
  std::string run_id;

  Status Validate() const;
};

// How a write ended, when it did not fail. A conflict is kCommitConflict, an unknown outcome
// that the log could not settle is kCommitUnknown: both are errors, not receipts.
struct Committed {
  // -1 for a destination without versions.
  std::int64_t version = -1;
};
// The application transaction was in the log already, at this table version; nothing was written.
struct AlreadyApplied {
  std::int64_t version = -1;
};
// An append of no rows that had nothing else to record, or a destination that mode "ignore" left
// as it was.
struct NothingToWrite {
  std::int64_t version = -1;
};
using WriteOutcome = std::variant<Committed, AlreadyApplied, NothingToWrite>;

// One thing that policy decided, and which level said so ("option", "dataset", "profile",
// "adaptive", "default").
struct PolicyDecision {
  std::string name;
  std::string value;
  std::string decided_by;
};

struct MaintenanceDecision {
  std::string action;  // "optimize", "checkpoint", "vacuum"
  bool done = false;
  std::string reason;  // a code: "not_configured", "below_threshold", "small_files", ...
  std::int64_t version = -1;
};

struct WriteReceipt {
  std::string destination;
  DataFormat format = DataFormat::kDelta;
  WriteMode mode = WriteMode::kError;
  WriteOutcome outcome;
  // As counted by the writer. `bytes` are bytes on disk.
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::vector<std::string> files;
  std::int64_t partitions = 0;
  std::vector<std::string> statistics_columns;
  std::vector<PolicyDecision> decisions;
  std::vector<MaintenanceDecision> maintenance;
  // BLAKE3 over the canonical encoding of the rows in the order written, in hex.
  std::string digest;
  std::string run_id;
  // Wall time of each phase: "plan", "stage", "commit", "maintain".
  std::map<std::string, std::int64_t> duration_ms;
  std::int64_t retries = 0;
};

// One JSON object; the shape is documented in docs/RECEIPT.md.
LAKEGATE_EXPORT std::string ReceiptToJson(const WriteReceipt& receipt);

}  // namespace lakegate

#endif  // LAKEGATE_WRITE_H_
