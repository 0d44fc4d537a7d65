// The first rows of a stream looked at before it is read: enough to know whether it is small.
#ifndef LAKEGATE_WRITE_PEEK_H_
#define LAKEGATE_WRITE_PEEK_H_

#include <cstdint>
#include <optional>

#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::write {

struct Peeked {
  // All rows of the source, the ones looked at first.
  ArrowStream stream;
  // The row count, when the source ended within what was looked at.
  std::optional<std::int64_t> rows;
};

// Looks until `rows` rows or `bytes` bytes were seen, or the end.
Result<Peeked> Peek(ArrowStream source, std::int64_t rows, std::int64_t bytes);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_PEEK_H_
