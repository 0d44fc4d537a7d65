#include "kernels/best_rows.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "base/try.h"
#include "kernels/kernel_stream.h"
#include "kernels/key_groups.h"
#include "kernels/key_table.h"
#include "kernels/packed_order.h"
#include "kernels/parallel.h"

namespace lakegate::kernels {
namespace {

using columnar::Scratch;

constexpr std::size_t kBlock = 512;
// Slots are asked for this many rows before they are used.
constexpr std::size_t kAhead = 24;
constexpr std::uint64_t kNone = ~std::uint64_t{0};

using Words = std::array<std::uint64_t, kBlock>;

// Which slot the rows of a block compete in.
struct Slots {
  std::size_t count = 1;
  // One of them, or neither: all rows in slot 0.
  std::optional<PackedWord> packed;
  Scratch<Row> numbers;

  void Fill(std::size_t first, std::size_t last, std::uint64_t* out) const {
    if (packed) return packed->Fill(first, last, out);
    if (numbers.empty()) {
      std::fill(out, out + (last - first), 0);
    } else {
      std::copy(numbers.data() + first, numbers.data() + last, out);
    }
  }
};

// The keys as fields that are equal where keys are; nothing where that would take hashing.
Result<std::optional<PackedOrder>> PackKeys(const columnar::Collected& table,
                                            std::span<const std::int64_t> keys,
                                            const KernelContext& context) {
  std::vector<OrderField> fields;
  for (const std::int64_t key : keys) {
    LG_ASSIGN_OR_RETURN(auto more, EqualityFieldsOf(table, key, context));
    if (!more) return std::optional<PackedOrder>();
    std::move(more->begin(), more->end(), std::back_inserter(fields));
  }
  return std::optional<PackedOrder>(Pack(std::move(fields), static_cast<std::size_t>(table.rows)));
}

// Numbers the distinct words of the rows.
Status NumberWords(const PackedWord& word, std::size_t rows, const KernelContext& context,
                   Slots* slots) {
  slots->numbers = Scratch<Row>(rows, *PoolOf(context));
  IntTable table;
  std::uint32_t next = 0;
  Words words;
  for (std::size_t first = 0; first < rows; first += kBlock) {
    if (StopAt(first, context.cancel)) return Cancelled("key grouping");
    const std::size_t count = std::min(kBlock, rows - first);
    word.Fill(first, first + count, words.data());
    for (std::size_t i = 0; i < std::min(kAhead, count); ++i) table.Prefetch(words[i]);
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) table.Prefetch(words[i + kAhead]);
      const std::uint32_t number = table.Find(words[i], next);
      next += number == next ? 1 : 0;
      slots->numbers[first + i] = number;
    }
  }
  slots->count = next;
  return {};
}

Result<Slots> SlotsOf(const columnar::Collected& table, std::span<const std::int64_t> keys,
                      const KernelContext& context) {
  Slots slots;
  const auto rows = static_cast<std::size_t>(table.rows);
  LG_ASSIGN_OR_RETURN(std::optional<PackedOrder> packed, PackKeys(table, keys, context));
  if (packed && packed->words.empty()) return slots;
  if (packed && packed->words.size() == 1) {
    const int bits = packed->words.front().bits();
    // As many slots as the memory set aside for a row allows.
    if (bits < 40 && (std::size_t{1} << bits) <= std::max<std::size_t>(2 * rows, 1024)) {
      slots.count = std::size_t{1} << bits;
      slots.packed = std::move(packed->words.front());
      return slots;
    }
    LG_RETURN_IF_ERROR(NumberWords(packed->words.front(), rows, context, &slots));
    return slots;
  }
  KeyGrouper grouper(NullKeys::kEqual);
  LG_ASSIGN_OR_RETURN(const std::vector<Row> groups, grouper.Assign(table, keys, context.cancel));
  slots.numbers = Scratch<Row>(rows, *PoolOf(context));
  std::copy(groups.begin(), groups.end(), slots.numbers.begin());
  slots.count = grouper.groups();
  return slots;
}

// The least number of each slot, for orders that fit a word together with the row.
class NarrowBest {
 public:
  NarrowBest(std::size_t slots, columnar::BufferPool& pool) : best_(slots, pool) {
    std::fill(best_.begin(), best_.end(), kNone);
  }

