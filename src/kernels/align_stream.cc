#include "kernels/align_stream.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/try.h"
#include "columnar/array_parts.h"
#include "columnar/gather.h"
#include "kernels/added_columns.h"
#include "kernels/kernel_stream.h"
#include "kernels/parallel.h"

namespace lakegate::kernels {

namespace {

using columnar::Gatherer;

std::vector<std::string_view> MatchKindWords(AlignMode mode) {
  const auto word = [mode]() -> std::string_view {
    switch (mode) {
      case AlignMode::kExact:
        return "EXACT";
      case AlignMode::kContainedBest:
      case AlignMode::kContainedAll:
        return "CONTAINED";
      case AlignMode::kContainingBest:
        return "CONTAINING";
      case AlignMode::kNearest:
        return "NEAREST";
      case AlignMode::kOverlapBest:
      case AlignMode::kOverlapAll:
      case AlignMode::kCount:
      case AlignMode::kCoverage:
        return "OVERLAP";
    }
    return "";
  };
  return {kNoMatch, kNoKeyOrSpan, word()};
}

// Left rows [next, last) and the answers of those before `next`, of which `taken` are in
// batches already.
struct Part {
  std::size_t next;
  std::size_t last;
  Answers answers;
  std::size_t taken = 0;

  std::size_t left() const { return answers.size() - taken; }
  bool listed() const { return next == last; }
};

// Answers [first, last) of a part.
struct Segment {
  std::size_t part;
  std::size_t first;
  std::size_t last;
};

// Left rows are cut into parts, whose answers several threads list; full batches are cut from
// the answers in order, and several threads gather them.
class AlignStream final : public KernelStream {
 public:
  AlignStream(OwnedSchema schema, AlignOutput output, const KernelContext& context, Gatherer left,
              Gatherer right)
      : KernelStream(std::move(schema), "interval_align"),
        output_(std::move(output)),
        context_(context),
        batch_rows_(static_cast<std::size_t>(std::min(context.batch_rows, kMostRows))),
        left_(std::move(left)),
        right_(std::move(right)),
        words_(MatchKindWords(output_.mode), kKindMatched),
        part_rows_(std::clamp(batch_rows_, kLeastPart, kMostPart)) {}

 protected:
  Result<std::optional<OwnedArray>> Produce() override {
    if (context_.cancel.cancelled()) return Cancelled("interval_align");
    if (ready_.empty()) {
      while (Available() < batch_rows_ && !EverythingListed()) LG_RETURN_IF_ERROR(ListMore());
      LG_RETURN_IF_ERROR(MakeBatches());
    }
    if (ready_.empty()) return std::optional<OwnedArray>();
    std::optional<OwnedArray> batch(std::move(ready_.front()));
    ready_.pop_front();
    return batch;
  }

 private:
  static constexpr std::size_t kLeastPart = 64;
  static constexpr std::size_t kMostPart = std::size_t{1} << 16;

  // Enough at once for every thread.
  std::size_t AtOnce() const { return 2 * ThreadsAtOnce(context_); }

  // Answers that may go into batches: up to the first part that is not listed to its end.
  std::size_t Available() const {
    std::size_t count = 0;
    for (const Part& part : parts_) {
      count += part.left();
      if (!part.listed()) break;
    }
    return count;
  }

  bool EverythingListed() const {
    return next_row_ == static_cast<std::size_t>(output_.left.rows) &&
           std::all_of(parts_.begin(), parts_.end(), [](const Part& p) { return p.listed(); });
  }

  Status ListMore() {
    const auto rows = static_cast<std::size_t>(output_.left.rows);
    // Parts that are listed wait for more answers to fill a batch with; they may be many.
    std::size_t open = 0;
    for (const Part& part : parts_) open += part.listed() ? 0 : 1;
    for (; open < AtOnce() && next_row_ < rows; ++open) {
      const std::size_t last = std::min(rows, next_row_ + part_rows_);
      parts_.push_back(Part{next_row_, last, TakeSpare()});
      next_row_ = last;
    }
    std::vector<Part*> todo;
    for (Part& part : parts_) {
      if (!part.listed() && part.left() < batch_rows_) todo.push_back(&part);
    }
    std::size_t rows_before = 0;
    for (Part* part : todo) {
      rows_before += part->last - part->next;
      part->answers.DropFirst(std::exchange(part->taken, 0));
    }
    LG_RETURN_IF_ERROR(ParallelFor(context_, todo.size(), [&](std::size_t i) -> Status {
      Part& part = *todo[i];
      LG_ASSIGN_OR_RETURN(
          part.next, output_.lister->List(part.next, part.last, 4 * batch_rows_, &part.answers));
      return {};
    }));
    std::size_t listed = rows_before;
    std::size_t answers = 0;
    for (const Part* part : todo) {
      listed -= part->last - part->next;
      answers += part->answers.size();
    }
    // About a batch of answers a part: then no part waits for the rest of one before it.
    const std::size_t rows_of_batch = batch_rows_ * listed / std::max<std::size_t>(answers, 1);
    part_rows_ = std::clamp(rows_of_batch, kLeastPart, kMostPart);
    return {};
  }

