// Several writes and changes of ONE Delta table as one entry of its log.
//
//   auto transaction = session->Begin("lake/events");
//   transaction->session().Execute("DELETE FROM events WHERE day < '2026-01-01'");
//   transaction->session().Write("SELECT ...", {.destination = ..., .mode = WriteMode::kAppend});
//   auto receipt = transaction->Commit();
//
// Nobody else sees anything of it before `Commit` lands, and then everything at once. A table that
// does not exist may be made in one.
#ifndef LAKEGATE_TABLE_TRANSACTION_H_
#define LAKEGATE_TABLE_TRANSACTION_H_

#include <memory>
#include <string>

#include "lakegate/delta_table.h"
#include "lakegate/export.h"
#include "lakegate/result.h"

namespace lakegate {

class Session;

// Threads: one at a time; streams of its session may be read from others. May outlive the session
// that it came from. A transaction that is dropped is abandoned.
class LAKEGATE_EXPORT TableTransaction {
 public:
  TableTransaction(TableTransaction&&) noexcept;
  TableTransaction& operator=(TableTransaction&&) noexcept;
  ~TableTransaction();

  const std::string& path() const;

  // The inside of the transaction: the names of the session it came from, as they were then. What
  // it reads of the table has the changes in it. kInvalidArgument for writing anything else;
  // kUnsupported for checkpoints, vacuum and log clean-up.
  Session& session();

  // Judged against what others committed meanwhile as the strictest of its parts would be, and as
  // a change of rows where the table was read: committed with the same files where that is sound,
  // else kCommitConflict, after which it may be begun again. However it ends, it is over, and
  // nothing is left behind; only after kCommitUnknown files stay. `options`: expected_version,
  // dry_run (tells, and stays open), run_id, cancel.
  Result<ChangeReceipt> Commit(const ChangeOptions& options = {});
  // Nothing happened. Also for one that is over.
  void Abandon();

 private:
  friend class Session;
  class Impl;
  explicit TableTransaction(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lakegate

#endif  // LAKEGATE_TABLE_TRANSACTION_H_
