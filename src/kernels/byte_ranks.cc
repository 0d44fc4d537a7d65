#include "kernels/byte_ranks.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <mutex>
#include <optional>
#include <utility>

#include "base/try.h"
#include "columnar/bits.h"
#include "kernels/kernel_stream.h"
#include "kernels/key_table.h"
#include "kernels/order_words.h"
#include "kernels/parallel.h"
#include "kernels/word_sort.h"

namespace lakegate::kernels {
namespace {

using columnar::Scratch;
using Texts = Scratch<std::string_view>;

bool IsValid(const FieldPiece& piece, std::int64_t row) {
  return piece.validity == nullptr || columnar::GetBit(piece.validity, piece.validity_slot + row);
}

std::string_view FirstText(const std::vector<FieldPiece>& pieces, BytesAt at) {
  for (const FieldPiece& piece : pieces) {
    for (std::int64_t row = 0; row < static_cast<std::int64_t>(piece.rows); ++row) {
      if (IsValid(piece, row)) return at(piece, piece.slot + row);
    }
  }
  return {};
}

// Every value where its row is. A null stands as some value, so that it does not shorten what
// all of them begin with.
Result<Texts> ReadTexts(const std::vector<FieldPiece>& pieces, BytesAt at, std::size_t rows,
                        const KernelContext& context) {
  Texts texts(rows, *PoolOf(context));
  const std::string_view some = FirstText(pieces, at);
  LG_RETURN_IF_ERROR(ParallelFor(context, pieces.size(), [&](std::size_t p) -> Status {
    const FieldPiece& piece = pieces[p];
    for (std::size_t i = 0; i < piece.rows; ++i) {
      if (StopAt(i, context.cancel)) return Cancelled("sort");
      const auto row = static_cast<std::int64_t>(i);
      texts[piece.first_row + i] = IsValid(piece, row) ? at(piece, piece.slot + row) : some;
    }
    return {};
  }));
  return texts;
}

std::size_t CommonBytes(std::string_view a, std::string_view b) {
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(differ.first - a.begin());
}

// Bytes that all values begin with.
Result<std::size_t> SharedPrefix(const Texts& texts, const KernelContext& context) {
  std::atomic<std::size_t> shared = texts[0].size();
  LG_RETURN_IF_ERROR(ParallelRanges(
      context, RowRanges{texts.size()}, [&](std::size_t first, std::size_t last) -> Status {
        std::size_t mine = shared.load(std::memory_order_relaxed);
        for (std::size_t i = first; i < last && mine > 0; ++i) {
          mine = CommonBytes(texts[0].substr(0, mine), texts[i]);
        }
        std::size_t known = shared.load(std::memory_order_relaxed);
        while (mine < known && !shared.compare_exchange_weak(known, mine)) {
        }
        return {};
      }));
  return shared.load();
}

// Rows [first, last) of `order` agree in the bytes up to `from`: sorts them by the rest.
// Merge sort by hand where they are many: std::sort cannot be cancelled.
Status SortRun(const Texts& texts, std::size_t from, Row* first, std::size_t count,
               const CancelToken& cancel) {
  constexpr std::size_t kRun = 4096;
  const auto less = [&](Row a, Row b) {
    const int compared = texts[a]
                             .substr(std::min(from, texts[a].size()))
                             .compare(texts[b].substr(std::min(from, texts[b].size())));
    return compared != 0 ? compared < 0 : a < b;
  };
  for (std::size_t at = 0; at < count; at += kRun) {
    if (cancel.cancelled()) return Cancelled("sort");
    std::sort(first + at, first + std::min(at + kRun, count), less);
  }
  if (count <= kRun) return {};
  std::vector<Row> merged(count);
  Row* source = first;
  Row* target = merged.data();
  for (std::size_t width = kRun; width < count; width *= 2) {
    for (std::size_t at = 0; at < count; at += 2 * width) {
      std::size_t a = at;
      std::size_t b = std::min(at + width, count);
      const std::size_t a_end = b;
      const std::size_t b_end = std::min(at + 2 * width, count);
      for (std::size_t out = at; out < b_end; ++out) {
        if (StopAt(out, cancel)) return Cancelled("sort");
        const bool from_b = a == a_end || (b < b_end && less(source[b], source[a]));
        target[out] = source[from_b ? b++ : a++];
      }
    }
    std::swap(source, target);
  }
  if (source != first) std::copy(source, source + count, first);
  return {};
}

// Sorts the runs of rows that agree in the word, of those that begin at [first, last).
// starts[i]: a run begins at place i.
Status SortRuns(const Texts& texts, const Scratch<std::uint8_t>& starts, std::size_t shared,
                std::size_t first, std::size_t last, const CancelToken& cancel,
                Scratch<Row>* order) {
  std::size_t at = first;
  while (at < last && starts[at] == 0) ++at;
  while (at < last) {
    std::size_t end = at + 1;
    while (end < starts.size() && starts[end] == 0) ++end;
    if (end - at > 1) {
      LG_RETURN_IF_ERROR(SortRun(texts, shared, order->data() + at, end - at, cancel));
    }
    at = end;
  }
  return {};
}

Result<Ranks> RankMany(const Texts& texts, const KernelContext& context) {
  const std::size_t rows = texts.size();
  LG_ASSIGN_OR_RETURN(const std::size_t shared, SharedPrefix(texts, context));
  Scratch<std::uint64_t> words(rows, *PoolOf(context));
  const auto prefix = [&](std::size_t row) {
    return PrefixOf(texts[row].substr(std::min(shared, texts[row].size())));
  };
  LG_RETURN_IF_ERROR(
      ParallelRanges(context, RowRanges{rows}, [&](std::size_t first, std::size_t last) -> Status {
        for (std::size_t i = first; i < last; ++i) words[i] = prefix(i);
        return {};
      }));
  LG_ASSIGN_OR_RETURN(Scratch<Row> order,
                      SortByWords(
                          rows, 64,
                          [&](std::size_t first, std::size_t last, std::uint64_t* out) {
                            std::copy(words.data() + first, words.data() + last, out);
                          },
                          context));
  Scratch<std::uint8_t> starts(rows, *PoolOf(context));
  LG_RETURN_IF_ERROR(
      ParallelRanges(context, RowRanges{rows}, [&](std::size_t first, std::size_t last) -> Status {
        for (std::size_t i = first; i < last; ++i) {
          starts[i] = i == 0 || words[order[i]] != words[order[i - 1]] ? 1 : 0;
        }
        return {};
      }));
  LG_RETURN_IF_ERROR(
      ParallelRanges(context, RowRanges{rows}, [&](std::size_t first, std::size_t last) -> Status {
        return SortRuns(texts, starts, shared, first, last, context.cancel, &order);
      }));
  Ranks ranks{Scratch<std::uint32_t>(rows, *PoolOf(context)), 0};
  std::uint32_t rank = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    if (StopAt(i, context.cancel)) return Cancelled("sort");
    if (i > 0) {
      if (starts[i] != 0 || texts[order[i - 1]] != texts[order[i]]) ++rank;
    }
    ranks.rank[order[i]] = rank;
  }
  ranks.count = rank + 1;
  return ranks;
}

Result<Scratch<std::uint64_t>> HashesOf(const Texts& texts, const KernelContext& context) {
  Scratch<std::uint64_t> hashes(texts.size(), *PoolOf(context));
  LG_RETURN_IF_ERROR(ParallelRanges(context, RowRanges{texts.size()},
                                    [&](std::size_t first, std::size_t last) -> Status {
                                      for (std::size_t row = first; row < last; ++row)
                                        hashes[row] = HashBytes(texts[row]);
                                      return {};
                                    }));
  return hashes;
}

// Whether so many distinct values among the first `rows` of `all` say that sorting them alone
// does not pay.
bool AreMany(std::size_t distinct, std::size_t rows, std::size_t all) {
  const std::size_t look = std::clamp<std::size_t>(all / 8, 2'048, std::size_t{1} << 16);
  if (rows == look) return distinct > look / 2;
  return distinct > std::max(look, all / 8);
}

// Ranks by way of a table of the distinct values; nothing once there are many.
Result<std::optional<Ranks>> RankFew(const Texts& texts, const KernelContext& context) {
  constexpr std::size_t kAhead = 32;  // rows whose place in the table is asked for early
  const std::size_t rows = texts.size();
  LG_ASSIGN_OR_RETURN(const Scratch<std::uint64_t> hashes, HashesOf(texts, context));
  BytesTable table;
  std::vector<std::string_view> distinct;
  Ranks ranks{Scratch<std::uint32_t>(rows, *PoolOf(context)), 0};
  for (std::size_t row = 0; row < rows; ++row) {
    if (StopAt(row, context.cancel)) return Cancelled("sort");
    if (row + kAhead < rows) table.Prefetch(hashes[row + kAhead]);
    const auto next = static_cast<std::uint32_t>(distinct.size());
    ranks.rank[row] = table.Find(texts[row], hashes[row], next);
    if (ranks.rank[row] == next) distinct.push_back(texts[row]);
    if (AreMany(distinct.size(), row + 1, rows)) return std::optional<Ranks>();
  }
  Texts values(distinct.size(), *PoolOf(context));
  std::copy(distinct.begin(), distinct.end(), values.begin());
  LG_ASSIGN_OR_RETURN(const Ranks rank_of, RankMany(values, context));
  LG_RETURN_IF_ERROR(
      ParallelRanges(context, RowRanges{rows}, [&](std::size_t first, std::size_t last) -> Status {
        for (std::size_t row = first; row < last; ++row) {
          ranks.rank[row] = rank_of.rank[ranks.rank[row]];
        }
        return {};
      }));
  ranks.count = rank_of.count;
  return std::optional<Ranks>(std::move(ranks));
}

}  // namespace

Result<Ranks> RankBytes(const std::vector<FieldPiece>& pieces, BytesAt at,
                        const KernelContext& context) {
  const std::size_t rows = pieces.back().first_row + pieces.back().rows;
  LG_ASSIGN_OR_RETURN(const Texts texts, ReadTexts(pieces, at, rows, context));
  LG_ASSIGN_OR_RETURN(std::optional<Ranks> few, RankFew(texts, context));
  if (few) return *std::move(few);
  return RankMany(texts, context);
}

}  // namespace lakegate::kernels
