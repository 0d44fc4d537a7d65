#include "kernels/column_values.h"

#include <bit>
#include <cmath>
#include <limits>

#include "base/try.h"

namespace lakegate::kernels {

Result<std::vector<columnar::ColumnView>> ViewsOf(const columnar::Collected& table,
                                                  std::int64_t column) {
  std::vector<columnar::ColumnView> views;
  views.reserve(table.batches.size());
  for (const auto& batch : table.batches) {
    LG_ASSIGN_OR_RETURN(const auto top, columnar::ColumnView::Open(*table.schema, **batch));
    LG_ASSIGN_OR_RETURN(auto view, top.Child(column));
    views.push_back(view);
  }
  return views;
}

std::uint64_t CanonicalBits(double value) {
  if (std::isnan(value))
    return std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN());
  return std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
}

std::uint64_t OrderedBits(double value) {
  const std::uint64_t bits = CanonicalBits(value);
  const std::uint64_t sign = std::uint64_t{1} << 63;
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

}  // namespace lakegate::kernels
