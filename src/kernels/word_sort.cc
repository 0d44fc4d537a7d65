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
        order_(count, *PoolOf(context)) {}

  Result<Scratch<Row>> Run(const WordSource& source) {
    std::vector<Bucket> buckets;
    LG_ASSIGN_OR_RETURN(const bool sorted, SplitWords(source, &buckets));
    if (sorted) {
      std::iota(order_.begin(), order_.end(), Row{0});
      return std::move(order_);
    }
    spare_ = Scratch<Item>(count_, *PoolOf(context_));
    LG_RETURN_IF_ERROR(SortAll(items_.data(), spare_.data(), count_, buckets));
    return std::move(order_);
  }

 private:
  using Counts = std::array<std::size_t, kSplits>;

  // The top bits of words below 2^bits.
  struct Digit {
    explicit Digit(int bits)
        : shift(std::max(bits - kSplitBits, 0)), mask((std::size_t{1} << (bits - shift)) - 1) {}
    std::size_t Of(std::uint64_t word) const {
      return static_cast<std::size_t>(word >> shift) & mask;
    }
    int shift;
    std::size_t mask;  // kSplitBits ones, or fewer
  };

  // Calls visit(word, place) for the places [first, last).
  template <typename Visit>
  static void ForWords(const WordSource& source, std::size_t first, std::size_t last,
                       const Visit& visit) {
    constexpr std::size_t kBlock = 1024;
    std::array<std::uint64_t, kBlock> words;
    for (std::size_t from = first; from < last; from += kBlock) {
      const std::size_t to = std::min(from + kBlock, last);
      source(from, to, words.data());
      for (std::size_t i = from; i < to; ++i) visit(words[i - from], i);
    }
  }

  // Items from words, in buckets by their top bits, which items then need not hold. Returns true,
  // and makes nothing, when the words are in order as they come.
  Result<bool> SplitWords(const WordSource& source, std::vector<Bucket>* buckets) {
    struct Ends {
      std::uint64_t first = 0;
      std::uint64_t last = 0;
      bool ascending = true;
    };
    const Digit digit(bits_);
    const RowRanges ranges{count_, std::max(kGrain, count_ / 64)};
    std::vector<Counts> places(ranges.count());
    std::vector<Ends> ends(ranges.count());
    LG_RETURN_IF_ERROR(ParallelFor(context_, ranges.count(), [&](std::size_t range) -> Status {
      if (context_.cancel.cancelled()) return Cancelled("sort");
      Counts& counts = places[range];
      counts.fill(0);
      Ends of_range;
      ForWords(source, ranges.first(range), ranges.last(range),
               [&](std::uint64_t word, std::size_t place) {
                 if (place == ranges.first(range)) of_range.first = of_range.last = word;
                 of_range.ascending &= of_range.last <= word;
                 of_range.last = word;
                 ++counts[digit.Of(word)];
               });
      ends[range] = of_range;
      return {};
    }));
    bool sorted = true;
    for (std::size_t range = 0; range < ends.size(); ++range) {
      sorted &= ends[range].ascending && (range == 0 || ends[range - 1].last <= ends[range].first);
    }
    if (sorted) return true;
    items_ = Scratch<Item>(count_, *PoolOf(context_));
    SetPlaces(Bucket{0, count_, bits_}, digit, &places, buckets);
    const std::uint64_t keep = (std::uint64_t{1} << digit.shift) - 1;
    LG_RETURN_IF_ERROR(ParallelFor(context_, ranges.count(), [&](std::size_t range) -> Status {
      if (context_.cancel.cancelled()) return Cancelled("sort");
      Counts& place_of = places[range];
      ForWords(source, ranges.first(range), ranges.last(range),
               [&](std::uint64_t word, std::size_t place) {
                 items_[place_of[digit.Of(word)]++] =
                     Layout<Item>::Make(word & keep, place, layout_.place_bits);
               });
      return {};
    }));
    return false;
  }

  Status Sort(Item* from, Item* to, Bucket bucket) {
    if (bucket.count <= kManyItems || bucket.bits == 0) {
      Leaf(from, to, bucket);
      return {};
    }
    std::vector<Bucket> buckets;
    LG_RETURN_IF_ERROR(SplitIn(context_, from, to, bucket, &buckets));
    return SortAll(to, from, bucket.count, buckets);
  }

  // Sorts the buckets that `count` items were split into.
  Status SortAll(Item* from, Item* to, std::size_t count, const std::vector<Bucket>& buckets) {
    if (count <= kManyItems) {
      for (const Bucket& part : buckets) Leaf(from, to, part);
      return {};
    }
    // A bucket that holds much of everything is split again with all threads; the others are
    // one task each.
    std::vector<Bucket> small;
    for (const Bucket& part : buckets) {
      if (part.count > std::max(count / 4, kManyItems) && part.bits > 0) {
        LG_RETURN_IF_ERROR(Sort(from, to, part));
      } else {
        small.push_back(part);
      }
    }
    return ParallelFor(context_, small.size(),
                       [&](std::size_t i) { return Alone(from, to, small[i]); });
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

  // Turns what each range counted into the places of its items; lists the buckets.
  static void SetPlaces(const Bucket& bucket, const Digit& digit, std::vector<Counts>* ranges,
                        std::vector<Bucket>* buckets) {
    std::size_t next = bucket.first;
    for (std::size_t d = 0; d <= digit.mask; ++d) {
      const std::size_t first = next;
      for (Counts& counts : *ranges) next += std::exchange(counts[d], next);
      if (next > first) buckets->push_back(Bucket{first, next - first, digit.shift});
    }
  }

  // Moves the bucket's items to `to`, by their top bits, in order.
  Status SplitIn(const KernelContext& context, const Item* from, Item* to, const Bucket& bucket,
                 std::vector<Bucket>* buckets) {
    const Digit digit(bucket.bits);
    const RowRanges ranges{bucket.count, std::max(kGrain, bucket.count / 64)};
    const Item* const items = from + bucket.first;
    std::vector<Counts> places(ranges.count());
    LG_RETURN_IF_ERROR(ParallelFor(context, ranges.count(), [&](std::size_t range) -> Status {
      if (context.cancel.cancelled()) return Cancelled("sort");
      Counts& counts = places[range];
      counts.fill(0);
      for (std::size_t i = ranges.first(range); i < ranges.last(range); ++i)
        ++counts[digit.Of(layout_.Word(items[i]))];
      return {};
    }));
    SetPlaces(bucket, digit, &places, buckets);
    return ParallelFor(context, ranges.count(), [&](std::size_t range) -> Status {
      if (context.cancel.cancelled()) return Cancelled("sort");
      Counts& place = places[range];
      for (std::size_t i = ranges.first(range); i < ranges.last(range); ++i) {
        to[place[digit.Of(layout_.Word(items[i]))]++] = items[i];
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
  // The first split takes the top bits off the words.
  const int held = std::max(bits - kSplitBits, 0);
  if (held + static_cast<int>(std::bit_width(count)) <= 64) {
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
