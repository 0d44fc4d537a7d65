// Staged files brought into the log, or removed again.
#ifndef LAKEGATE_WRITE_LAND_H_
#define LAKEGATE_WRITE_LAND_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "delta/commit.h"
#include "delta/log.h"
#include "write/context.h"

namespace lakegate::write {

struct Landed {
  std::int64_t version = -1;
  // The application transaction was there already, at that version; nothing of ours is.
  bool already_applied = false;
  std::int64_t retries = 0;
};

// One commit brought to its end (delta/commit.h). `staged` are the files that only this commit
// names, by their paths in the log: they are removed as soon as it is certain that it did not
// land, and stay when that is not known (kCommitUnknown). `retries` is how often a lost race may
// be run again; `recheck` says whether a new head still takes the commit.
Result<Landed> Land(delta::Log& log, std::optional<delta::Snapshot> base,
                    const delta::CommitRequest& request, const std::vector<std::string>& staged,
                    std::int64_t retries, WriteContext& context,
                    std::function<Status(const delta::Snapshot&)> recheck = {});

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_LAND_H_