  void Prefetch(std::uint64_t slot) const { __builtin_prefetch(&best_[slot], 1); }

  void Offer(std::uint64_t slot, std::uint64_t number) {
    const std::atomic_ref<std::uint64_t> best(best_[slot]);
    std::uint64_t seen = best.load(std::memory_order_relaxed);
    while (number < seen && !best.compare_exchange_weak(seen, number, std::memory_order_relaxed)) {
    }
  }

  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const std::uint64_t number : best_) {
      if (number != kNone) visit(number);
    }
  }

 private:
  Scratch<std::uint64_t> best_;
};

// The least (word, row) of each slot.
class WideBest {
 public:
  WideBest(std::size_t slots, columnar::BufferPool& pool) : best_(slots, pool) {
    std::fill(best_.begin(), best_.end(), Entry{kNone, kNoRow, 0});
  }

  void Prefetch(std::uint64_t slot) const { __builtin_prefetch(&best_[slot], 1); }

  void Offer(std::uint64_t slot, std::uint64_t word, Row row) {
    Entry& entry = best_[slot];
    const std::atomic_ref<std::uint64_t> best_word(entry.word);
    const std::atomic_ref<Row> best_row(entry.row);
    // A winner's row is stored before its word and neither pair ever gets worse, so whoever
    // loses against what is seen here loses against what is there.
    const std::uint64_t seen = best_word.load(std::memory_order_acquire);
    if (word > seen) return;
    if (word == seen && row > best_row.load(std::memory_order_relaxed)) return;
    const std::atomic_ref<std::uint32_t> lock(entry.lock);
    while (lock.exchange(1, std::memory_order_acquire) != 0) std::this_thread::yield();
    const std::uint64_t held_word = best_word.load(std::memory_order_relaxed);
    const Row held_row = best_row.load(std::memory_order_relaxed);
    if (word < held_word || (word == held_word && row < held_row)) {
      best_row.store(row, std::memory_order_relaxed);
      best_word.store(word, std::memory_order_release);
    }
    lock.store(0, std::memory_order_release);
  }

  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const Entry& entry : best_) {
      if (entry.row != kNoRow) visit(entry.row);
    }
  }

 private:
  struct Entry {
    std::uint64_t word;
    Row row;
    std::uint32_t lock;
  };
  Scratch<Entry> best_;
};

// offer(slot, word, row) for every row, slots asked for ahead of their use.
template <typename Best, typename Fill, typename Offer>
Status OfferAll(std::size_t rows, const Slots& slots, const KernelContext& context, Best* best,
                const Fill& fill, const Offer& offer) {
  return ParallelRanges(context, RowRanges{rows},
                        [&](std::size_t first, std::size_t last) -> Status {
                          Words slot;
                          Words words;
                          for (std::size_t from = first; from < last; from += kBlock) {
                            const std::size_t to = std::min(from + kBlock, last);
                            const std::size_t count = to - from;
                            slots.Fill(from, to, slot.data());
                            for (std::size_t i = 0; i < std::min(kAhead, count); ++i)
                              best->Prefetch(slot[i]);
                            fill(from, to, words.data());
                            for (std::size_t i = 0; i < count; ++i) {
                              if (i + kAhead < count) best->Prefetch(slot[i + kAhead]);
                              offer(slot[i], words[i], static_cast<Row>(from + i));
                            }
                          }
                          return {};
                        });
}

// Rows as a set of bits: winners leave it in input order.
class RowSet {
 public:
  RowSet(std::size_t rows, columnar::BufferPool& pool) : bits_((rows + 63) / 64, pool) {
    std::fill(bits_.begin(), bits_.end(), 0);
  }
  void Add(std::uint64_t row) {
    bits_[row / 64] |= std::uint64_t{1} << (row % 64);
    ++size_;
  }
  std::vector<Row> Rows() const {
    std::vector<Row> rows;
    rows.reserve(size_);
    for (std::size_t i = 0; i < bits_.size(); ++i) {
      for (std::uint64_t word = bits_[i]; word != 0; word &= word - 1) {
        rows.push_back(static_cast<Row>(64 * i + static_cast<std::size_t>(std::countr_zero(word))));
      }
    }
    return rows;
  }

