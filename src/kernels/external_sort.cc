#include "kernels/external_sort.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/try.h"
#include "columnar/gather.h"
#include "columnar/scratch.h"
#include "columnar/view.h"
#include "kernels/kernel_stream.h"
#include "kernels/packed_order.h"
#include "kernels/row_stream.h"
#include "kernels/work.h"

namespace lakegate::kernels {
namespace {

using columnar::SharedArray;

// Runs merged at once; more are merged to longer runs first.
constexpr std::size_t kMostRuns = 32;
constexpr std::int64_t kBatchesOfRun = 2 * kMostRuns;

// The rows of a stream in batches of at most so many bytes, or of one row.
class Pieces final : public RecordStream {
 public:
  // Notes the bytes of the largest batch, with `row_bytes` a row, in `*largest`.
  Pieces(ArrowStream rows, std::int64_t most_bytes, std::int64_t row_bytes, std::int64_t* largest)
      : rows_(std::move(rows)), most_bytes_(most_bytes), row_bytes_(row_bytes), largest_(largest) {}

  const ArrowSchema& schema() const override { return rows_->schema(); }

  Result<std::optional<OwnedArray>> Next() override {
    if (waiting_.empty()) {
      LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, rows_->Next());
      if (!batch) return batch;
      waiting_.push_back(columnar::ShareArray(*std::move(batch)));
    }
    while (true) {
      const SharedArray batch = std::move(waiting_.back());
      waiting_.pop_back();
      const std::int64_t length = (*batch)->length;
      const std::int64_t bytes = columnar::ByteSize(schema(), **batch) + row_bytes_ * length;
      if (bytes <= most_bytes_ || length <= 1) {
        *largest_ = std::max(*largest_, bytes);
        return std::optional<OwnedArray>(columnar::SliceBatch(batch, 0, length));
      }
      // Halves, since rows differ in size.
      waiting_.push_back(Part(batch, length / 2, length));
      waiting_.push_back(Part(batch, 0, length / 2));
    }
  }

 private:
  static SharedArray Part(const SharedArray& batch, std::int64_t first, std::int64_t last) {
    return columnar::ShareArray(columnar::SliceBatch(batch, first, last - first));
  }

  ArrowStream rows_;
  std::int64_t most_bytes_;
  std::int64_t row_bytes_;
  std::int64_t* largest_;
  std::vector<SharedArray> waiting_;  // the next one last
};

// A run and the batch of it that waits to be merged.
struct Head {
  ArrowStream rows;
  SharedArray batch;       // null once the run has ended
  std::int64_t taken = 0;  // of the batch's rows

  std::int64_t left() const { return batch == nullptr ? 0 : (*batch)->length - taken; }
};

class MergedRuns final : public KernelStream {
 public:
  MergedRuns(OwnedSchema schema, std::vector<SortKey> keys, std::int64_t row_bytes,
             std::string_view kernel, const KernelContext& context, std::vector<ArrowStream> runs)
      : KernelStream(std::move(schema), kernel),
        keys_(std::move(keys)),
        row_bytes_(row_bytes),
        kernel_(kernel),
        context_(context) {
    for (ArrowStream& run : runs) heads_.push_back(Head{std::move(run), nullptr});
  }

 protected:
  Result<std::optional<OwnedArray>> Produce() override {
    std::vector<SharedArray> pieces;
    std::int64_t rows = 0;
    while (rows < context_.batch_rows) {
      if (context_.cancel.cancelled()) return Cancelled(kernel_);
      if (next_ == order_.size()) {
        LG_RETURN_IF_ERROR(Refill());
        if (order_.empty()) break;
      }
      const auto left = static_cast<std::int64_t>(order_.size() - next_);
      const std::int64_t count = std::min(context_.batch_rows - rows, left);
      LG_ASSIGN_OR_RETURN(OwnedArray piece, gatherer_->Rows(std::span(order_).subspan(
                                                next_, static_cast<std::size_t>(count))));
      pieces.push_back(columnar::ShareArray(std::move(piece)));
      next_ += static_cast<std::size_t>(count);
      rows += count;
    }
    if (pieces.empty()) return std::optional<OwnedArray>();
    LG_ASSIGN_OR_RETURN(OwnedArray batch,
                        columnar::Concatenate(schema(), pieces, PoolOf(context_)));
    return std::optional<OwnedArray>(std::move(batch));
  }

