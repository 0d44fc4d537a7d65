// Whether a commit still holds after others won the race: a table over pairs of operations.
//
// Ours          | winner appended | removed or rewrote | metadata | protocol | our app id
// --------------+-----------------+--------------------+----------+----------+------------
// append        | again           | again              | conflict | conflict | conflict
// create        | conflict        | conflict           | conflict | conflict | conflict
// overwrite     | conflict        | conflict           | conflict | conflict | conflict
// optimize      | conflict        | conflict           | conflict | conflict | conflict
//
// An append reads nothing, so it may follow any change of rows; it is checked again against the
// new head and the same staged files are committed. Everything else read the files it replaces.
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

enum class Operation : std::uint8_t { kAppend, kCreate, kOverwrite, kOptimize };

enum class ConflictKind : std::uint8_t {
  kExpectedVersion,  // the caller asked for another head
  kTableCreated,     // somebody created the table first
  kProtocolChanged,
  kMetadataChanged,
  kSameApplication,  // the winner recorded our application id
  kRowsChanged,      // the winner changed rows that our operation read
  kRowsAppended,     // the winner appended rows that our operation would have read
  kRetriesExhausted,
};
std::string_view ConflictKindName(ConflictKind kind);

// Nothing: the same commit may be tried on the new head. Otherwise the gravest reason: our
// application first, then protocol, metadata, rows changed, rows appended.
std::optional<ConflictKind> JudgeConflict(Operation ours, std::string_view app_id,
                                          std::span<const CommitEntry> winners);

}  // namespace lakegate::delta

#endif  // LAKEGATE_DELTA_CONFLICT_H_
