// Finds the partners of left rows among the slots of an as-of join's right side.
//
// Probes that come in order, about as many as slots, walk through the slots. Others are searched
// for a few at a time in step, one halving of each after the other, so that their cache misses
// overlap.
#ifndef LAKEGATE_KERNELS_ASOF_SEARCH_H_
#define LAKEGATE_KERNELS_ASOF_SEARCH_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/asof_points.h"
#include "kernels/asof_slots.h"
#include "kernels/work.h"
#include "lakegate/asof_join.h"

namespace lakegate::kernels {

// Left rows of a few neighbours in the order of the search.
struct AsofProbes {
  static constexpr std::size_t kMost = 256;
  std::size_t count = 0;
  std::array<Row, kMost> rows;  // of the left side
  std::array<std::int64_t, kMost> values;
  // Slots of their groups, from `begin` to before `end`.
  std::array<Row, kMost> begin;
  std::array<Row, kMost> end;
};

// Reads slots and options, which must outlive it. One search a thread: it remembers its place.
class AsofSearch {
 public:
  // `ordered`: probes come by group and value, over all calls.
  AsofSearch(const Slots& slots, const AsofJoinOptions& options, PointKind kind, bool ordered)
      : values_(slots.values().data()), options_(options), kind_(kind), ordered_(ordered) {}

  // partners[i] is the slot that probe i meets, or kNoRow.
  void Find(const AsofProbes& probes, Row* partners) {
    // Where a probe belongs: before the first slot that is not below it, or that is above it.
    const bool behind_equal =
        (options_.direction == AsofDirection::kForward) != options_.allow_exact;
    if (ordered_) {
      behind_equal ? Walk<true>(probes, partners) : Walk<false>(probes, partners);
    } else {
      behind_equal ? Halve<true>(probes, partners) : Halve<false>(probes, partners);
    }
    for (std::size_t i = 0; i < probes.count; ++i) {
      partners[i] = WithinTolerance(Choose(probes, i, partners[i]), probes.values[i]);
    }
  }

 private:
  static constexpr std::size_t kInStep = 16;  // probes that are halved in step
  static constexpr std::size_t kParts = 4;    // walks in step
  static constexpr std::size_t kManyProbes = 64;

  template <bool kBehindEqual>
  bool IsBefore(Row slot, std::int64_t value) const {
    return kBehindEqual ? values_[slot] <= value : values_[slot] < value;
  }

  // IsBefore as a number that the compiler may not make a branch of: which way it goes cannot be
  // predicted, and a wrong guess costs more than the step.
  template <bool kBehindEqual>
  Row Onward(Row slot, std::int64_t value) const {
    Row onward = IsBefore<kBehindEqual>(slot, value) ? 1 : 0;
    asm("" : "+r"(onward));
    return onward;
  }

  template <bool kBehindEqual>
  void Walk(const AsofProbes& probes, Row* places) {
    for (std::size_t i = 0; i < probes.count;) {
      const std::size_t last = LastOfGroup(probes, i);
      const Row end = probes.end[i];
      Row slot = Enter<kBehindEqual>(probes, i);
      if (last - i >= kManyProbes) slot = WalkInStep<kBehindEqual>(probes, &i, last, slot, places);
      // On to the next probe or to the next slot; which of both is not a branch.
      while (i < last && slot < end) {
        places[i] = slot;
        const Row onward = Onward<kBehindEqual>(slot, probes.values[i]);
        slot += onward;
        i += 1 - onward;
      }
      for (; i < last; ++i) places[i] = end;
      place_ = slot;
    }
  }

  // Probes [*first, last) of one group in four parts, a step of each after the other, so that
  // they do not wait for each other's reads. Returns the slot at which the walk goes on, and sets
  // `*first` to the probe.
  template <bool kBehindEqual>
  Row WalkInStep(const AsofProbes& probes, std::size_t* first, std::size_t last, Row slot,
                 Row* places) const {
    struct Part {
      std::size_t probe;
      std::size_t last;
      Row slot;
    };
    const Row end = probes.end[*first];
    std::array<Part, kParts> parts;
    const std::size_t size = (last - *first) / kParts;
    for (std::size_t k = 0; k < kParts; ++k) {
      const std::size_t probe = *first + k * size;
      if (k > 0) slot = Reach<kBehindEqual>(slot, end, probes.values[probe]);
      parts[k] = {probe, k + 1 < kParts ? probe + size : last, slot};
    }
    const auto steps = [&] {
      std::size_t least = kManyProbes;
      for (const Part& part : parts) {
        least =
            std::min({least, part.last - part.probe, static_cast<std::size_t>(end - part.slot)});
      }
      return least;
    };
    for (std::size_t left = steps(); left > 0; left = steps()) {
      for (; left > 0; --left) {
        for (Part& part : parts) {
          places[part.probe] = part.slot;
          const Row onward = Onward<kBehindEqual>(part.slot, probes.values[part.probe]);
          part.slot += onward;
          part.probe += 1 - onward;
        }
      }
    }
    // One part is done; the others walk on alone.
    for (std::size_t k = 0; k + 1 < kParts; ++k) {
      Part& part = parts[k];
      for (; part.probe < part.last; ++part.probe) {
        while (part.slot < end && IsBefore<kBehindEqual>(part.slot, probes.values[part.probe])) {
          ++part.slot;
        }
        places[part.probe] = part.slot;
      }
    }
    *first = parts.back().probe;
    return parts.back().slot;
  }

