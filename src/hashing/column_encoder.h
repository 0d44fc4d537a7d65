// Values of one Arrow column as canonical encodings, in row order.
//
// For stream digests and for keys of contracts. A `ColumnEncoder` borrows the batch it was opened
// on. Errors: kUnsupported for unions, what ColumnView reports otherwise.
#ifndef LAKEGATE_HASHING_COLUMN_ENCODER_H_
#define LAKEGATE_HASHING_COLUMN_ENCODER_H_

#include <cstdint>
#include <vector>

#include "columnar/view.h"
#include "hashing/canonical.h"
#include "lakegate/result.h"

namespace lakegate::hashing {

class ColumnEncoder {
 public:
  static Result<ColumnEncoder> Open(const columnar::ColumnView& view);

  // Rows [first, first + count).
  void Encode(std::int64_t first, std::int64_t count, CanonicalEncoder& encoder) const;

 private:
  explicit ColumnEncoder(const columnar::ColumnView& view) : view_(view) {}
  void EncodeRow(std::int64_t row, CanonicalEncoder& encoder) const;
  void EncodeValue(std::int64_t row, CanonicalEncoder& encoder) const;
  void EncodeTemporal(std::int64_t row, CanonicalEncoder& encoder) const;
  void EncodeInterval(std::int64_t row, CanonicalEncoder& encoder) const;
  void EncodeList(std::int64_t row, CanonicalEncoder& encoder) const;
  void EncodeStruct(std::int64_t row, CanonicalEncoder& encoder) const;

  columnar::ColumnView view_;
  bool has_nulls_ = true;
  // Of a nested column; of a dictionary of nested values, the dictionary; of a run-end
  // encoded column, its values.
  std::vector<ColumnEncoder> children_;
};

}  // namespace lakegate::hashing

#endif  // LAKEGATE_HASHING_COLUMN_ENCODER_H_
