// Builds columns and batches value by value: tests, receipts, catalog tables, renderers.
// (Kernels copy whole columns; see gather.h.)
//
// One class for every buildable type: null "n", bool "b", integers "cCsSiIlL", floats "f" and
// "g", strings and binary "u" "U" "z" "Z", fixed-size binary "w:N", decimals "d:…", date, time,
// timestamp and duration "td…" "tt…" "ts…" "tD…" (by their integer), lists "+l" "+L", structs
// "+s" and maps "+m" of those. Appending a value of another type is a bug (assertion).
#ifndef LAKEGATE_COLUMNAR_BUILDER_H_
#define LAKEGATE_COLUMNAR_BUILDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/schema.h"
#include "columnar/type.h"
#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::columnar {

class ColumnBuilder {
 public:
  // kUnsupported for a type that is not in the list above.
  static Result<ColumnBuilder> Make(const ArrowSchema& field);

  std::int64_t length() const { return length_; }
  const DataType& type() const { return type_; }

  // A struct's null also appends a null to each child.
  void AppendNull();
  // Integers, temporal types, decimal32/64; the value must fit (assertion).
  void AppendInt(std::int64_t value);
  void AppendUint(std::uint64_t value);
  void AppendDouble(double value);
  void AppendBool(bool value);
  // Strings and binary; for fixed-size types (fixed binary, decimals) exactly their width.
  void AppendBytes(std::string_view value);
  // A list row: the items appended to child(0) since the last row. A struct row: one value
  // appended to every child before this call.
  void AppendNested();

  ColumnBuilder& child(std::int64_t index) { return children_[static_cast<std::size_t>(index)]; }

  // The column built so far; the builder is empty afterwards.
  OwnedArray Finish();

 private:
  ColumnBuilder() = default;
  void AppendValidity(bool valid);
  void AppendFixed(const void* value);
  void AppendOffset();

  DataType type_;
  std::int64_t length_ = 0;
  std::int64_t null_count_ = 0;
  std::vector<std::uint8_t> validity_;  // one byte a row
  std::vector<std::uint8_t> fixed_;     // values, or one byte a bool
  std::vector<std::int64_t> offsets_;   // ends of strings and lists
  std::string bytes_;
  std::vector<ColumnBuilder> children_;
};

// Builds batches of a struct schema; the schema is copied.
class BatchBuilder {
 public:
  static Result<BatchBuilder> Make(const ArrowSchema& schema);

  const ArrowSchema& schema() const { return *schema_; }
  ColumnBuilder& column(std::int64_t index) { return columns_[static_cast<std::size_t>(index)]; }
  std::int64_t column_count() const { return static_cast<std::int64_t>(columns_.size()); }

  // The batch built so far. All columns must have the same length (assertion).
  OwnedArray Finish();

 private:
  BatchBuilder() = default;
  OwnedSchema schema_;
  std::vector<ColumnBuilder> columns_;
};

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_BUILDER_H_
