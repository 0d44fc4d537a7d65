// A clause of `lakegate delta merge`, as it is written on the command line:
//
//   matched [and CONDITION] then update [set COLUMN = EXPRESSION; …]
//   matched [and CONDITION] then delete
//   not matched [and CONDITION] then insert [set COLUMN = EXPRESSION; …]
//   not matched by source [and CONDITION] then delete | update set …
#ifndef LAKEGATE_CLI_MERGE_CLAUSE_H_
#define LAKEGATE_CLI_MERGE_CLAUSE_H_

#include <string_view>

#include "lakegate/delta_table.h"

namespace lakegate::cli {

// kInvalidArgument, with the form that was expected.
Result<MergeClause> ParseMergeClause(std::string_view text);

}  // namespace lakegate::cli

#endif  // LAKEGATE_CLI_MERGE_CLAUSE_H_
