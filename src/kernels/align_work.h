// Everything one call of interval_align works on: made by interval_align.cc, kept alive by the
// output stream.
#ifndef LAKEGATE_KERNELS_ALIGN_WORK_H_
#define LAKEGATE_KERNELS_ALIGN_WORK_H_

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "columnar/gather.h"
#include "kernels/match_source.h"
#include "kernels/spans.h"
#include "lakegate/interval_align.h"
#include "lakegate/kernel.h"

namespace lakegate::kernels {

// The caller's score of each right row as reported.
struct ReportedScores {
  std::vector<double> value;
  std::vector<bool> valid;
};

struct AlignWork {
  KernelContext context;
  IntervalAlignOptions options;
  columnar::Collected left;
  columnar::Collected right;
  SideSpans left_spans;
  RightSpans right_spans;
  // Whether key and span of a left row count; an empty span in an overlap mode does, though
  // it has no group.
  std::vector<bool> left_counts;
  ReportedScores scores;  // empty without a score column
};

// NO_MATCH, NO_KEY_OR_SPAN and the mode's own word, in this order.
enum MatchKind : std::uint8_t { kKindNone = 0, kKindInvalid = 1, kKindMatched = 2 };
std::vector<std::string_view> MatchKindWords(AlignMode mode);

// The output's schema by mode and how.
OwnedSchema AlignedSchema(const ArrowSchema& left, const ArrowSchema& right,
                          const IntervalAlignOptions& options);

// inner and left, in the modes that give pairs.
Result<ArrowStream> PairStream(std::unique_ptr<AlignWork> work, OwnedSchema schema);
// semi and anti in every mode; count and coverage.
Result<ArrowStream> LeftRowStream(std::unique_ptr<AlignWork> work, OwnedSchema schema);

// The source of the work's mode; borrows from the work.
MatchSourceResult MakeSource(const AlignWork& work);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ALIGN_WORK_H_
