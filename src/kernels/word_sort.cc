#include "kernels/word_sort.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "base/try.h"
#include "kernels/kernel_stream.h"
#include "kernels/parallel.h"

namespace lakegate::kernels {
namespace {

using columnar::Scratch;

constexpr std::size_t kGrain = std::size_t{1} << 15;
constexpr std::size_t kFewItems = 256;  // fewer are sorted by comparison
// More than this is split by its top bits, so that what a leaf sorts stays in the cache.
constexpr std::size_t kManyItems = std::size_t{1} << 14;
constexpr int kSplitBits = 10;
constexpr std::size_t kSplits = std::size_t{1} << kSplitBits;
constexpr int kDigitBits = 9;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;

// Word and place in one number: half the memory.
struct SlimItem {
  std::uint64_t bits;
  bool operator<(const SlimItem& other) const { return bits < other.bits; }
};

struct WideItem {
  std::uint64_t word;
  Row place;
  bool operator<(const WideItem& other) const {
    return word != other.word ? word < other.word : place < other.place;
  }
};

template <typename Item>
struct Layout;

template <>
struct Layout<SlimItem> {
  int place_bits;
  static SlimItem Make(std::uint64_t word, std::size_t place, int place_bits) {
    return {(word << place_bits) | place};
  }
  std::uint64_t Word(const SlimItem& item) const { return item.bits >> place_bits; }
  Row Place(const SlimItem& item) const {
    return static_cast<Row>(item.bits & ((std::uint64_t{1} << place_bits) - 1));
  }
};

template <>
struct Layout<WideItem> {
  int place_bits;
  static WideItem Make(std::uint64_t word, std::size_t place, int) {
    return {word, static_cast<Row>(place)};
  }
  static std::uint64_t Word(const WideItem& item) { return item.word; }
  static Row Place(const WideItem& item) { return item.place; }
};

// Items [first, first + count) of one of the two arrays; all agree above the low `bits`.
struct Bucket {
  std::size_t first;
  std::size_t count;
  int bits;
};

template <typename Item>
class WordSort {
 public:
  WordSort(std::size_t count, int bits, const KernelContext& context)
      : context_(context),
        count_(count),
        bits_(bits),
        layout_{static_cast<int>(std::bit_width(count))},
        items_(count, *PoolOf(context)),
        order_(count, *PoolOf(context)) {}

  Result<Scratch<Row>> Run(const WordSource& source) {
    LG_ASSIGN_OR_RETURN(const bool sorted, Fill(source));
    if (sorted) {
      std::iota(order_.begin(), order_.end(), Row{0});
      return std::move(order_);
    }
    spare_ = Scratch<Item>(count_, *PoolOf(context_));
    LG_RETURN_IF_ERROR(Sort(items_.data(), spare_.data(), Bucket{0, count_, bits_}));
    return std::move(order_);
  }

 private:
  // Whether the items are in order as they come.
  Result<bool> Fill(const WordSource& source) {
    std::atomic<bool> sorted = true;
    const RowRanges ranges{count_, kGrain};
    LG_RETURN_IF_ERROR(
        ParallelRanges(context_, ranges, [&](std::size_t first, std::size_t last) -> Status {
          constexpr std::size_t kBlock = 1024;
          std::array<std::uint64_t, kBlock> words;
          bool ascending = true;
          std::uint64_t before = 0;
          for (std::size_t from = first; from < last; from += kBlock) {
            const std::size_t to = std::min(from + kBlock, last);
            source(from, to, words.data());
            for (std::size_t i = from; i < to; ++i) {
              const std::uint64_t word = words[i - from];
              ascending &= before <= word;
              before = word;
              items_[i] = Layout<Item>::Make(word, i, layout_.place_bits);
            }
          }
          if (!ascending) sorted.store(false, std::memory_order_relaxed);
          return {};
        }));
    for (std::size_t range = 1; range < ranges.count(); ++range) {
      const std::size_t first = ranges.first(range);
      if (layout_.Word(items_[first]) < layout_.Word(items_[first - 1])) return false;
    }
    return sorted.load(std::memory_order_relaxed);
  }

  Status Sort(Item* from, Item* to, Bucket bucket) {
    if (bucket.count <= kManyItems || bucket.bits == 0) {
      Leaf(from, to, bucket);
      return {};
    }
    std::vector<Bucket> buckets;
    LG_RETURN_IF_ERROR(Split(from, to, bucket, &buckets));
    // A bucket that holds much of everything is split again with all threads; the others are
    // one task each.
    std::vector<Bucket> small;
    for (const Bucket& part : buckets) {
      if (part.count > std::max(bucket.count / 4, kManyItems) && part.bits > 0) {
        LG_RETURN_IF_ERROR(Sort(to, from, part));
      } else {
        small.push_back(part);
      }
    }
    return ParallelFor(context_, small.size(),
                       [&](std::size_t i) { return Alone(to, from, small[i]); });
  }

  // Sort on the calling thread.
  Status Alone(Item* from, Item* to, Bucket bucket) {
    if (context_.cancel.cancelled()) return Cancelled("sort");
    if (bucket.count <= kManyItems || bucket.bits == 0) {
      Leaf(from, to, bucket);
      return {};
    }
    KernelContext alone = context_;
    alone.threads = 1;
    std::vector<Bucket> buckets;
    LG_RETURN_IF_ERROR(SplitIn(alone, from, to, bucket, &buckets));
    for (const Bucket& part : buckets) LG_RETURN_IF_ERROR(Alone(to, from, part));
    return {};
  }

