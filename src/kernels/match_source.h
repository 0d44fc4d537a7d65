// Where the right partners of a left row come from: one implementation for each family of
// modes, made once for both sides, asked left row by left row in order.
#ifndef LAKEGATE_KERNELS_MATCH_SOURCE_H_
#define LAKEGATE_KERNELS_MATCH_SOURCE_H_

#include <memory>
#include <vector>

#include "kernels/spans.h"
#include "kernels/work.h"
#include "lakegate/interval_align.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

class MatchSource {
 public:
  virtual ~MatchSource() = default;
  // Appends the slots that match `left_row`, best first. kCancelled.
  virtual Status Find(Row left_row, std::vector<Row>* slots) = 0;
};

// Sources borrow both sides.
using MatchSourceResult = Result<std::unique_ptr<MatchSource>>;

// exact, contained_best, containing_best, overlap_best (best_match.cc): sweeps made at once.
MatchSourceResult BestMatches(const SideSpans& left, const RightSpans& right, AlignMode mode,
                              const CancelToken& cancel);

// overlap_all, contained_all (all_matches.cc): a walk for each left row.
MatchSourceResult AllMatches(const SideSpans& left, const RightSpans& right, AlignMode mode,
                             const CancelToken& cancel);

// nearest (nearest_matches.cc).
MatchSourceResult NearestMatches(const SideSpans& left, const RightSpans& right, std::int64_t k,
                                 const CancelToken& cancel);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_MATCH_SOURCE_H_
