// explode_list: one row for each element of a list.
//
// A list column may be list, large list, fixed-size list, list view or large list view, of
// any element type. Several are exploded side by side when each row's lists are of one
// length (a null list counts as length 0).
//
// It streams: an input batch is read, exploded and forgotten. Method: where a batch drops and
// repeats nothing the child array is the output, as a slice; otherwise elements are gathered.
// Parents are gathered by row number. O(rows + elements).
#ifndef LAKEGATE_EXPLODE_LIST_H_
#define LAKEGATE_EXPLODE_LIST_H_

#include <string>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/export.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate {

struct ExplodeListOptions {
  // The list columns; at least one.
  std::vector<std::string> lists = {};

  // What their elements are called; empty: as the list columns. Else one for each.
  std::vector<std::string> values = {};

  // Columns repeated for each element, in output order. Empty: every column that is no list
  // of `lists`, in input order.
  std::vector<std::string> parents = {};

  // Adds an int64 column of this name with the element's place in its list, from 0; null on a
  // row that `keep_empty` made. Empty: none.
  std::string index = {};

  // A null list and an empty list give one row with a null element and a null index, instead
  // of no row.
  bool keep_empty = false;

  // kInvalidArgument: no lists, an empty name, a column named twice or as list and as parent,
  // names of another number than lists.
  LAKEGATE_EXPORT Status Validate() const;
};

// Output: parents, the index where asked, then the values; in input order, then in list
// order. Parent fields keep everything; a value field has the list's name (or its own of
// `values`), the element's type and metadata, and is nullable where the elements are or
// `keep_empty` is set. Schema metadata is kept; the ordering claim is the input's as far as
// its leading keys are parents (`implicit` without one).
//
// Errors: kInvalidArgument (an option; two output columns of one name; lists of different
// lengths in a row: the message names it), kNotFound (a column; the message lists the columns
// there are), kSchemaMismatch (a column that is no list), kCorruptData (a malformed batch),
// kResourceLimit, kCancelled, and whatever the input stream fails with.
LAKEGATE_EXPORT Result<ArrowStream> ExplodeList(ArrowStream input,
                                                const ExplodeListOptions& options,
                                                const KernelContext& context);

}  // namespace lakegate

#endif  // LAKEGATE_EXPLODE_LIST_H_
