// Both sides of an alignment on one axis: the right one in order, the left one as it comes,
// read in blocks.
#ifndef LAKEGATE_KERNELS_ALIGN_SIDES_H_
#define LAKEGATE_KERNELS_ALIGN_SIDES_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/right_side.h"
#include "kernels/span_axis.h"
#include "kernels/span_columns.h"
#include "kernels/work.h"
#include "lakegate/interval_align.h"
#include "lakegate/kernel.h"

namespace lakegate::kernels {

// Left rows [first, first + count). Rows that can have no match stand at position 0, where no
// right span is.
template <typename P>
struct LeftBlock {
  std::size_t first = 0;
  std::size_t count = 0;
  SpanBlock spans;
  std::array<P, SpanBlock::kRows> start;
  std::array<P, SpanBlock::kRows> end;

  // Whether key and span count; an empty span in an overlap mode does.
  bool Counts(std::size_t i) const { return spans.group[i] != kNoRow; }
};

template <typename P>
struct AlignSides {
  AlignMode mode = AlignMode::kExact;
  bool drops_empty = false;  // empty spans match nothing in this mode
  SideSpans left;
  SpanAxis<P> axis;
  RightSide<P> right;

  void ReadLeft(std::size_t first, std::size_t count, LeftBlock<P>* block) const {
    block->first = first;
    block->count = count;
    left.Read(first, count, &block->spans);
    const SpanBlock& spans = block->spans;
    for (std::size_t i = 0; i < count; ++i) {
      const Row group = spans.group[i];
      const bool matches = group != kNoRow && !(drops_empty && spans.start[i] == spans.end[i]);
      block->start[i] = matches ? axis.OfLeft(group, spans.start[i]) : P{0};
      block->end[i] = matches ? axis.OfLeft(group, spans.end[i]) : P{0};
    }
  }
};

// Calls body(block) for the blocks of left rows [first, last), until it gives a status that is
// not ok.
template <typename P, typename Body>
Status ForLeftBlocks(const AlignSides<P>& sides, std::size_t first, std::size_t last, Body body) {
  LeftBlock<P> block;
  for (std::size_t at = first; at < last; at += SpanBlock::kRows) {
    sides.ReadLeft(at, std::min(SpanBlock::kRows, last - at), &block);
    if (auto done = body(block); !done) return done;
  }
  return {};
}

// The score a pair is reported with, unless the caller named a column.
template <typename P>
double ScoreOf(const AlignSides<P>& sides, P left_start, P left_end, Row slot) {
  // Never the negative zero, which would print and hash differently.
  const auto minus = [](std::uint64_t length) {
    return length == 0 ? 0.0 : -static_cast<double>(length);
  };
  const Slot<P>& right = sides.right.slot(slot);
  switch (sides.mode) {
    case AlignMode::kContainedBest:
    case AlignMode::kContainedAll:
    case AlignMode::kContainingBest:
      return minus(sides.right.LengthOfSlot(slot));
    case AlignMode::kOverlapBest:
    case AlignMode::kOverlapAll:
      return static_cast<double>(static_cast<std::uint64_t>(std::min(left_end, right.end) -
                                                            std::max(left_start, right.start)));
    default:
      return 0;
  }
}

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ALIGN_SIDES_H_
