// Rows deleted without writing their files again: marked in deletion vectors.
#ifndef LAKEGATE_WRITE_MARK_ROWS_H_
#define LAKEGATE_WRITE_MARK_ROWS_H_

#include <string_view>
#include <vector>

#include "delta/action.h"
#include "delta/snapshot.h"
#include "write/table_change.h"
#include "write/table_rows.h"

namespace lakegate::write {

// Whether the table wants its rows deleted so ("delta.enableDeletionVectors").
bool MarksRows(const delta::Snapshot& base);

// Marks rows of `files`. `sql`, a text over these files alone, gives every row of them in the order
// of the scan: TableRows::file_column(), `__lakegate_row`, and whether the row goes. Holds the
// marks of one file at a time.
Status MarkRows(TableRows& rows, const delta::Snapshot& base,
                const std::vector<delta::AddFile>& files, std::string_view sql,
                TableChange* change);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_MARK_ROWS_H_
