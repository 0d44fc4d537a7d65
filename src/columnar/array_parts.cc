#include "columnar/array_parts.h"

#include <algorithm>
#include <utility>

namespace lakegate::columnar {
namespace {

// What `private_data` of every array made here points at.
struct ArrayOwner {
  std::vector<SharedBuffer> buffers;
  std::vector<const void*> buffer_pointers;
  std::vector<OwnedArray> children;
  std::vector<ArrowArray*> child_pointers;
  OwnedArray dictionary;
};

void ReleaseParts(ArrowArray* array) {
  const std::unique_ptr<ArrayOwner> owner(static_cast<ArrayOwner*>(array->private_data));
  array->release = nullptr;
}

std::vector<SharedBuffer> BorrowBuffers(const ArrowArray& part, const SharedArray& owner) {
  std::vector<SharedBuffer> buffers(static_cast<std::size_t>(part.n_buffers));
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    buffers[i] = SharedBuffer{part.buffers[i], owner};
  }
  return buffers;
}

}  // namespace

SharedBuffer Share(Buffer buffer) {
  // Shared: see SharedBuffer.
  auto owner = std::make_shared<Buffer>(std::move(buffer));
  const void* data = owner->data();
  return SharedBuffer{data, std::move(owner)};
}

OwnedArray MakeArray(ArrayParts parts) {
  auto owner = std::make_unique<ArrayOwner>();
  owner->buffers = std::move(parts.buffers);
  owner->children = std::move(parts.children);
  owner->dictionary = std::move(parts.dictionary);
  for (const auto& buffer : owner->buffers) owner->buffer_pointers.push_back(buffer.data);
  for (auto& child : owner->children) owner->child_pointers.push_back(child.get());

  ArrowArray array{};
  array.length = parts.length;
  array.null_count = parts.null_count;
  array.offset = parts.offset;
  array.n_buffers = static_cast<std::int64_t>(owner->buffer_pointers.size());
  array.n_children = static_cast<std::int64_t>(owner->child_pointers.size());
  array.buffers = owner->buffer_pointers.empty() ? nullptr : owner->buffer_pointers.data();
  array.children = owner->child_pointers.empty() ? nullptr : owner->child_pointers.data();
  array.dictionary = owner->dictionary.empty() ? nullptr : owner->dictionary.get();
  array.release = ReleaseParts;
  array.private_data = owner.release();
  return OwnedArray(&array);
}

SharedArray ShareArray(OwnedArray array) {
  return std::make_shared<const OwnedArray>(std::move(array));
}

OwnedArray Borrow(const ArrowArray& part, const SharedArray& owner) {
  ArrayParts parts;
  parts.length = part.length;
  parts.null_count = part.null_count;
  parts.offset = part.offset;
  parts.buffers = BorrowBuffers(part, owner);
  for (std::int64_t i = 0; i < part.n_children; ++i) {
    parts.children.push_back(Borrow(*part.children[i], owner));
  }
  if (part.dictionary != nullptr) parts.dictionary = Borrow(*part.dictionary, owner);
  return MakeArray(std::move(parts));
}

OwnedArray SliceArray(const ArrowArray& part, const SharedArray& owner, std::int64_t first,
                      std::int64_t length) {
  OwnedArray slice = Borrow(part, owner);
  ArrowArray* raw = slice.get();
  const bool whole = first == 0 && length == part.length;
  raw->offset += first;
  raw->length = length;
  if (!whole && raw->null_count != 0) raw->null_count = -1;
  return slice;
}

OwnedArray BatchOf(std::vector<OwnedArray> columns, std::int64_t rows) {
  ArrayParts parts;
  parts.length = rows;
  parts.buffers.resize(1);
  parts.children = std::move(columns);
  return MakeArray(std::move(parts));
}

OwnedArray SliceBatch(const SharedArray& batch, std::int64_t first, std::int64_t length) {
  const ArrowArray& source = **batch;
  std::vector<OwnedArray> columns;
  for (std::int64_t i = 0; i < source.n_children; ++i) {
    columns.push_back(SliceArray(*source.children[i], batch, source.offset + first, length));
  }
  return BatchOf(std::move(columns), length);
}

}  // namespace lakegate::columnar
