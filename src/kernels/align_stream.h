// The output of an alignment: batches made of answers that are asked for as the reader pulls.
#ifndef LAKEGATE_KERNELS_ALIGN_STREAM_H_
#define LAKEGATE_KERNELS_ALIGN_STREAM_H_

#include <memory>
#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "kernels/align_answers.h"
#include "lakegate/interval_align.h"
#include "lakegate/kernel.h"

namespace lakegate::kernels {

// What an output is made of.
struct AlignOutput {
  AlignMode mode = AlignMode::kExact;
  JoinHow how = JoinHow::kInner;
  columnar::Collected left;
  columnar::Collected right;  // borrowed by the lister too
  std::unique_ptr<AlignLister> lister;

  bool GivesKind() const { return how == JoinHow::kInner || how == JoinHow::kLeft; }
  bool GivesPairs() const {
    return GivesKind() && mode != AlignMode::kCount && mode != AlignMode::kCoverage;
  }
};

// The schema of a mode's output. kInvalidArgument: names that no suffix tells apart.
Result<OwnedSchema> AlignedSchema(const ArrowSchema& left, const ArrowSchema& right,
                                  const IntervalAlignOptions& options);

// Left rows in order, each with its answers in theirs. kUnsupported (a format outside Arrow's
// specification).
Result<ArrowStream> AlignedRows(OwnedSchema schema, AlignOutput output,
                                const KernelContext& context);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ALIGN_STREAM_H_