 private:
  // The next batch of every run that has none; then the rows whose place is known.
  Status Refill() {
    std::vector<Head*> heads;
    gatherer_.reset();
    columnar::MemoryBudget budget(context_.memory_limit_bytes);
    for (Head& head : heads_) {
      LG_RETURN_IF_ERROR(Advance(&head));
      if (head.left() == 0) continue;
      heads.push_back(&head);
      const std::int64_t bytes =
          columnar::ByteSize(schema(), **head.batch) + row_bytes_ * (*head.batch)->length;
      LG_RETURN_IF_ERROR(budget.Take(bytes, kernel_));
    }
    order_.clear();
    next_ = 0;
    if (heads.empty()) return {};
    LG_RETURN_IF_ERROR(KeepOverlapping(&heads));
    const columnar::Collected table = SideBySide(heads);
    LG_ASSIGN_OR_RETURN(const auto sorted, Sort(table));
    TakePlaced(sorted.span(), heads);
    LG_ASSIGN_OR_RETURN(auto gatherer, GathererOf(table));
    gatherer_.emplace(std::move(gatherer));
    return {};
  }

  // What waits in the heads, as one table.
  columnar::Collected SideBySide(const std::vector<Head*>& heads) const {
    columnar::Collected table;
    table.schema = CopySchema(schema());
    for (const Head* head : heads) {
      table.rows += head->left();
      table.batches.push_back(
          columnar::ShareArray(columnar::SliceBatch(head->batch, head->taken, head->left())));
    }
    return table;
  }

  Result<columnar::Scratch<Row>> Sort(const columnar::Collected& table) const {
    LG_ASSIGN_OR_RETURN(const PackedOrder packed, PackOrder(table, keys_, "keys", context_));
    return SortPacked(packed, context_);
  }

  Result<columnar::Gatherer> GathererOf(const columnar::Collected& table) const {
    return columnar::Gatherer::Make(*table.schema, table.batches, PoolOf(context_));
  }

  // Heads that begin behind the least of the last rows have no part in what comes next. Runs of
  // rows that were in order before are merged one after the other that way.
  Status KeepOverlapping(std::vector<Head*>* heads) const {
    if (heads->size() == 1) return {};
    std::vector<std::int64_t> bounds;  // first row, last row, first row, ...
    std::int64_t rows = 0;
    for (const Head* head : *heads) {
      bounds.push_back(rows);
      rows += head->left();
      bounds.push_back(rows - 1);
    }
    columnar::Collected table = SideBySide(*heads);
    LG_ASSIGN_OR_RETURN(const auto gatherer, GathererOf(table));
    LG_ASSIGN_OR_RETURN(OwnedArray batch, gatherer.Rows(bounds));
    table.rows = batch->length;
    table.batches.clear();
    table.batches.push_back(columnar::ShareArray(std::move(batch)));
    LG_ASSIGN_OR_RETURN(const auto sorted, Sort(table));
    std::vector<Head*> kept;
    for (const Row bound : sorted) {
      if (bound % 2 == 1) break;
      kept.push_back((*heads)[bound / 2]);
    }
    // In the order of their runs, which decides between equal rows.
    std::sort(kept.begin(), kept.end());
    heads->swap(kept);
    return {};
  }

  Status Advance(Head* head) const {
    while (head->left() == 0 && head->rows != nullptr) {
      head->batch = nullptr;
      head->taken = 0;
      LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, head->rows->Next());
      if (!batch) {
        head->rows = nullptr;
        return {};
      }
      LG_RETURN_IF_ERROR(columnar::CheckArray(schema(), **batch));
      head->batch = columnar::ShareArray(*std::move(batch));
    }
    return {};
  }

  // Rows up to the first that is the last one of a head: each may have more behind it.
  void TakePlaced(std::span<const Row> sorted, const std::vector<Head*>& heads) {
    std::vector<std::int64_t> ends;  // of each head, in rows of all
    ends.reserve(heads.size());
    std::int64_t rows = 0;
    for (const Head* head : heads) ends.push_back(rows += head->left());
    for (const Row row : sorted) {
      order_.push_back(row);
      const auto end = std::upper_bound(ends.begin(), ends.end(), std::int64_t{row});
      ++heads[static_cast<std::size_t>(end - ends.begin())]->taken;
      if (std::int64_t{row} + 1 == *end) return;
    }
  }

