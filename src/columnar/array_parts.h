// Puts an owned Arrow array together from buffers, children and whatever keeps them alive.
#ifndef LAKEGATE_COLUMNAR_ARRAY_PARTS_H_
#define LAKEGATE_COLUMNAR_ARRAY_PARTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "columnar/buffer_pool.h"
#include "lakegate/arrow.h"

namespace lakegate::columnar {

// One buffer of an array: a pointer, and shared ownership of what it points into (shared:
// slices, dictionaries and views of several batches stand on the same bytes).
struct SharedBuffer {
  const void* data = nullptr;
  std::shared_ptr<const void> owner = {};
};

// A pool buffer as a shared one.
SharedBuffer Share(Buffer buffer);

struct ArrayParts {
  std::int64_t length = 0;
  std::int64_t null_count = 0;  // -1: not known
  std::int64_t offset = 0;
  std::vector<SharedBuffer> buffers = {};
  std::vector<OwnedArray> children = {};
  OwnedArray dictionary = {};
};

// Takes the parts over; `release` frees them, also from another thread.
OwnedArray MakeArray(ArrayParts parts);

// Columns of `rows` rows each as a batch: a struct without nulls.
OwnedArray BatchOf(std::vector<OwnedArray> columns, std::int64_t rows);

// Shared ownership of an array (shared: many slices and gathered views borrow from a batch).
using SharedArray = std::shared_ptr<const OwnedArray>;
SharedArray ShareArray(OwnedArray array);

// Another array over the same memory: `part` is `*owner` itself or anything inside it (a
// child, a dictionary). Nothing is copied.
OwnedArray Borrow(const ArrowArray& part, const SharedArray& owner);

// Rows [first, first + length) of a batch without copying. The struct itself gets offset 0
// and its children are sliced, which every consumer understands.
OwnedArray SliceBatch(const SharedArray& batch, std::int64_t first, std::int64_t length);
// The same for one column of any type.
OwnedArray SliceArray(const ArrowArray& part, const SharedArray& owner, std::int64_t first,
                      std::int64_t length);

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_ARRAY_PARTS_H_
