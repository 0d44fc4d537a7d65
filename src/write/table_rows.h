// The rows of one version of a table, asked by SQL: which files hold rows that meet a condition,
// and the rows of some files.
//
// Texts read it with From(); conditions are SQL expressions over its columns, judged by the
// caller, and NULL is not met. Rows come in the order of the files, so that equal versions give
// equal streams.
#ifndef LAKEGATE_WRITE_TABLE_ROWS_H_
#define LAKEGATE_WRITE_TABLE_ROWS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delta/action.h"
#include "delta/log.h"
#include "delta/snapshot.h"
#include "engine/statement.h"
#include "write/context.h"

namespace lakegate::write {

struct MatchedFile {
  delta::AddFile file;
  std::int64_t rows = 0;  // that meet the condition
};

struct Matches {
  std::vector<MatchedFile> files = {};  // by path
  std::int64_t rows = 0;
  // The largest value of each further column that a text gave.
  std::vector<std::int64_t> most = {};

  // Files of which some rows meet the condition and some do not.
  std::vector<delta::AddFile> PartlyMatched() const;
};

class TableRows {
 public:
  // What else a text may name, put into its session.
  using MoreTables = std::function<Status(engine::EngineSession&)>;

  // Borrows log, base and context, which outlive it. `called` is what conditions may call the
  // table, an identifier (CheckIdentifier).
  TableRows(delta::Log& log, const delta::Snapshot& base, WriteContext& context,
            MoreTables more = {}, std::string called = "target");

  // The live files, by path.
  Result<std::vector<delta::AddFile>> Files();

  // `condition` may be empty: every row.
  Result<Matches> Find(std::string_view condition);
  // The same from any text that gives file_column(), a number of rows, and further integers.
  Result<Matches> MatchesOf(std::string_view sql);

  // The live file that file_column() tells of as `url`.
  Result<const delta::AddFile*> FileOf(std::string_view url);

  // kInvalidArgument where a text calls what answers otherwise each time (random(), uuid()): a
  // change asks its conditions more than once, and the new values too where it tells a feed.
  Status CheckStable(std::string_view sql);

  // The stream of a text over the rows of `files`, or of all files.
  Result<ArrowStream> Query(std::string_view sql, const std::vector<delta::AddFile>* files);

  // "FROM the table, called so".
  const std::string& From() const { return from_; }
  // The same with `__lakegate_row`, which numbers the rows from 1 in the order of the scan.
  const std::string& NumberedFrom() const { return numbered_from_; }
  // The column that tells a row's file, as it is written in a text.
  const std::string& file_column() const { return quoted_file_column_; }
  // The table's own columns as a text lists them.
  std::string Columns() const;

 private:
  Result<engine::Plan> PlanOf(std::string_view sql, const std::vector<delta::AddFile>* files);

  delta::Log& log_;
  const delta::Snapshot& base_;
  WriteContext& context_;
  MoreTables more_;
  std::string from_;
  std::string numbered_from_;
  std::string file_column_;
  std::string quoted_file_column_;
  std::optional<std::vector<delta::AddFile>> files_;
  std::map<std::string, const delta::AddFile*> by_name_;  // into files_, once it is read
};

// A name that a text may hold as it is: letters, digits and '_', or anything in double quotes.
// kInvalidArgument for anything else.
Status CheckIdentifier(std::string_view text);

// "(condition)" so that whatever follows is no part of it.
std::string Enclosed(std::string_view condition);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_TABLE_ROWS_H_
