#include "kernels/packed_order.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "kernels/kernel_stream.h"
#include "kernels/parallel.h"
#include "kernels/word_sort.h"

namespace lakegate::kernels {

using columnar::Scratch;

void PackedWord::Add(OrderField field) {
  bits_ += field.bits();
  fields_.push_back(std::move(field));
}

void PackedWord::Fill(std::size_t first, std::size_t last, std::uint64_t* words) const {
  std::fill(words, words + (last - first), 0);
  for (const OrderField& field : fields_) field.Append(first, last, words);
}

PackedOrder Pack(std::vector<OrderField> fields, std::size_t rows) {
  PackedOrder order;
  order.rows = rows;
  for (OrderField& field : fields) {
    if (field.bits() == 0) continue;
    if (order.words.empty() || !order.words.back().Fits(field)) order.words.emplace_back();
    order.words.back().Add(std::move(field));
  }
  return order;
}

Result<PackedOrder> PackOrder(const columnar::Collected& table, std::span<const SortKey> keys,
                              std::string_view role, const KernelContext& context) {
  std::vector<OrderField> fields;
  for (const SortKey& key : keys) {
    LG_ASSIGN_OR_RETURN(std::vector<OrderField> more, FieldsOf(table, key, role, context));
    std::move(more.begin(), more.end(), std::back_inserter(fields));
  }
  return Pack(std::move(fields), static_cast<std::size_t>(table.rows));
}

Result<Scratch<Row>> SortPacked(const PackedOrder& order, const KernelContext& context) {
  std::vector<WordKey> keys;
  keys.reserve(order.words.size());
  for (const PackedWord& word : order.words) {
    keys.push_back(WordKey{word.bits(), [&word](std::size_t from, std::size_t to,
                                                std::uint64_t* out) { word.Fill(from, to, out); }});
  }
  return SortByWordKeys(order.rows, keys, context);
}

namespace {

// differs[i]: row i of the order has other words than the one before it.
Status MarkDifferent(const PackedOrder& order, const Scratch<Row>& rows,
                     const KernelContext& context, Scratch<std::uint8_t>* differs) {
  std::fill(differs->begin(), differs->end(), 0);
  Scratch<std::uint64_t> words(order.rows, *PoolOf(context));
  for (const PackedWord& word : order.words) {
    LG_RETURN_IF_ERROR(ParallelRanges(context, RowRanges{order.rows},
                                      [&](std::size_t from, std::size_t to) -> Status {
                                        word.Fill(from, to, words.data() + from);
                                        return {};
                                      }));
    LG_RETURN_IF_ERROR(ParallelRanges(
        context, RowRanges{order.rows}, [&](std::size_t from, std::size_t to) -> Status {
          for (std::size_t i = std::max<std::size_t>(from, 1); i < to; ++i) {
            if (words[rows[i]] != words[rows[i - 1]]) (*differs)[i] = 1;
          }
          return {};
        }));
  }
  return {};
}

}  // namespace

Result<Ranks> RankPacked(const PackedOrder& order, const KernelContext& context) {
  columnar::BufferPool& pool = *PoolOf(context);
  Ranks ranks{Scratch<std::uint32_t>(order.rows, pool), 0};
  if (order.rows == 0) return ranks;
  LG_ASSIGN_OR_RETURN(const Scratch<Row> rows, SortPacked(order, context));
  Scratch<std::uint8_t> differs(order.rows, pool);
  LG_RETURN_IF_ERROR(MarkDifferent(order, rows, context, &differs));
  std::uint32_t rank = 0;
  for (std::size_t i = 0; i < order.rows; ++i) {
    if (StopAt(i, context.cancel)) return Cancelled("sort");
    rank += differs[i];
    ranks.rank[rows[i]] = rank;
  }
  ranks.count = rank + 1;
  return ranks;
}

}  // namespace lakegate::kernels
