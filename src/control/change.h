// What every change of a table goes through: its head read, the work done on it, a lost race run
// again from the start where the rows must be looked at again.
#ifndef LAKEGATE_CONTROL_CHANGE_H_
#define LAKEGATE_CONTROL_CHANGE_H_

#include <functional>
#include <string>
#include <string_view>

#include "delta/log.h"
#include "delta/snapshot.h"
#include "lakegate/delta_table.h"
#include "write/context.h"
#include "write/table_change.h"

namespace lakegate::control {

// One call of the control plane; everything is borrowed for it.
struct Call {
  const std::string& path;
  const ChangeOptions& options;
  write::WriteContext& context;
};

// What a piece of work may look at, and the receipt it fills.
struct Attempt {
  delta::Log& log;
  const delta::Snapshot& head;
  const Call& call;
  ChangeReceipt& receipt;
};

using Work = std::function<Status(const Attempt&)>;

// kNotFound where there is no table, kCommitConflict for another head than expected.
Result<ChangeReceipt> RunChange(std::string_view operation, const Call& call, const Work& work);

// Nothing was to be done, and the receipt says why.
Status Nothing(const Attempt& attempt, std::string_view reason);

// Brings the change into the log, unless it is a dry run or empty; fills the receipt.
Status Land(const Attempt& attempt, write::TableChange& change, delta::CommitRequest request);

// Files into the receipt, the first thousand of them.
void ListFile(const std::string& path, ChangeReceipt* receipt);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_CHANGE_H_