 private:
  Scratch<std::uint64_t> bits_;
  std::size_t size_ = 0;
};

// Winners by a number that fits a word together with the row (no order: the row alone).
Result<RowSet> NarrowWinners(const PackedOrder& order, const Slots& slots,
                             const KernelContext& context) {
  columnar::BufferPool& pool = *PoolOf(context);
  const auto row_bits = static_cast<int>(std::bit_width(order.rows));
  const std::uint64_t row_mask = (std::uint64_t{1} << row_bits) - 1;
  NarrowBest best(slots.count, pool);
  LG_RETURN_IF_ERROR(OfferAll(
      order.rows, slots, context, &best,
      [&](std::size_t from, std::size_t to, std::uint64_t* out) {
        if (order.words.empty()) {
          std::fill(out, out + (to - from), 0);
        } else {
          order.words.front().Fill(from, to, out);
        }
      },
      [&](std::uint64_t slot, std::uint64_t word, Row row) {
        best.Offer(slot, (word << row_bits) | row);
      }));
  RowSet winners(order.rows, pool);
  best.ForEach([&](std::uint64_t number) { winners.Add(number & row_mask); });
  return winners;
}

Result<RowSet> WideWinners(const PackedOrder& order, const Slots& slots,
                           const KernelContext& context) {
  columnar::BufferPool& pool = *PoolOf(context);
  WideBest best(slots.count, pool);
  LG_RETURN_IF_ERROR(OfferAll(
      order.rows, slots, context, &best,
      [&](std::size_t from, std::size_t to, std::uint64_t* out) {
        order.words.front().Fill(from, to, out);
      },
      [&](std::uint64_t slot, std::uint64_t word, Row row) { best.Offer(slot, word, row); }));
  RowSet winners(order.rows, pool);
  best.ForEach([&](Row row) { winners.Add(row); });
  return winners;
}

// Winners by an order of several words: rows are sorted, the least place wins.
Result<RowSet> SortedWinners(const PackedOrder& order, const Slots& slots,
                             const KernelContext& context) {
  columnar::BufferPool& pool = *PoolOf(context);
  LG_ASSIGN_OR_RETURN(const Scratch<Row> rows, SortPacked(order, context));
  Scratch<Row> place(order.rows, pool);
  LG_RETURN_IF_ERROR(ParallelRanges(context, RowRanges{order.rows},
                                    [&](std::size_t first, std::size_t last) -> Status {
                                      for (std::size_t i = first; i < last; ++i)
                                        place[rows[i]] = static_cast<Row>(i);
                                      return {};
                                    }));
  NarrowBest best(slots.count, pool);
  LG_RETURN_IF_ERROR(OfferAll(
      order.rows, slots, context, &best,
      [&](std::size_t from, std::size_t to, std::uint64_t* out) {
        std::copy(place.data() + from, place.data() + to, out);
      },
      [&](std::uint64_t slot, std::uint64_t number, Row) { best.Offer(slot, number); }));
  RowSet winners(order.rows, pool);
  best.ForEach([&](std::uint64_t number) { winners.Add(rows[number]); });
  return winners;
}

}  // namespace

Result<std::vector<Row>> BestRows(const columnar::Collected& table,
                                  std::span<const std::int64_t> keys,
                                  std::span<const SortKey> deciding, std::string_view role,
                                  const KernelContext& context) {
  LG_ASSIGN_OR_RETURN(const PackedOrder order, PackOrder(table, deciding, role, context));
  LG_ASSIGN_OR_RETURN(const Slots slots, SlotsOf(table, keys, context));
  const auto winners = [&]() -> Result<RowSet> {
    if (order.words.size() > 1) return SortedWinners(order, slots, context);
    const int bits = order.words.empty() ? 0 : order.words.front().bits();
    if (bits + static_cast<int>(std::bit_width(order.rows)) < 64) {
      return NarrowWinners(order, slots, context);
    }
    return WideWinners(order, slots, context);
  };
  LG_ASSIGN_OR_RETURN(const RowSet found, winners());
  return found.Rows();
}

}  // namespace lakegate::kernels
