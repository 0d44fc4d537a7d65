// The pairs of rows that a join asks for whose condition is equality keys and two comparisons:
//
//   build.below < probe.below AND build.above > probe.above      (or <=, or >=)
//
// Spans that overlap are such pairs (`b.start < p.end AND b.end > p.start`), spans that contain
// each other (`b.start <= p.start AND b.end >= p.end`), and points in spans. Nothing is asked of
// the bounds: a span may be empty or end before it starts, and the comparisons decide alone.
//
// Build rows are ordered by group and `below`. The matches of a probe row lie in the first of its
// group, up to where `below` is too great, which a table over the top bits of the group's bounds
// tells but for the few that share them. They are found from the last one back, by links to the
// slot before that has a greater `above`, and through a tree of maxima where those lead through
// too many slots. O(n log n) to make; O(log n + matches * log n) a probe row at most, O(matches)
// where they are dense.
#ifndef LAKEGATE_KERNELS_RANGE_INDEX_H_
#define LAKEGATE_KERNELS_RANGE_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "columnar/collected.h"
#include "columnar/scratch.h"
#include "kernels/key_groups.h"
#include "kernels/max_tree.h"
#include "kernels/work.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

struct RangeShape {
  // Columns of both tables, by position; bounds are int64.
  std::vector<std::int64_t> keys;
  std::int64_t below = 0;
  std::int64_t above = 0;
  bool below_or_equal = false;
  bool above_or_equal = false;
};

// Threads: made by one, then asked by any number, each with a cursor of its own.
class RangeIndex {
 public:
  // Rows with a null in a key or a bound match nothing. kUnsupported for a nested key,
  // kResourceLimit for more than 2^32 - 2 rows, kCancelled.
  static Result<RangeIndex> Make(columnar::Collected build, const RangeShape& shape,
                                 const KernelContext& context);

  // Where the search for the pairs of a batch of probe rows stands.
  class Cursor {
   private:
    friend class RangeIndex;
    // Where the search for the matches of a row begins.
    struct Start {
      std::int64_t above;
      Row first;  // slot of the row's group
      Row at;     // slots from here on are none
    };
    std::vector<Start> starts;
    bool each_once = false;
    std::size_t row = 0;
  };

  // `each_once`: a probe row is in one pair at most, whichever. The batch may go afterwards.
  // kSchemaMismatch for keys of other types.
  Result<Cursor> Probe(const columnar::Collected& batch, bool each_once) const;

  // Writes the next pairs, at most `most` (at least 1): by probe row ascending, then by build row
  // in the order of `below` descending. Fewer are written at the end alone.
  std::size_t Next(Cursor* cursor, std::size_t most, Row* probe_rows, Row* build_rows) const;

  // Of memory, the build table's included.
  std::int64_t bytes() const;

 private:
  struct Slot {
    std::int64_t above;
    std::int64_t reach;  // the greatest `above` of the group up to this slot
    Row wider;           // the last slot of the group before this one with a greater `above`
    Row row;             // of the build table
  };

  // A group's slots, and the table of those where a search among all of them would be long.
  struct Group {
    std::int64_t least = 0;  // `below` of the first slot
    std::size_t table = 0;
    std::uint64_t buckets = 0;
    Row first = 0;
    int shift = 0;
  };

  RangeIndex(RangeShape shape, KernelContext context)
      : shape_(std::move(shape)), context_(std::move(context)), grouper_(NullKeys::kNone) {}

  Status OrderSlots(const std::vector<Row>& groups, const std::vector<std::int64_t>& below,
                    const std::vector<std::int64_t>& above, const std::vector<Row>& kept);
  // Fills the tables of groups. Entry b of a table is the group's first slot in bucket b or behind.
  void MakeTables();
  // The slots that `bound` lies among.
  struct Place {
    Row low;
    Row high;
  };
  Place PlaceIn(const Group& group, Row end, std::int64_t bound) const;
  // The first slot whose `below` is too great for the bound.
  Row Behind(Place place, std::int64_t bound) const;
  // The last slot in [first, at) that reaches `above`; kNoRow without one.
  Row Previous(Row first, Row at, std::int64_t above) const;

  RangeShape shape_;
  KernelContext context_;
  columnar::Collected build_;  // whose keys the grouper borrows
  KeyGrouper grouper_;
  std::vector<Group> groups_;  // and one behind the last, whose first slot is the end
  std::vector<Row> tables_;
  columnar::Scratch<std::int64_t> below_;
  columnar::Scratch<Slot> slots_;
  MaxTree<std::int64_t> tree_;  // of `above`
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_RANGE_INDEX_H_