  // The place of `value`, at or behind `from`, in doubling steps.
  template <bool kBehindEqual>
  Row Reach(Row from, Row end, std::int64_t value) const {
    Row step = 32;
    Row low = from;
    while (end - low > step && IsBefore<kBehindEqual>(low + step, value)) {
      low += step;
      step *= 2;
    }
    return FirstNotBefore<kBehindEqual>(low, end - low > step ? low + step : end, value);
  }

  template <bool kBehindEqual>
  Row FirstNotBefore(Row low, Row high, std::int64_t value) const {
    while (low < high) {
      const Row middle = low + (high - low) / 2;
      if (IsBefore<kBehindEqual>(middle, value)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // Behind the last neighbour of probe `first` in its group.
  static std::size_t LastOfGroup(const AsofProbes& probes, std::size_t first) {
    std::size_t last = first + 1;
    // A group without slots begins where the next one does.
    while (last < probes.count && probes.begin[last] == probes.begin[first] &&
           probes.end[last] == probes.end[first]) {
      ++last;
    }
    return last;
  }

  // A slot at or before the place of probe `i`, the first of its group in this call.
  template <bool kBehindEqual>
  Row Enter(const AsofProbes& probes, std::size_t i) {
    const bool same = begin_ == probes.begin[i] && end_ == probes.end[i];
    const bool is_first = begin_ == kNoRow;
    begin_ = probes.begin[i];
    end_ = probes.end[i];
    if (same) return place_;
    if (!is_first) return begin_;
    // The first of all may begin in the middle of its group.
    return FirstNotBefore<kBehindEqual>(begin_, end_, probes.values[i]);
  }

  template <bool kBehindEqual>
  void Halve(const AsofProbes& probes, Row* places) const {
    for (std::size_t i = 0; i < probes.count; i += kInStep) {
      HalveInStep<kBehindEqual>(probes, i, std::min(kInStep, probes.count - i), places + i);
    }
  }

  template <bool kBehindEqual>
  void HalveInStep(const AsofProbes& probes, std::size_t first, std::size_t count,
                   Row* places) const {
    std::array<Row, kInStep> left;  // slots that may still be the place
    Row most = 0;
    for (std::size_t i = 0; i < count; ++i) {
      places[i] = probes.begin[first + i];
      left[i] = probes.end[first + i] - places[i];
      most = std::max(most, left[i]);
    }
    for (; most > 1; most -= most / 2) {
      for (std::size_t i = 0; i < count; ++i) {
        const Row half = left[i] / 2;
        // What is read of a probe that is done does not matter.
        const Row middle = half > 0 ? places[i] + half - 1 : 0;
        const Row onward = Onward<kBehindEqual>(middle, probes.values[first + i]);
        places[i] += half & (Row{0} - onward);
        left[i] -= half;
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (left[i] == 1 && IsBefore<kBehindEqual>(places[i], probes.values[first + i])) ++places[i];
    }
  }

  Row Choose(const AsofProbes& probes, std::size_t i, Row place) const {
    const Row before = place > probes.begin[i] ? place - 1 : kNoRow;
    const Row after = place < probes.end[i] ? place : kNoRow;
    if (options_.direction == AsofDirection::kBackward) return before;
    if (options_.direction == AsofDirection::kForward) return after;
    const std::int64_t value = probes.values[i];
    return Nearer(value, before,
                  options_.allow_exact ? after : PastEqual(place, probes.end[i], value));
  }

  // Without exact matches "nearest" looks at both sides of the equal slots.
  Row PastEqual(Row place, Row end, std::int64_t value) const {
    const std::int64_t* const above = std::upper_bound(values_ + place, values_ + end, value);
    return above == values_ + end ? kNoRow : static_cast<Row>(above - values_);
  }

  Row Nearer(std::int64_t value, Row before, Row after) const {
    if (before == kNoRow || after == kNoRow) return before == kNoRow ? after : before;
    const std::uint64_t back = DistanceOf(values_[before], value, kind_);
    return DistanceOf(values_[after], value, kind_) < back ? after : before;
  }

  Row WithinTolerance(Row slot, std::int64_t value) const {
    if (slot == kNoRow || !options_.tolerance) return slot;
    const auto most = static_cast<std::uint64_t>(*options_.tolerance);
    return DistanceOf(values_[slot], value, kind_) <= most ? slot : kNoRow;
  }

  const std::int64_t* values_;
  const AsofJoinOptions& options_;
  PointKind kind_;
  bool ordered_;
  // Group and place of the last probe, when probes are ordered.
  Row begin_ = kNoRow;
  Row end_ = 0;
  Row place_ = 0;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ASOF_SEARCH_H_