  std::vector<SortKey> keys_;
  std::int64_t row_bytes_;
  std::string_view kernel_;
  KernelContext context_;
  std::vector<Head> heads_;  // in the order of the runs; never moved
  // Rows of the heads as they were when it was made:
  std::optional<columnar::Gatherer> gatherer_;
  std::vector<std::int64_t> order_;
  std::size_t next_ = 0;
};

}  // namespace

Result<ArrowStream> SortedInMemory(OwnedSchema schema, columnar::Collected table,
                                   const std::vector<SortKey>& keys, std::string_view kernel,
                                   const KernelContext& context) {
  LG_RETURN_IF_ERROR(CheckRowCount(table.rows, "input"));
  std::vector<Row> order;
  {
    LG_ASSIGN_OR_RETURN(const PackedOrder packed, PackOrder(table, keys, "keys", context));
    LG_ASSIGN_OR_RETURN(const columnar::Scratch<Row> sorted, SortPacked(packed, context));
    order.assign(sorted.begin(), sorted.end());
  }
  return RowStream(std::move(schema), std::move(table), std::move(order), context, kernel);
}

ExternalSort::ExternalSort(OwnedSchema schema, std::vector<SortKey> keys, std::int64_t row_bytes,
                           std::string_view kernel, const KernelContext& context)
    : schema_(std::move(schema)),
      keys_(std::move(keys)),
      row_bytes_(row_bytes),
      kernel_(kernel),
      context_(context) {}

Status ExternalSort::AddRun(columnar::Collected table) {
  KernelContext context = context_;
  context.batch_rows = std::clamp<std::int64_t>(table.rows / kBatchesOfRun, 1, context.batch_rows);
  run_batch_rows_ = std::max(run_batch_rows_, context.batch_rows);
  LG_ASSIGN_OR_RETURN(ArrowStream sorted, SortedInMemory(CopySchema(*schema_), std::move(table),
                                                         keys_, kernel_, context));
  return PutAside(std::move(sorted), &runs_);
}

Status ExternalSort::PutAside(ArrowStream rows, Runs* runs) {
  ArrowStream pieces = std::make_unique<Pieces>(
      std::move(rows), context_.memory_limit_bytes / kBatchesOfRun, row_bytes_, &largest_piece_);
  LG_ASSIGN_OR_RETURN(auto run, context_.spill->Keep(std::move(pieces), context_.cancel));
  runs->push_back(std::move(run));
  return {};
}

Result<ArrowStream> ExternalSort::MergeOf(std::size_t first, std::size_t last,
                                          std::int64_t batch_rows) {
  KernelContext context = context_;
  context.batch_rows = batch_rows;
  std::vector<ArrowStream> streams;
  for (std::size_t i = first; i < last; ++i) {
    LG_ASSIGN_OR_RETURN(ArrowStream stream, runs_[i]->Open(context_.cancel));
    streams.push_back(std::move(stream));
    // The stream keeps the run, and lets go of it when it has been read.
    runs_[i].reset();
  }
  return ArrowStream(std::make_unique<MergedRuns>(CopySchema(*schema_), keys_, row_bytes_, kernel_,
                                                  context, std::move(streams)));
}

std::size_t ExternalSort::RunsAtOnce() const {
  const std::int64_t fit = context_.memory_limit_bytes / std::max<std::int64_t>(largest_piece_, 1);
  return std::clamp<std::size_t>(static_cast<std::size_t>(fit), 2, kMostRuns);
}

Result<ArrowStream> ExternalSort::Merge() && {
  while (runs_.size() > RunsAtOnce()) {
    Runs longer;
    const std::size_t at_once = RunsAtOnce();
    for (std::size_t first = 0; first < runs_.size(); first += at_once) {
      // Neighbours, so that equal rows stay in their order.
      const std::size_t last = std::min(runs_.size(), first + at_once);
      LG_ASSIGN_OR_RETURN(ArrowStream merged, MergeOf(first, last, run_batch_rows_));
      LG_RETURN_IF_ERROR(PutAside(std::move(merged), &longer));
    }
    runs_ = std::move(longer);
  }
  return MergeOf(0, runs_.size(), context_.batch_rows);
}

}  // namespace lakegate::kernels
