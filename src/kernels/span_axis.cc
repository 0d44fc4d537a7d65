#include "kernels/span_axis.h"

#include <algorithm>

#include "base/try.h"
#include "kernels/parallel.h"

namespace lakegate::kernels {
namespace {

Status MeasureRows(const SideSpans& right, std::size_t first, std::size_t last,
                   const CancelToken& cancel, std::vector<GroupExtent>* extents) {
  SpanBlock block;
  for (std::size_t at = first; at < last; at += SpanBlock::kRows) {
    if (StopAt(at - first, cancel)) return Cancelled("interval_align");
    const std::size_t count = std::min(SpanBlock::kRows, last - at);
    right.Read(at, count, &block);
    for (std::size_t i = 0; i < count; ++i) {
      if (block.group[i] == kNoRow) continue;
      (*extents)[block.group[i]].Add(block.start[i], block.end[i]);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<GroupExtent>> MeasureGroups(const SideSpans& right, std::size_t groups,
                                               const KernelContext& context) {
  // Each part of the rows fills extents of its own, which pays while groups are few.
  constexpr std::size_t kParts = 8;
  const bool pays = groups < right.rows() / (16 * kParts);
  const std::size_t parts = pays ? kParts : 1;
  const RowRanges ranges{right.rows(), right.rows() / parts + 1};
  std::vector<std::vector<GroupExtent>> found(std::max<std::size_t>(ranges.count(), 1));
  found.front().resize(groups);
  LG_RETURN_IF_ERROR(ParallelFor(context, ranges.count(), [&](std::size_t part) -> Status {
    found[part].resize(groups);
    return MeasureRows(right, ranges.first(part), ranges.last(part), context.cancel, &found[part]);
  }));
  for (std::size_t part = 1; part < found.size(); ++part) {
    for (std::size_t g = 0; g < groups; ++g) {
      const GroupExtent& extent = found[part][g];
      if (!extent.empty()) found.front()[g].Add(extent.low, extent.high);
    }
  }
  return std::move(found.front());
}

WidePosition AxisEnd(std::span<const GroupExtent> extents) {
  WidePosition end = 1;
  for (const GroupExtent& extent : extents) {
    if (!extent.empty()) end += WidePosition{LengthOf(extent.low, extent.high)} + 2;
  }
  return end;
}

}  // namespace lakegate::kernels
