// A typed, borrowed view of one column: what code that reads values works with.
//
// Opening checks the array's structure once (buffer and child counts, null pointers, lengths
// and offsets); reading then trusts it. Row numbers count from 0 in the view: the array's own
// offset is already applied. A dictionary column reads as its values.
//
// Lifetime: a view borrows array and schema. Threads: any number may read.
// Reading with the accessor of another type, or a row out of bounds, is a bug (assertion).
#ifndef LAKEGATE_COLUMNAR_VIEW_H_
#define LAKEGATE_COLUMNAR_VIEW_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "columnar/type.h"
#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::columnar {

class ColumnView {
 public:
  // kCorruptData when the array does not have the shape of its schema; kUnsupported for a
  // format that is not in the specification.
  static Result<ColumnView> Open(const ArrowSchema& schema, const ArrowArray& array);

  const ArrowSchema& schema() const { return *schema_; }
  const ArrowArray& array() const { return *array_; }
  std::int64_t length() const { return length_; }
  // The slot of row 0 in the buffers of array(): for loops that read buffers themselves.
  std::int64_t first_slot() const { return first_; }

  // The type of the values; for a dictionary column the type of the dictionary's values.
  const DataType& type() const { return values_type_; }
  bool is_dictionary() const { return dictionary_ != nullptr; }

  // Null in this column, also through a null dictionary value. Unions and run-end-encoded
  // columns have no validity of their own: ask their children.
  bool IsNull(std::int64_t row) const;
  std::int64_t CountNulls() const;

  // Any integer or temporal type, and decimal32 / decimal64 (unscaled). A uint64 above
  // INT64_MAX wraps: use Uint64 for that type.
  std::int64_t Int64(std::int64_t row) const;
  // Any unsigned integer type.
  std::uint64_t Uint64(std::int64_t row) const;
  // Floats as they are; integers rounded to the nearest double; decimals scaled, rounded.
  double Double(std::int64_t row) const;
  bool Bool(std::int64_t row) const;
  // utf8, binary (all three forms) and fixed-size binary.
  std::string_view Bytes(std::int64_t row) const;
  // The stored value of any fixed-width type, little endian: decimals, intervals, float16.
  std::string_view Raw(std::int64_t row) const;

  // List-like columns (lists, list views, fixed-size lists, maps): rows [first, second) of
  // child(0) that belong to `row`. Empty for a null row.
  std::pair<std::int64_t, std::int64_t> ListRange(std::int64_t row) const;

  // Children of a nested column as views; the rows of a struct's child are the struct's rows,
  // offsets applied. The view borrows from the same array.
  std::int64_t child_count() const { return schema_->n_children; }
  Result<ColumnView> Child(std::int64_t index) const;

  // Union: which child and which of its rows holds `row`.
  std::pair<std::int64_t, std::int64_t> UnionSlot(std::int64_t row) const;
  // Run-end encoded: which row of child(1), the values, holds `row`.
  std::int64_t RunOf(std::int64_t row) const;

  // Dictionary columns: the stored index of a non-null slot, and the dictionary itself.
  std::int64_t DictionaryIndex(std::int64_t row) const;
  // Whether the slot itself is null (the value it points at may be null as well).
  bool IsNullSlot(std::int64_t row) const;
  Result<ColumnView> Dictionary() const;

 private:
  ColumnView() = default;
  static Result<ColumnView> OpenSlice(const ArrowSchema& schema, const ArrowArray& array,
                                      std::int64_t first, std::int64_t length);
  static std::int64_t IntegerIn(const ArrowArray& array, const DataType& type, std::int64_t slot);
  std::string_view BytesAt(std::int64_t slot) const;
  // The slot of the array that holds the value: through the dictionary where there is one.
  std::int64_t ValueSlot(std::int64_t row) const;

  const ArrowSchema* schema_ = nullptr;
  const ArrowArray* array_ = nullptr;
  const ArrowArray* dictionary_ = nullptr;
  const ArrowArray* values_ = nullptr;  // array_, or the dictionary
  DataType type_;
  DataType values_type_;
  std::int64_t first_ = 0;  // slot of row 0 in array_
  std::int64_t length_ = 0;
};

// A batch (struct array) and its columns as views; each with the struct's offset applied.
class BatchView {
 public:
  // kCorruptData when the array is no batch of this schema, or has null rows.
  static Result<BatchView> Open(const ArrowSchema& schema, const ArrowArray& batch);

  const ArrowSchema& schema() const { return *schema_; }
  std::int64_t length() const { return length_; }
  std::int64_t column_count() const { return static_cast<std::int64_t>(columns_.size()); }
  const ColumnView& column(std::int64_t index) const {
    return columns_[static_cast<std::size_t>(index)];
  }
  // By name: kNotFound lists the columns there are.
  Result<ColumnView> Find(std::string_view name) const;

 private:
  const ArrowSchema* schema_ = nullptr;
  std::int64_t length_ = 0;
  std::vector<ColumnView> columns_;
};

// The structure of an array against its schema, all the way down: buffer and child counts,
// null pointers, lengths, offsets. What Open checks; cost does not grow with the rows.
Status CheckShape(const ArrowSchema& schema, const ArrowArray& array);

// CheckShape, and that what rows point at exists: offsets of strings and lists do not
// decrease and end inside the child, views lie in their buffers, dictionary indices and union
// codes are known. What copying code relies on; one pass over the rows.
Status CheckArray(const ArrowSchema& schema, const ArrowArray& array);

// Which child of a union of this format ("+ud:0,5") carries the type code; -1: none.
std::int64_t UnionChildOf(std::string_view format, std::int8_t code);

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_VIEW_H_
