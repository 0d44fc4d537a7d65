#include "kernels/order_codes.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/try.h"
#include "kernels/packed_order.h"
#include "kernels/parallel.h"

namespace lakegate::kernels {

Result<CodeColumn> CodesOf(const PackedOrder& order, const KernelContext& context) {
  CodeColumn column;
  column.codes.resize(order.rows);
  if (order.words.empty()) return column;
  if (order.words.size() == 1) {
    column.bits = order.words.front().bits();
    LG_RETURN_IF_ERROR(ParallelRanges(
        context, RowRanges{order.rows}, [&](std::size_t first, std::size_t last) -> Status {
          order.words.front().Fill(first, last, column.codes.data() + first);
          return {};
        }));
    return column;
  }
  LG_ASSIGN_OR_RETURN(const Ranks ranks, RankPacked(order, context));
  std::copy(ranks.rank.begin(), ranks.rank.end(), column.codes.begin());
  column.bits = static_cast<int>(std::bit_width(std::uint64_t{ranks.count - 1}));
  return column;
}

Result<CodeColumn> OrderCodes(const columnar::Collected& table, const SortKey& key,
                              std::string_view role, const KernelContext& context) {
  return OrderCodes(table, std::span(&key, 1), role, context);
}

Result<CodeColumn> OrderCodes(const columnar::Collected& table, std::span<const SortKey> keys,
                              std::string_view role, const KernelContext& context) {
  LG_ASSIGN_OR_RETURN(const PackedOrder order, PackOrder(table, keys, role, context));
  return CodesOf(order, context);
}

Result<CodeColumn> OrderCodes(const columnar::Collected& table, const SortKey& key,
                              std::string_view role, const CancelToken& cancel) {
  KernelContext context;
  context.cancel = cancel;
  return OrderCodes(table, key, role, context);
}

Result<CodeColumn> OrderCodes(const columnar::Collected& table, std::span<const SortKey> keys,
                              std::string_view role, const CancelToken& cancel) {
  KernelContext context;
  context.cancel = cancel;
  return OrderCodes(table, keys, role, context);
}

}  // namespace lakegate::kernels
