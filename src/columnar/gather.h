// Copies chosen rows of collected batches into a new batch, for every Arrow type.
//
// Views stay views (16 bytes a value; the bytes are shared), dictionaries stay dictionaries
// (shared when all batches have the same one, united by value otherwise), lists, maps,
// structs, unions and run-end-encoded columns are rebuilt to their depth. A long run of
// consecutive rows of one batch is a slice of it, which copies nothing.
#ifndef LAKEGATE_COLUMNAR_GATHER_H_
#define LAKEGATE_COLUMNAR_GATHER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columnar/array_parts.h"
#include "columnar/buffer_pool.h"
#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::columnar {

// Row -1 stands for a row of nulls.
inline constexpr std::int64_t kNullRow = -1;

class Gatherer {
 public:
  // Rows are numbered over all batches in order. The schema is copied, batches are shared;
  // they must have passed CheckArray. kUnsupported for a format outside the specification.
  static Result<Gatherer> Make(const ArrowSchema& schema, const std::vector<SharedArray>& batches,
                               const std::shared_ptr<BufferPool>& pool);
  Gatherer(Gatherer&&) noexcept;
  Gatherer& operator=(Gatherer&&) noexcept;
  ~Gatherer();

  std::int64_t rows() const;

  // The whole batch, or its columns: all, or some in the order asked for.
  // kResourceLimit when a column with 32-bit offsets would pass 2 GiB (fewer rows at once
  // help); kUnsupported when united dictionaries outgrow their index type.
  Result<OwnedArray> Rows(std::span<const std::int64_t> rows) const;
  Result<std::vector<OwnedArray>> Columns(std::span<const std::int64_t> rows) const;
  Result<std::vector<OwnedArray>> Columns(std::span<const std::int64_t> rows,
                                          std::span<const std::int64_t> columns) const;
  // Columns of the rows [first, first + count), of which there must be so many.
  Result<std::vector<OwnedArray>> Range(std::int64_t first, std::int64_t count) const;

 private:
  struct State;
  explicit Gatherer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// All batches as one. One batch is handed through without a copy.
Result<OwnedArray> Concatenate(const ArrowSchema& schema, const std::vector<SharedArray>& batches,
                               const std::shared_ptr<BufferPool>& pool);

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_GATHER_H_
