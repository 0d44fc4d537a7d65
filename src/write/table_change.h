// One change of a table that exists, from its staged files to its one commit.
//
// Staged files are held to the table's constraints and written as the policy for the table says.
// Destroying a change that did not land removes what it staged.
#ifndef LAKEGATE_WRITE_TABLE_CHANGE_H_
#define LAKEGATE_WRITE_TABLE_CHANGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "delta/action.h"
#include "delta/commit.h"
#include "delta/log.h"
#include "lakegate/arrow.h"
#include "write/context.h"
#include "write/land.h"
#include "write/stage_delta.h"

namespace lakegate::write {

class TableChange {
 public:
  // Borrows log, base and context, which outlive it.
  TableChange(delta::Log& log, const delta::Snapshot& base, WriteContext& context);
  TableChange(const TableChange&) = delete;
  TableChange& operator=(const TableChange&) = delete;
  ~TableChange();

  // Rows the commit adds; their columns are the table's.
  Status Stage(ArrowStream rows);
  // Rows that the table has, in files of another size; they are held to nothing again.
  Status StageAgain(ArrowStream rows, std::int64_t target_file_bytes);
  // Rows of the change data feed: the table's columns and `_change_type`.
  Status StageChanges(ArrowStream rows);
  // `rows_go`: false where staged files hold its rows.
  Status Remove(const delta::AddFile& file, bool rows_go = true);
  // A file stays, with more of its rows deleted: `vector` is its deletion vector, as JSON.
  Status Mark(const delta::AddFile& file, const std::string& vector);
  // A file below the table that only this change names.
  void Own(std::string path) { staged_.push_back(std::move(path)); }
  // Any other action, as JSON.
  void AddAction(std::string action);
  // A file of an earlier version that comes back.
  Status AddAgain(const delta::AddFile& file);

  // The actions gathered so far, for a commit that is made elsewhere; their files stay.
  std::vector<std::string> TakeActions();

  std::int64_t staged_rows() const { return staged_rows_; }
  std::int64_t files_added() const { return files_added_; }
  std::int64_t files_removed() const {
    return static_cast<std::int64_t>(removed_.size()) - files_marked_;
  }
  std::int64_t files_marked() const { return files_marked_; }
  bool empty() const { return actions_.empty(); }

  // `request` says what the commit is; its actions are the ones gathered here. A lost race is
  // run again on the new head where delta/conflict.h allows it.
  Result<Landed> Commit(delta::CommitRequest request);

 private:
  Result<StagedFiles> StageAs(ArrowStream rows, const ArrowSchema& schema,
                              const std::string& schema_string, const std::string& folder,
                              std::int64_t target_file_bytes = 0);
  Status CheckHead(const delta::Snapshot& head) const;

  delta::Log& log_;
  const delta::Snapshot& base_;
  WriteContext& context_;
  std::vector<std::string> actions_;
  std::vector<std::string> staged_;  // paths in the log
  std::vector<std::string> removed_;
  std::int64_t staged_rows_ = 0;
  std::int64_t files_added_ = 0;
  std::int64_t files_marked_ = 0;
};

// kUnsupported for a table whose rows this build cannot change, or may not: deletion of rows from
// an append-only table among them.
Status CheckChangeable(const delta::Snapshot& base, const std::string& path);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_TABLE_CHANGE_H_
