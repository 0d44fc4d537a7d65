// Sort keys over a table packed into as few 64-bit words a row as they need, and rows sorted
// by them.
//
// Method of the sort: one pass splits the rows by their top bits into buckets that fit the
// cache, each bucket is radix sorted there; ranges and buckets are spread over the threads.
// A row that is packed beside its code costs no memory traffic of its own.
#ifndef LAKEGATE_KERNELS_PACKED_ORDER_H_
#define LAKEGATE_KERNELS_PACKED_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "columnar/scratch.h"
#include "kernels/order_fields.h"
#include "kernels/work.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// One word of an order: fields side by side, the first one on top.
class PackedWord {
 public:
  int bits() const { return bits_; }
  bool Fits(const OrderField& field) const { return bits_ + field.bits() <= 64; }
  void Add(OrderField field);

  // The words of rows [first, last); all are below 2^bits().
  void Fill(std::size_t first, std::size_t last, std::uint64_t* words) const;

 private:
  std::vector<OrderField> fields_;
  int bits_ = 0;
};

// Rows compare by their words, the first being the most significant; no word: all are equal.
struct PackedOrder {
  std::vector<PackedWord> words;
  std::size_t rows = 0;
};

PackedOrder Pack(std::vector<OrderField> fields, std::size_t rows);

// The order of several keys. Errors of FieldsOf. The table must outlive it.
Result<PackedOrder> PackOrder(const columnar::Collected& table, std::span<const SortKey> keys,
                              std::string_view role, const KernelContext& context);

// The rows in order; equal rows stay in theirs. kCancelled.
Result<columnar::Scratch<Row>> SortPacked(const PackedOrder& order, const KernelContext& context);

// Dense numbers 0, 1, ... that order as the rows do, ties included.
struct Ranks {
  columnar::Scratch<std::uint32_t> rank;
  std::uint32_t count = 0;
};
Result<Ranks> RankPacked(const PackedOrder& order, const KernelContext& context);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_PACKED_ORDER_H_
