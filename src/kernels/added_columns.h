// Columns that a kernel adds to those of its inputs.
#ifndef LAKEGATE_KERNELS_ADDED_COLUMNS_H_
#define LAKEGATE_KERNELS_ADDED_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "columnar/array_parts.h"
#include "columnar/buffer_pool.h"
#include "lakegate/arrow.h"

namespace lakegate::kernels {

OwnedArray Int64Column(std::span<const std::int64_t> values, columnar::BufferPool& pool);
// valid[i] is 0 where a value is null.
OwnedArray DoubleColumn(std::span<const double> values, std::span<const std::uint8_t> valid,
                        columnar::BufferPool& pool);

// utf8 columns out of a few words. Columns of one word only share their memory, however many
// there are of them.
class WordColumns {
 public:
  WordColumns(std::vector<std::string_view> words, std::size_t usual)
      : words_(std::move(words)), usual_(usual) {}

  // Makes columns of up to `rows` times the usual word ready. Before threads use it.
  void Reserve(std::size_t rows, columnar::BufferPool& pool);
  // words[indices[i]].
  OwnedArray Make(std::span<const std::uint8_t> indices, columnar::BufferPool& pool) const;

 private:
  std::vector<std::string_view> words_;
  std::size_t usual_;
  // The usual word, reserved_ times.
  std::size_t reserved_ = 0;
  columnar::SharedBuffer offsets_;
  columnar::SharedBuffer bytes_;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ADDED_COLUMNS_H_
