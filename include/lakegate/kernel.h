// What every kernel shares: the context it runs in and the words its options are said in.
//
// A kernel takes Arrow streams and gives an Arrow stream. It reads its inputs completely
// when it is called, decides, and then produces its output batch by batch as the caller
// pulls; nothing of an output exists before it is asked for.
//
// Threads: a kernel is a pure function of its arguments; calls may run in parallel. The
// stream it returns is read from one thread at a time.
// Memory: inputs and working arrays count against `memory_limit_bytes`; more than that is spilled
// (canonical_sort) or kResourceLimit, which names `execution.memory_limit`. Output buffers come
// from a recycling pool and go back to it when the consumer releases the batch.
// Cancel: every loop looks at the token at least every few thousand steps: kCancelled.
// Determinism: the same rows in the same order give the same bytes, whatever the batches
// they arrive in. Every tie is defined; the last resort is the input ordinal.
#ifndef LAKEGATE_KERNEL_H_
#define LAKEGATE_KERNEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/cancel.h"
#include "lakegate/export.h"
#include "lakegate/result.h"

namespace lakegate {

class RowSpill;
namespace columnar {
class BufferPool;
}

// Where a kernel runs. A plain value; the returned stream keeps what it needs of it.
struct KernelContext {
  CancelToken cancel;

  // Rows in an output batch; the last one may hold fewer. At least 1.
  std::int64_t batch_rows = 65'536;

  // Bytes for collected inputs and working arrays together. Zero or less: no limit.
  std::int64_t memory_limit_bytes = std::int64_t{4} << 30;

  // Threads that one call may use, its own among them. At least 1. The output does not
  // depend on it.
  std::int64_t threads = 1;

  // Where output buffers come from. Null: the pool of the process.
  // Shared: batches give their buffers back long after the kernel has gone.
  std::shared_ptr<columnar::BufferPool> pool;

  // Where canonical_sort puts rows beyond `memory_limit_bytes`. Null: nowhere, and more than
  // the limit is kResourceLimit, as it is in every other kernel.
  // Shared: the returned stream reads from it.
  std::shared_ptr<RowSpill> spill;

  // kInvalidArgument when batch_rows or threads is below 1.
  LAKEGATE_EXPORT Status Validate() const;
};

// The shared ordering vocabulary. Integers, decimals and temporal values order by value,
// false before true, floats by value with NaN greatest and -0 equal to +0, strings and
// binary by their bytes (dictionary and view forms like the plain ones).
enum class SortDirection { kAscending, kDescending };

// Where nulls go, whatever the direction.
enum class NullPlacement { kFirst, kLast };

struct SortKey {
  std::string column;
  SortDirection direction = SortDirection::kAscending;
  NullPlacement nulls = NullPlacement::kLast;
  bool operator==(const SortKey&) const = default;
};

// The two bounds of a half-open span [start, end). Allowed types: int8 to int64, uint8 to
// uint64, date32, date64, time, duration and timestamp.
struct SpanColumns {
  std::string start = "start";
  std::string end = "end";
  bool operator==(const SpanColumns&) const = default;
};

// Which left rows come out, and whether right columns come with them.
enum class JoinHow {
  kInner,  // left rows with a match, once for each match
  kLeft,   // the same, and left rows without one, once, with nulls on the right
  kSemi,   // left rows with a match, once, left columns only
  kAnti,   // left rows without one, left columns only
};

// Words of option files and table functions: "ascending", "descending"; "first", "last";
// "inner", "left", "semi", "anti".
// An unknown word is kInvalidArgument and the message lists the allowed ones.
LAKEGATE_EXPORT std::string_view SortDirectionText(SortDirection direction);
LAKEGATE_EXPORT Result<SortDirection> SortDirectionFromText(std::string_view text);
LAKEGATE_EXPORT std::string_view NullPlacementText(NullPlacement nulls);
LAKEGATE_EXPORT Result<NullPlacement> NullPlacementFromText(std::string_view text);
LAKEGATE_EXPORT std::string_view JoinHowText(JoinHow how);
LAKEGATE_EXPORT Result<JoinHow> JoinHowFromText(std::string_view text);

// A sort key as one text: "column", "column desc", "column asc nulls first". The words
// after the column may be asc, ascending, desc, descending, nulls first, nulls last.
LAKEGATE_EXPORT Result<SortKey> SortKeyFromText(std::string_view text);

// Ordering metadata: what a schema claims about the order of its rows. Two keys of the
// schema's metadata carry it:
//   ordering_level  "unordered"; "implicit" (the row order is reproducible and has a
//                   meaning, but no columns describe it); "explicit" (rows are sorted by
//                   ordering_keys)
//   ordering_keys   JSON, only with "explicit":
//                   [{"column":"path","direction":"ascending","nulls":"last"}, ...]
// It is a claim: whoever wants to rely on it verifies it while reading.
inline constexpr std::string_view kOrderingLevelKey = "ordering_level";
inline constexpr std::string_view kOrderingKeysKey = "ordering_keys";

enum class OrderingLevel { kUnordered, kImplicit, kExplicit };

struct Ordering {
  OrderingLevel level = OrderingLevel::kUnordered;
  std::vector<SortKey> keys;
  bool operator==(const Ordering&) const = default;
};

LAKEGATE_EXPORT std::string_view OrderingLevelText(OrderingLevel level);
LAKEGATE_EXPORT Result<OrderingLevel> OrderingLevelFromText(std::string_view text);

}  // namespace lakegate

#endif  // LAKEGATE_KERNEL_H_
