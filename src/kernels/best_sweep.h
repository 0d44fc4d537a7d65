// Best matches for left rows whose answer a short walk does not give.
//
// "left inside right", "right inside left" and the parts of "overlaps" are all of one form:
// right starts on one side of a bound, right ends on one side of another. A sweep in start
// order turns the first condition into time, a Fenwick tree over the ends keeps the best rank
// for the second: O((n + m) log m), whatever the shape of the spans.
#ifndef LAKEGATE_KERNELS_BEST_SWEEP_H_
#define LAKEGATE_KERNELS_BEST_SWEEP_H_

#include <vector>

#include "kernels/align_sides.h"
#include "kernels/work.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// A left row on the axis, and its best slot or kNoRow.
template <typename P>
struct SweptRow {
  Row row;
  Row slot;
  P start;
  P end;
};

// Fills in the slots of the rows, for contained, containing and overlap modes. kCancelled.
template <typename P>
Status SweepBest(const AlignSides<P>& sides, const KernelContext& context,
                 std::vector<SweptRow<P>>* rows);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_BEST_SWEEP_H_
