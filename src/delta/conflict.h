// Whether a commit still holds after others won the race: a table over pairs of operations.
//
// Ours          | our files taken | rows added | files taken elsewhere | nothing
// --------------+-----------------+------------+-----------------------+---------
// append        | -               | again      | again                 | again
// create        | conflict        | conflict   | conflict              | conflict
// overwrite     | conflict        | conflict   | conflict              | again
// replace       | conflict        | conflict   | again                 | again
// change        | conflict        | conflict*  | again                 | again
// optimize      | conflict        | again      | again                 | again
// alter         | conflict        | again      | again                 | again
// constrain     | conflict        | conflict   | again                 | again
// restore       | conflict        | conflict   | conflict              | again
//
// A winner that recorded our application id, or changed protocol or metadata, is a conflict for
// every operation. An update adds rows and takes files; a compaction only takes files, because
// the rows it adds were there. A change reads every row its condition might meet, so that new
// rows are a conflict (*), unless the table's isolation is WriteSerializable and the winner a
// blind append, which then comes after it. "Again" means that the same staged files are
// committed on the new head, after schema and constraints were looked at again.
//
// The engine's own rebase is not used: it duplicates or revives rows in several of these pairs.
#ifndef LAKEGATE_DELTA_CONFLICT_H_
#define LAKEGATE_DELTA_CONFLICT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "delta/commit_entry.h"

namespace lakegate::delta {

enum class Operation : std::uint8_t {
  kAppend,
  kCreate,
  kOverwrite,  // all rows
  kReplace,    // the rows of partitions, or those that meet a condition
  kChange,     // DELETE, UPDATE, MERGE
  kOptimize,
  kAlter,      // properties, features, a constraint dropped
  kConstrain,  // a constraint added: every row was looked at
  kRestore,
};

enum class ConflictKind : std::uint8_t {
  kExpectedVersion,  // the caller asked for another head
  kTableCreated,     // somebody created the table first
  kProtocolChanged,
  kMetadataChanged,
  kSameApplication,  // the winner recorded our application id
  kRowsChanged,      // the winner took files that our operation read
  kRowsAppended,     // the winner added rows that our operation would have read
  kRetriesExhausted,
};
std::string_view ConflictKindName(ConflictKind kind);

// What must be known of a commit to judge it.
struct OurCommit {
  Operation operation = Operation::kAppend;
  std::string_view app_id = {};
  // Paths of the files it takes away, sorted.
  std::span<const std::string> removed = {};
  // The table lets a change go before blind appends that won ("delta.isolationLevel").
  bool write_serializable = false;
};

// Nothing: the same commit may be tried on the new head. Otherwise the gravest reason: our
// application first, then protocol, metadata, files taken, rows added.
std::optional<ConflictKind> JudgeConflict(const OurCommit& ours,
                                          std::span<const CommitEntry> winners);

}  // namespace lakegate::delta

#endif  // LAKEGATE_DELTA_CONFLICT_H_
