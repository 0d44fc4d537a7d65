// Owned Arrow structs: one move-only handle for each struct of arrow_c.h.
//
// Ownership: a handle calls `release` once, in its destructor, unless `Release()` moved the
// struct out. A moved-from handle is empty and may only be assigned to or destroyed.
// Threads: an `ArrowStream` is read from one thread at a time; an `ArrowArray` that nobody
// writes may be read from many. Shapes: a batch is a struct array (format "+s") whose
// children are the columns; the top level has neither nulls nor an offset unless a foreign
// producer says so, and readers in this library accept both.
#ifndef LAKEGATE_ARROW_H_
#define LAKEGATE_ARROW_H_

#include <memory>
#include <optional>
#include <vector>

#include "lakegate/arrow_c.h"
#include "lakegate/export.h"
#include "lakegate/result.h"

namespace lakegate {

// The RAII shape shared by the three structs: all have a `release` that clears itself.
template <typename CStruct>
class Owned {
 public:
  Owned() : struct_{} {}
  // Takes the struct over; `*source` is left empty, as the C interface asks for a move.
  explicit Owned(CStruct* source) : struct_(*source) { source->release = nullptr; }
  Owned(Owned&& other) noexcept : struct_(other.struct_) { other.struct_.release = nullptr; }
  Owned& operator=(Owned&& other) noexcept {
    if (this != &other) {
      Reset();
      struct_ = other.struct_;
      other.struct_.release = nullptr;
    }
    return *this;
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { Reset(); }

  bool empty() const { return struct_.release == nullptr; }
  const CStruct& operator*() const { return struct_; }
  const CStruct* operator->() const { return &struct_; }
  CStruct* get() { return &struct_; }
  const CStruct* get() const { return &struct_; }

  // Moves the struct into `*out`, which then owns it; this handle is empty afterwards.
  void Release(CStruct* out) {
    *out = struct_;
    struct_.release = nullptr;
  }
  void Reset() {
    if (struct_.release != nullptr) struct_.release(&struct_);
    struct_.release = nullptr;
  }

 private:
  CStruct struct_;
};

using OwnedSchema = Owned<struct ArrowSchema>;
using OwnedArray = Owned<struct ArrowArray>;

// A stream of batches, pulled one at a time; its schema never changes. Errors keep their kind.
class LAKEGATE_EXPORT RecordStream {
 public:
  virtual ~RecordStream() = default;

  // The struct schema (format "+s") of every batch. Borrowed; lives as long as the stream.
  virtual const ArrowSchema& schema() const = 0;

  // The next batch, or an empty optional at the end. After an error or the end the stream
  // gives the same answer again. Blocks; the cancel token given where the stream was made
  // is what interrupts it (kCancelled).
  virtual Result<std::optional<OwnedArray>> Next() = 0;
};

using ArrowStream = std::unique_ptr<RecordStream>;

// Takes over a C stream, for example one from pyarrow or another engine; `*source` is left
// empty, also on failure. kInvalidArgument when it is already released; kCorruptData when
// its schema is no struct; errors of the producer arrive as kIo with its own text.
LAKEGATE_EXPORT Result<ArrowStream> ImportStream(struct ArrowArrayStream* source);

// Hands a stream to a consumer of the C interface. `*out` owns it. Kinds become errno
// values there (ECANCELED, ENOMEM, EINVAL, EIO), the message is `get_last_error`.
LAKEGATE_EXPORT void ExportStream(ArrowStream stream, struct ArrowArrayStream* out);

// A stream over batches that are already in memory. Each batch must have `schema`'s shape.
LAKEGATE_EXPORT ArrowStream StreamOf(OwnedSchema schema, std::vector<OwnedArray> batches);

// A deep copy of a schema, names and metadata included.
LAKEGATE_EXPORT OwnedSchema CopySchema(const ArrowSchema& schema);

}  // namespace lakegate

#endif  // LAKEGATE_ARROW_H_
