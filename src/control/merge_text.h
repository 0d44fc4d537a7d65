// The SQL texts of a MERGE.
#ifndef LAKEGATE_CONTROL_MERGE_TEXT_H_
#define LAKEGATE_CONTROL_MERGE_TEXT_H_

#include <string>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/delta_table.h"
#include "lakegate/result.h"

namespace lakegate::control {

class MergeText {
 public:
  // Checks the clauses against both schemas: kInvalidArgument, kNotFound, kSchemaMismatch.
  // `file_column` is the quoted column of `target` that tells a row's file.
  static Result<MergeText> Make(const ArrowSchema& table, const ArrowSchema& source,
                                const MergeOptions& merge, std::string file_column);

  bool changes_rows() const;  // whether any clause changes or removes rows of the table
  bool inserts() const;
  // Whether several source rows may want one row of the table: all they can do is remove it.
  bool allows_many() const;

  // Every condition, over both sides: what must answer the same each time.
  std::string Conditions() const;
  // For each file with rows that a clause changes: the file, how many, the most source rows that
  // want one of its rows, and the most that match one, wanted or not.
  std::string Touched() const;
  // A row of the table that several source rows want, as "column=value, ..."; one row at most.
  std::string Contested() const;
  // What the files of `target` hold afterwards. With `many` a row of the table may match several
  // source rows, of which at most one wants it.
  std::string Rewritten(bool many) const;
  // The same for a table whose rows are marked: the rows that are others now, and for every row of
  // `target` its file, `__lakegate_row` and whether it goes, ordered by the second.
  std::string Updated(bool many) const;
  std::string Gone(bool many) const;
  // The rows of the source that are new.
  std::string Inserted() const;
  // The change data feed of the rewritten files, and of the new rows.
  std::string RewrittenFeed(bool many) const;
  std::string InsertedFeed() const;

 private:
  MergeText() = default;
  enum class Rows { kAll, kMatched };
  Rows RowsWanted() const;
  std::string Joined(Rows rows) const;
  std::string Reduced(bool many) const;
  std::string OperationOf() const;
  std::string NumbersOf(MergeThen then) const;
  std::string ColumnsAfter() const;
  std::string NewColumns() const;
  std::string NewRows() const;

  std::vector<std::string> columns_;  // of the table
  std::vector<std::string> key_;      // of the table's columns, those that `on` names
  MergeOptions merge_;                // every clause with its `set` filled in
  std::string file_column_;
};

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_MERGE_TEXT_H_
