// A sort key over a collected table as unsigned numbers: one or a few fields of known width.
//
// A value of at most eight bytes (numbers, dates, short text) is its distance from the least
// one, so that narrow data needs few bits; a decimal is its words; longer bytes and dictionary
// values are ranked first. Nulls take the number in front of or behind all values.
// Fields are compared one after the other, the first being the most significant.
#ifndef LAKEGATE_KERNELS_ORDER_FIELDS_H_
#define LAKEGATE_KERNELS_ORDER_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "columnar/type.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// Consecutive rows whose values lie in one array. Borrows.
struct FieldPiece {
  std::size_t first_row = 0;
  std::size_t rows = 0;
  const std::uint8_t* validity = nullptr;  // nullptr: no row is null
  std::int64_t validity_slot = 0;          // of first_row
  const void* values = nullptr;            // of the layout's second buffer
  std::int64_t slot = 0;                   // of first_row in `values`
  const void* bytes = nullptr;             // behind offsets; or the codes of a dictionary
  const ArrowArray* array = nullptr;       // behind views
  std::int64_t width = 0;                  // bytes of a fixed value
};

// What a field's numbers are made of: its words in [low, high], and where nulls go.
struct FieldRange {
  std::uint64_t low = ~std::uint64_t{0};
  std::uint64_t high = 0;
  bool has_nulls = false;
};

// From word to number.
struct FieldCoding {
  std::uint64_t origin = 0;  // low; or high, where the greatest comes first
  bool descending = false;
  std::uint64_t add = 0;  // 1 where nulls stand in front
  std::uint64_t null_code = 0;
  int bits = 0;  // all numbers are below 2^bits
};

// How the words of a layout are read; one for each layout (order_words.h).
struct WordReader {
  // Widens `*range` by rows [from, from + count) of the piece.
  void (*measure)(const FieldPiece& piece, std::size_t from, std::size_t count, FieldRange* range);
  // codes[i] = (codes[i] << shift) | number of row from + i.
  void (*append)(const FieldPiece& piece, std::size_t from, std::size_t count,
                 const FieldCoding& coding, std::uint64_t* codes);
};

class OrderField {
 public:
  OrderField(std::shared_ptr<const std::vector<FieldPiece>> pieces, WordReader reader,
             FieldCoding coding)
      : pieces_(std::move(pieces)), reader_(reader), coding_(coding) {}

  int bits() const { return coding_.bits; }

  // codes[i] = (codes[i] << bits()) | number of row first + i, for rows [first, last).
  void Append(std::size_t first, std::size_t last, std::uint64_t* codes) const;

  // Keeps ranks that pieces point at.
  void Keep(std::shared_ptr<const void> owner) { kept_.push_back(std::move(owner)); }

 private:
  std::shared_ptr<const std::vector<FieldPiece>> pieces_;  // shared by the fields of a key
  WordReader reader_;
  FieldCoding coding_;
  std::vector<std::shared_ptr<const void>> kept_;  // shared: copies of a field use one array
};

// The fields of one key; none when all rows are equal. kNotFound (the columns there are),
// kUnsupported (a nested column or a calendar interval), kCancelled. `role` is the option
// that named the column. The table must outlive the fields.
Result<std::vector<OrderField>> FieldsOf(const columnar::Collected& table, const SortKey& key,
                                         std::string_view role, const KernelContext& context);

// Fields that are equal exactly where the key values are (null equals null), without sorting
// anything; nothing where that would take ranks or codes of a dictionary.
Result<std::optional<std::vector<OrderField>>> EqualityFieldsOf(const columnar::Collected& table,
                                                                std::int64_t column,
                                                                const KernelContext& context);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ORDER_FIELDS_H_
