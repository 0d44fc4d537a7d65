// A table transaction brought to its end: what was committed in an engine that alone sees it
// becomes one entry of the table's log, or nothing.
#ifndef LAKEGATE_CONTROL_TRANSACTION_H_
#define LAKEGATE_CONTROL_TRANSACTION_H_

#include <memory>
#include <optional>
#include <string>

#include "delta/snapshot.h"
#include "engine/engine.h"
#include "lakegate/delta_table.h"
#include "write/context.h"

namespace lakegate::control {

struct Transaction {
  std::string path;
  // The version it began on; nothing where there was no table.
  std::optional<delta::Snapshot> base = {};
  // Engine::Overlay on that version.
  std::shared_ptr<const engine::Engine> engine = {};
  // Whether rows of the table were looked at: new ones would have been among them.
  bool read = false;
};

// `context` is that of the world outside. A lost race is run again with the same files where
// delta/conflict.h allows it, otherwise kCommitConflict. kUnsupported for two application
// transactions in one. Nothing is left behind when it fails for certain.
Result<ChangeReceipt> CommitTransaction(const Transaction& transaction,
                                        const ChangeOptions& options, write::WriteContext& context);

// Removes the files that were staged for it.
void AbandonTransaction(const Transaction& transaction, write::WriteContext& context);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_TRANSACTION_H_
