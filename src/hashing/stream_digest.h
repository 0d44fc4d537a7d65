// The digest of a stream of rows: equal rows in equal order give equal digests, however the
// rows were split into batches, sliced, or represented (dictionary, view, large offsets).
//
// Method: every column has a BLAKE3 hasher of its own, fed with the canonical encodings of
// its values in row order; the result is BLAKE3 over the logical schema, the row count and
// the columns' digests. Column by column keeps encoding and hashing in tight loops over one
// reused buffer; batch borders leave no trace in any column's byte sequence.
//
// Errors: kSchemaMismatch when a batch's shape is not the schema's, kUnsupported for unions,
// kCorruptData for a batch whose buffers do not fit its schema. Offsets and dictionary indices
// are trusted: whoever takes a batch from outside the process calls columnar::CheckArray once.
// After an error the digest is spent.
// Threads: one at a time. Memory: 2 KiB a column, and a buffer of 64 KiB or of 64
// rows' values in one column, whichever is more.
#ifndef LAKEGATE_HASHING_STREAM_DIGEST_H_
#define LAKEGATE_HASHING_STREAM_DIGEST_H_

#include <cstdint>
#include <memory>

#include "hashing/digest.h"
#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::hashing {

class StreamDigest {
 public:
  // `schema` is read once and not kept; it must be a struct schema (format "+s").
  static Result<StreamDigest> Open(const ArrowSchema& schema);

  StreamDigest(StreamDigest&&) noexcept;
  StreamDigest& operator=(StreamDigest&&) noexcept;
  ~StreamDigest();

  // `schema` must have the logical identity given to `Open`; its representation may differ
  // from batch to batch.
  Status Update(const ArrowSchema& schema, const ArrowArray& batch);

  std::int64_t rows() const;

  // May be called again after more updates.
  Digest Finish() const;

 private:
  struct State;
  explicit StreamDigest(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Passes a stream through, digesting what flows by. `Finish` on the returned pointer's
// digest is meaningful once the stream has ended; the digest outlives the stream.
struct DigestedStream {
  ArrowStream stream;
  // Shared by the stream, which updates it, and the caller, who reads it at the end.
  std::shared_ptr<StreamDigest> digest;
};
Result<DigestedStream> DigestWhileReading(ArrowStream source);

}  // namespace lakegate::hashing

#endif  // LAKEGATE_HASHING_STREAM_DIGEST_H_
