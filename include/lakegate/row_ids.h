// row_ids: gives each row an id made of its values.
//
// Equal values give equal ids, whatever carried them: integers of any width, strings plain,
// large, view or dictionary, -0 and +0, one NaN. Different lists of values give different
// encodings, nulls included, and there is no separator to trick. The encoding is that of
// stable ids everywhere in the library, so ids agree on every machine, for ever.
//
// It streams: batches pass through and gain a column. Method: rows are encoded block by block
// in cache; XXH3-128 (xxHash 0.8), or BLAKE3-256 with as many short rows side by side as the
// processor has vector lanes.
#ifndef LAKEGATE_ROW_IDS_H_
#define LAKEGATE_ROW_IDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/export.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate {

enum class RowIdMethod {
  kXxh3,    // 16 bytes; fast, for keys: an adversary can find collisions
  kBlake3,  // 32 bytes; for anything that must resist one
};

struct RowIdsOptions {
  // The columns that make the id, in this order; none: all, in input order.
  std::vector<std::string> columns = {};

  RowIdMethod method = RowIdMethod::kXxh3;

  // The added column.
  std::string id = "row_id";

  // kInvalidArgument: an empty name, a column named twice.
  LAKEGATE_EXPORT Status Validate() const;
};

// "xxh3", "blake3". An unknown word is kInvalidArgument; the message lists the allowed ones.
LAKEGATE_EXPORT std::string_view RowIdMethodText(RowIdMethod method);
LAKEGATE_EXPORT Result<RowIdMethod> RowIdMethodFromText(std::string_view text);

// Output: the input's columns as they are, then the id: binary, never null. Row order and
// ordering claim are the input's.
//
// Errors: kInvalidArgument (an option; a column that has the id's name), kNotFound (a column;
// the message lists the columns there are), kUnsupported (a union column), kCorruptData (a
// malformed batch), kResourceLimit, kCancelled, and whatever the input stream fails with.
LAKEGATE_EXPORT Result<ArrowStream> RowIds(ArrowStream input, const RowIdsOptions& options,
                                           const KernelContext& context);

}  // namespace lakegate

#endif  // LAKEGATE_ROW_IDS_H_
