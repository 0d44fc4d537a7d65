// Whole rows as canonical encodings, a block of rows at a time.
//
// A row is a list of its values (canonical.h: kList, their number, each value), so that the
// same values give the same bytes here, in StableId and in SQL. Rows are encoded column by
// column in loops over one block, which stays in cache.
//
// Threads: an encoder may be used by many, a block by one at a time. Memory: a block holds
// kRowsOfBlock rows. Errors: kUnsupported for unions.
#ifndef LAKEGATE_HASHING_ROW_ENCODER_H_
#define LAKEGATE_HASHING_ROW_ENCODER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "columnar/view.h"
#include "hashing/canonical.h"
#include "hashing/column_encoder.h"
#include "lakegate/result.h"

namespace lakegate::hashing {

inline constexpr std::size_t kRowsOfBlock = 512;

// Encodings of some rows. Each begins at a multiple of 64 bytes and is followed by zeros up
// to the next one: what BLAKE3 wants of a message.
class RowBlock {
 public:
  std::size_t rows() const { return rows_; }
  const std::uint8_t* data(std::size_t row) const { return bytes_.data() + first_[row]; }
  std::size_t size(std::size_t row) const { return size_[row]; }

 private:
  friend class RowEncoder;
  std::size_t rows_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::array<std::size_t, kRowsOfBlock> first_{};
  std::array<std::size_t, kRowsOfBlock> size_{};
  std::array<std::uint8_t*, kRowsOfBlock> cursor_{};
  // Values of columns without a loop of their own, one behind the other, and where each ends.
  CanonicalEncoder values_;
  std::vector<std::size_t> ends_;
};

class RowEncoder {
 public:
  // The columns of a batch, in the order given; borrows the batch.
  static Result<RowEncoder> Open(const columnar::BatchView& batch,
                                 std::span<const std::int64_t> columns);

  // Rows [first, first + count); count is at most kRowsOfBlock.
  void Encode(std::int64_t first, std::size_t count, RowBlock& block) const;

 private:
  // How the values of a column are read.
  enum class Form { kFixed, kText32, kText64, kOther };
  struct Column {
    columnar::ColumnView view;
    ColumnEncoder encoder;
    Form form = Form::kOther;
    Tag tag = Tag::kNull;
    const std::uint8_t* validity = nullptr;  // null: no value is null
  };

  explicit RowEncoder(std::vector<Column> columns) : columns_(std::move(columns)) {}
  static Result<Column> OpenColumn(const columnar::ColumnView& view);
  void AddSizes(std::int64_t first, RowBlock& block) const;
  static void WriteFixed(const Column& column, std::int64_t first, RowBlock& block);
  template <typename Offset>
  static void AddTextSizes(const Column& column, std::int64_t first, RowBlock& block);
  template <typename Offset>
  static void WriteText(const Column& column, std::int64_t first, RowBlock& block);

  std::vector<Column> columns_;
};

}  // namespace lakegate::hashing

#endif  // LAKEGATE_HASHING_ROW_ENCODER_H_