  Status MakeBatches() {
    std::vector<std::vector<Segment>> batches;
    std::size_t available = Available();
    const bool to_the_end = EverythingListed();
    while (batches.size() < AtOnce() &&
           (available >= batch_rows_ || (to_the_end && available > 0))) {
      batches.push_back(CutBatch(std::min(available, batch_rows_)));
      available -= std::min(available, batch_rows_);
    }
    if (batches.empty()) return {};
    columnar::BufferPool& pool = *PoolOf(context_);
    if (output_.GivesKind()) words_.Reserve(std::min(batch_rows_, kMostPart), pool);
    std::vector<OwnedArray> made(batches.size());
    assembled_.resize(std::max(assembled_.size(), batches.size()));
    LG_RETURN_IF_ERROR(ParallelFor(context_, batches.size(), [&](std::size_t i) -> Status {
      if (context_.cancel.cancelled()) return Cancelled("interval_align");
      Answers& rows = assembled_[i];
      rows.Clear();
      for (const Segment& segment : batches[i]) {
        rows.Append(parts_[segment.part].answers, segment.first, segment.last);
      }
      LG_ASSIGN_OR_RETURN(made[i], Batch(rows));
      return {};
    }));
    for (OwnedArray& batch : made) ready_.push_back(std::move(batch));
    while (!parts_.empty() && parts_.front().listed() && parts_.front().left() == 0) {
      spare_.push_back(std::move(parts_.front().answers));
      parts_.pop_front();
    }
    return {};
  }

  // Takes the next `rows` answers.
  std::vector<Segment> CutBatch(std::size_t rows) {
    std::vector<Segment> segments;
    for (std::size_t part = 0; rows > 0; ++part) {
      const std::size_t count = std::min(rows, parts_[part].left());
      if (count == 0) continue;
      const std::size_t first = parts_[part].taken;
      segments.push_back(Segment{part, first, first + count});
      parts_[part].taken += count;
      rows -= count;
    }
    return segments;
  }

  Result<OwnedArray> Batch(const Answers& rows) const {
    columnar::BufferPool& pool = *PoolOf(context_);
    LG_ASSIGN_OR_RETURN(std::vector<OwnedArray> columns, left_.Columns(rows.left));
    if (output_.GivesPairs()) {
      LG_ASSIGN_OR_RETURN(auto right, right_.Columns(rows.right));
      for (OwnedArray& column : right) columns.push_back(std::move(column));
    }
    if (output_.GivesKind()) {
      columns.push_back(words_.Make(rows.kind, pool));
      if (!output_.GivesPairs()) columns.push_back(Int64Column(rows.whole, pool));
      if (output_.mode != AlignMode::kCount) {
        columns.push_back(DoubleColumn(rows.value, rows.value_valid, pool));
      }
    }
    return columnar::BatchOf(std::move(columns), static_cast<std::int64_t>(rows.size()));
  }

  Answers TakeSpare() {
    if (spare_.empty()) return {};
    Answers answers = std::move(spare_.back());
    spare_.pop_back();
    answers.Clear();
    return answers;
  }

  AlignOutput output_;
  KernelContext context_;
  std::size_t batch_rows_;
  Gatherer left_;
  Gatherer right_;
  WordColumns words_;
  std::size_t next_row_ = 0;  // the first left row of no part yet
  std::size_t part_rows_;     // of the next part
  std::deque<Part> parts_;    // in row order
  std::deque<OwnedArray> ready_;
  // Lists that keep their memory.
  std::vector<Answers> spare_;
  std::vector<Answers> assembled_;
};

}  // namespace

Result<ArrowStream> AlignedRows(OwnedSchema schema, AlignOutput output,
                                const KernelContext& context) {
  LG_ASSIGN_OR_RETURN(Gatherer left,
                      Gatherer::Make(*output.left.schema, output.left.batches, PoolOf(context)));
  LG_ASSIGN_OR_RETURN(Gatherer right,
                      Gatherer::Make(*output.right.schema, output.right.batches, PoolOf(context)));
  return ArrowStream(std::make_unique<AlignStream>(std::move(schema), std::move(output), context,
                                                   std::move(left), std::move(right)));
}

}  // namespace lakegate::kernels
