// Sorts more rows than fit in memory: what fits is sorted and spilled as a run, and in the end
// the runs are merged as the reader pulls.
//
// Method of the merge: the next batches of all runs are put side by side and sorted like any
// other table; what comes no later than the first of their last rows is in its place, because
// no row still to be read comes before that. Batches stand in the order of their runs, so that
// equal rows leave in the order they came.
// Memory: a run is spilled in pieces of a 64th of the memory limit, or of one row that is larger,
// and no more runs are merged at once than a piece of each fits. Counted again as they are read.
#ifndef LAKEGATE_KERNELS_EXTERNAL_SORT_H_
#define LAKEGATE_KERNELS_EXTERNAL_SORT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "lakegate/arrow.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"
#include "lakegate/row_spill.h"

namespace lakegate::kernels {

class ExternalSort {
 public:
  // The context has a spill. `schema` is that of the output, for rows of `keys` columns;
  // `row_bytes` are the working arrays of a row.
  ExternalSort(OwnedSchema schema, std::vector<SortKey> keys, std::int64_t row_bytes,
               std::string_view kernel, const KernelContext& context);

  bool empty() const { return runs_.empty(); }
  // Sorts the rows and puts them aside. Errors of PackOrder and of RowSpill::Keep.
  Status AddRun(columnar::Collected table);
  // All rows in order, those of earlier runs before equal ones of later runs.
  Result<ArrowStream> Merge() &&;

 private:
  using Runs = std::vector<std::shared_ptr<const SpilledRows>>;
  // Runs [first, last), which it lets go of.
  Result<ArrowStream> MergeOf(std::size_t first, std::size_t last, std::int64_t batch_rows);
  Status PutAside(ArrowStream rows, Runs* runs);
  std::size_t RunsAtOnce() const;

  OwnedSchema schema_;
  std::vector<SortKey> keys_;
  std::int64_t row_bytes_;
  std::string_view kernel_;
  KernelContext context_;
  Runs runs_;
  std::int64_t run_batch_rows_ = 0;  // of the longest run
  std::int64_t largest_piece_ = 0;   // in bytes, working arrays included
};

// The rows of a table in order. Errors of PackOrder.
Result<ArrowStream> SortedInMemory(OwnedSchema schema, columnar::Collected table,
                                   const std::vector<SortKey>& keys, std::string_view kernel,
                                   const KernelContext& context);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_EXTERNAL_SORT_H_