  Status Split(const Item* from, Item* to, const Bucket& bucket, std::vector<Bucket>* buckets) {
    return SplitIn(context_, from, to, bucket, buckets);
  }

  // Moves the bucket's items to `to`, by their top bits, in order.
  Status SplitIn(const KernelContext& context, const Item* from, Item* to, const Bucket& bucket,
                 std::vector<Bucket>* buckets) {
    const int shift = std::max(bucket.bits - kSplitBits, 0);
    const std::size_t mask =
        (std::size_t{1} << (bucket.bits - shift)) - 1;  // kSplitBits ones, or fewer
    const RowRanges ranges{bucket.count, std::max(kGrain, bucket.count / 64)};
    std::vector<std::array<std::size_t, kSplits>> places(ranges.count());
    const auto digit = [&](const Item& item) {
      return static_cast<std::size_t>(layout_.Word(item) >> shift) & mask;
    };
    LG_RETURN_IF_ERROR(ParallelFor(context, ranges.count(), [&](std::size_t range) -> Status {
      if (context.cancel.cancelled()) return Cancelled("sort");
      auto& counts = places[range];
      counts.fill(0);
      const Item* const items = from + bucket.first;
      for (std::size_t i = ranges.first(range); i < ranges.last(range); ++i)
        ++counts[digit(items[i])];
      return {};
    }));
    std::size_t next = bucket.first;
    for (std::size_t d = 0; d <= mask; ++d) {
      const std::size_t first = next;
      for (auto& counts : places) next += std::exchange(counts[d], next);
      if (next > first) buckets->push_back(Bucket{first, next - first, shift});
    }
    return ParallelFor(context, ranges.count(), [&](std::size_t range) -> Status {
      if (context.cancel.cancelled()) return Cancelled("sort");
      auto& place = places[range];
      const Item* const items = from + bucket.first;
      for (std::size_t i = ranges.first(range); i < ranges.last(range); ++i) {
        to[place[digit(items[i])]++] = items[i];
      }
      return {};
    });
  }

  // Sorts a bucket in the cache and writes its places.
  void Leaf(Item* from, Item* to, const Bucket& bucket) {
    Item* items = from + bucket.first;
    Item* moved = to + bucket.first;
    if (bucket.count < kFewItems && bucket.bits > 0) {
      std::sort(items, items + bucket.count);
    } else {
      for (int shift = 0; shift < bucket.bits; shift += kDigitBits) {
        const std::size_t mask = (std::size_t{1} << std::min(kDigitBits, bucket.bits - shift)) - 1;
        std::array<std::uint32_t, kDigits> place{};
        for (std::size_t i = 0; i < bucket.count; ++i) {
          ++place[(layout_.Word(items[i]) >> shift) & mask];
        }
        // A digit that all share changes nothing.
        if (place[(layout_.Word(items[0]) >> shift) & mask] == bucket.count) continue;
        std::uint32_t next = 0;
        for (std::uint32_t& count : place) next += std::exchange(count, next);
        for (std::size_t i = 0; i < bucket.count; ++i) {
          moved[place[(layout_.Word(items[i]) >> shift) & mask]++] = items[i];
        }
        std::swap(items, moved);
      }
    }
    for (std::size_t i = 0; i < bucket.count; ++i) {
      order_[bucket.first + i] = layout_.Place(items[i]);
    }
  }

  const KernelContext& context_;
  std::size_t count_;
  int bits_;
  Layout<Item> layout_;
  Scratch<Item> items_;
  Scratch<Item> spare_;
  Scratch<Row> order_;
};

}  // namespace

Result<Scratch<Row>> SortByWords(std::size_t count, int bits, const WordSource& source,
                                 const KernelContext& context) {
  if (bits + static_cast<int>(std::bit_width(count)) <= 64) {
    return WordSort<SlimItem>(count, bits, context).Run(source);
  }
  return WordSort<WideItem>(count, bits, context).Run(source);
}

Result<Scratch<Row>> SortByWordKeys(std::size_t count, std::span<const WordKey> keys,
                                    const KernelContext& context) {
  columnar::BufferPool& pool = *PoolOf(context);
  if (keys.empty()) {
    Scratch<Row> rows(count, pool);
    std::iota(rows.begin(), rows.end(), Row{0});
    return rows;
  }
  // Least significant word first; each sort keeps the order of the one before.
  LG_ASSIGN_OR_RETURN(Scratch<Row> rows,
                      SortByWords(count, keys.back().bits, keys.back().source, context));
  Scratch<std::uint64_t> words;
  for (std::size_t at = keys.size() - 1; at-- > 0;) {
    if (words.empty()) words = Scratch<std::uint64_t>(count, pool);
    LG_RETURN_IF_ERROR(
        ParallelRanges(context, RowRanges{count}, [&](std::size_t from, std::size_t to) -> Status {
          keys[at].source(from, to, words.data() + from);
          return {};
        }));
    LG_ASSIGN_OR_RETURN(Scratch<Row> places,
                        SortByWords(
                            count, keys[at].bits,
                            [&](std::size_t from, std::size_t to, std::uint64_t* out) {
                              for (std::size_t i = from; i < to; ++i)
                                out[i - from] = words[rows[i]];
                            },
                            context));
    LG_RETURN_IF_ERROR(
        ParallelRanges(context, RowRanges{count}, [&](std::size_t from, std::size_t to) -> Status {
          for (std::size_t i = from; i < to; ++i) {
            places[i] = rows[places[i]];
          }
          return {};
        }));
    rows = std::move(places);
  }
  return rows;
}

}  // namespace lakegate::kernels
