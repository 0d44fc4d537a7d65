// count and coverage: answers about all overlapping right spans that need none of the pairs.
#ifndef LAKEGATE_KERNELS_COVER_H_
#define LAKEGATE_KERNELS_COVER_H_

#include <cstdint>
#include <vector>

#include "kernels/spans.h"
#include "kernels/work.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// How many right spans overlap each left row: those that start before its end, less those
// that end at or before its start. The right side has no empty spans, nor has the left.
Result<std::vector<std::int64_t>> CountOverlaps(const SideSpans& left, const RightSpans& right,
                                                const CancelToken& cancel);

// How many positions of each left row at least one right span covers.
Result<std::vector<std::uint64_t>> CoveredLengths(const SideSpans& left, const RightSpans& right,
                                                  const CancelToken& cancel);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_COVER_H_
