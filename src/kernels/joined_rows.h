// The output of a join in which a left row has at most one partner.
#ifndef LAKEGATE_KERNELS_JOINED_ROWS_H_
#define LAKEGATE_KERNELS_JOINED_ROWS_H_

#include <string_view>

#include "columnar/collected.h"
#include "columnar/scratch.h"
#include "kernels/work.h"
#include "lakegate/arrow.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// Whether right columns come out.
inline bool GivesRight(JoinHow how) { return how == JoinHow::kInner || how == JoinHow::kLeft; }

// `match[i]` is the right row of left row i, or kNoRow. Left rows come in order; those that
// `how` does not want are left out. `schema` has the left columns, and the right ones where
// GivesRight.
Result<ArrowStream> JoinedRows(OwnedSchema schema, columnar::Collected left,
                               columnar::Collected right, columnar::Scratch<Row> match, JoinHow how,
                               const KernelContext& context, std::string_view kernel);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_JOINED_ROWS_H_
