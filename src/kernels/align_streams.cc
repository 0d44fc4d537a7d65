#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "base/try.h"
#include "kernels/align_work.h"
#include "kernels/cover.h"
#include "kernels/kernel_stream.h"

namespace lakegate::kernels {
namespace {

using columnar::ArrayParts;
using columnar::Gatherer;

std::vector<std::int64_t> AllColumns(const ArrowSchema& schema) {
  std::vector<std::int64_t> columns(static_cast<std::size_t>(schema.n_children));
  std::iota(columns.begin(), columns.end(), 0);
  return columns;
}

Result<Gatherer> GathererOf(const columnar::Collected& table, const KernelContext& context) {
  return Gatherer::Make(*table.schema, table.batches, PoolOf(context));
}

// Score of a pair as the mode defines it.
double ScoreOf(const AlignWork& work, Row left_row, Row slot) {
  const std::int64_t left_start = work.left_spans.start[left_row];
  const std::int64_t left_end = work.left_spans.end[left_row];
  const std::int64_t start = work.right_spans.start[slot];
  const std::int64_t end = work.right_spans.end[slot];
  // Never the negative zero, which would print and hash differently.
  const auto minus = [](std::uint64_t length) {
    return length == 0 ? 0.0 : -static_cast<double>(length);
  };
  switch (work.options.mode) {
    case AlignMode::kExact:
      return 0;
    case AlignMode::kContainedBest:
    case AlignMode::kContainedAll:
    case AlignMode::kContainingBest:
      return minus(LengthOf(start, end));
    case AlignMode::kNearest:
      if (end < left_start) return minus(LengthOf(end, left_start));
      if (start > left_end) return minus(LengthOf(left_end, start));
      return 0;
    default:
      return static_cast<double>(LengthOf(std::max(left_start, start), std::min(left_end, end)));
  }
}

class Pairs final : public KernelStream {
 public:
  Pairs(OwnedSchema schema, std::unique_ptr<AlignWork> work, std::unique_ptr<MatchSource> source,
        Gatherer left, Gatherer right)
      : KernelStream(std::move(schema), "interval_align"),
        work_(std::move(work)),
        source_(std::move(source)),
        left_(std::move(left)),
        right_(std::move(right)),
        left_columns_(AllColumns(*work_->left.schema)),
        right_columns_(AllColumns(*work_->right.schema)),
        words_(MatchKindWords(work_->options.mode)) {}

 protected:
  Result<std::optional<OwnedArray>> Produce() override {
    LG_RETURN_IF_ERROR(FillBatch());
    if (left_rows_.empty()) return std::optional<OwnedArray>();
    const auto pool = PoolOf(work_->context);
    ArrayParts parts;
    parts.length = static_cast<std::int64_t>(left_rows_.size());
    parts.buffers.resize(1);
    LG_ASSIGN_OR_RETURN(parts.children, left_.Columns(left_rows_, left_columns_));
    LG_ASSIGN_OR_RETURN(std::vector<OwnedArray> right, right_.Columns(right_rows_, right_columns_));
    for (OwnedArray& column : right) parts.children.push_back(std::move(column));
    parts.children.push_back(WordColumn(kinds_, words_, *pool));
    parts.children.push_back(DoubleColumn(scores_, score_valid_, *pool));
    return std::optional<OwnedArray>(columnar::MakeArray(std::move(parts)));
  }

 private:
  bool Full() const {
    return static_cast<std::int64_t>(left_rows_.size()) >= work_->context.batch_rows;
  }

  Status FillBatch() {
    left_rows_.clear();
    right_rows_.clear();
    kinds_.clear();
    scores_.clear();
    score_valid_.clear();
    if (work_->context.cancel.cancelled()) return Cancelled("interval_align");
    const auto left_count = static_cast<Row>(work_->left.rows);
    while (!Full()) {
      if (next_pending_ < pending_.size()) {
        AppendMatch(pending_[next_pending_++]);
        continue;
      }
      if (next_left_ == left_count) return {};
      if (StopAt(next_left_, work_->context.cancel)) return Cancelled("interval_align");
      pending_.clear();
      next_pending_ = 0;
      left_row_ = next_left_++;
      LG_RETURN_IF_ERROR(source_->Find(left_row_, &pending_));
      if (pending_.empty() && work_->options.how == JoinHow::kLeft) AppendUnmatched();
    }
    return {};
  }

  void AppendMatch(Row slot) {
    const Row right_row = work_->right_spans.row[slot];
    left_rows_.push_back(left_row_);
    right_rows_.push_back(right_row);
    kinds_.push_back(kKindMatched);
    if (work_->scores.value.empty()) {
      scores_.push_back(ScoreOf(*work_, left_row_, slot));
      score_valid_.push_back(true);
    } else {
      scores_.push_back(work_->scores.value[right_row]);
      score_valid_.push_back(work_->scores.valid[right_row]);
    }
  }

  void AppendUnmatched() {
    left_rows_.push_back(left_row_);
    right_rows_.push_back(columnar::kNullRow);
    kinds_.push_back(work_->left_counts[left_row_] ? kKindNone : kKindInvalid);
    scores_.push_back(0);
    score_valid_.push_back(false);
  }

  std::unique_ptr<AlignWork> work_;
  std::unique_ptr<MatchSource> source_;
  Gatherer left_;
  Gatherer right_;
  std::vector<std::int64_t> left_columns_;
  std::vector<std::int64_t> right_columns_;
  std::vector<std::string_view> words_;
  // Matches of left_row_ that are not in a batch yet.
  Row left_row_ = 0;
  Row next_left_ = 0;
  std::vector<Row> pending_;
  std::size_t next_pending_ = 0;
  // The batch being filled.
  std::vector<std::int64_t> left_rows_;
  std::vector<std::int64_t> right_rows_;
  std::vector<std::uint8_t> kinds_;
  std::vector<double> scores_;
  std::vector<bool> score_valid_;
};

// What one left row gives in the modes without pairs.
struct LeftAnswers {
  std::vector<bool> matched;
  std::vector<std::int64_t> counts;    // kCount
  std::vector<std::uint64_t> covered;  // kCoverage
};

// Left rows, each at most once, with what is known about them.
class LeftRows final : public KernelStream {
 public:
  LeftRows(OwnedSchema schema, std::unique_ptr<AlignWork> work, LeftAnswers answers, Gatherer left)
      : KernelStream(std::move(schema), "interval_align"),
        work_(std::move(work)),
        answers_(std::move(answers)),
        left_(std::move(left)),
        left_columns_(AllColumns(*work_->left.schema)),
        words_(MatchKindWords(work_->options.mode)) {}

 protected:
  Result<std::optional<OwnedArray>> Produce() override {
    std::vector<std::int64_t> rows;
    const auto batch_rows = static_cast<std::size_t>(work_->context.batch_rows);
    for (; next_ < answers_.matched.size() && rows.size() < batch_rows; ++next_) {
      if (StopAt(next_, work_->context.cancel)) return Cancelled("interval_align");
      if (IsWanted(next_)) rows.push_back(static_cast<std::int64_t>(next_));
    }
    if (rows.empty()) return std::optional<OwnedArray>();
    ArrayParts parts;
    parts.length = static_cast<std::int64_t>(rows.size());
    parts.buffers.resize(1);
    LG_ASSIGN_OR_RETURN(parts.children, left_.Columns(rows, left_columns_));
    const JoinHow how = work_->options.how;
    if (how == JoinHow::kInner || how == JoinHow::kLeft) AppendAnswers(rows, &parts.children);
    return std::optional<OwnedArray>(columnar::MakeArray(std::move(parts)));
  }

 private:
  bool IsWanted(std::size_t row) const {
    switch (work_->options.how) {
      case JoinHow::kLeft:
        return true;
      case JoinHow::kAnti:
        return !answers_.matched[row];
      default:
        return answers_.matched[row];
    }
  }

  void AppendAnswers(const std::vector<std::int64_t>& rows, std::vector<OwnedArray>* columns) {
    const auto pool = PoolOf(work_->context);
    std::vector<std::uint8_t> kinds;
    std::vector<std::int64_t> whole;
    std::vector<double> fractions;
    std::vector<bool> fraction_valid;
    for (const std::int64_t signed_row : rows) {
      const auto row = static_cast<std::size_t>(signed_row);
      kinds.push_back(answers_.matched[row]     ? kKindMatched
                      : work_->left_counts[row] ? kKindNone
                                                : kKindInvalid);
      if (work_->options.mode == AlignMode::kCount) {
        whole.push_back(answers_.counts[row]);
        continue;
      }
      constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
      const std::uint64_t covered = answers_.covered[row];
      const std::uint64_t length =
          LengthOf(work_->left_spans.start[row], work_->left_spans.end[row]);
      const bool valid = work_->left_counts[row] && length > 0;
      whole.push_back(static_cast<std::int64_t>(std::min(covered, kMost)));
      fraction_valid.push_back(valid);
      fractions.push_back(valid ? static_cast<double>(covered) / static_cast<double>(length) : 0);
    }
    columns->push_back(WordColumn(kinds, words_, *pool));
    columns->push_back(Int64Column(whole, *pool));
    if (work_->options.mode == AlignMode::kCoverage) {
      columns->push_back(DoubleColumn(fractions, fraction_valid, *pool));
    }
  }

  std::unique_ptr<AlignWork> work_;
  LeftAnswers answers_;
  Gatherer left_;
  std::vector<std::int64_t> left_columns_;
  std::vector<std::string_view> words_;
  std::size_t next_ = 0;
};

// Whether each left row has any match: cheaper than the matches.
Result<LeftAnswers> AnswersOf(const AlignWork& work) {
  LeftAnswers answers;
  const CancelToken& cancel = work.context.cancel;
  const std::size_t rows = work.left_spans.size();
  answers.matched.assign(rows, false);
  switch (work.options.mode) {
    case AlignMode::kExact:
    case AlignMode::kContainedBest:
    case AlignMode::kContainedAll:
    case AlignMode::kContainingBest: {
      LG_ASSIGN_OR_RETURN(const auto source, BestMatches(work.left_spans, work.right_spans,
                                                         work.options.mode, cancel));
      std::vector<Row> slots;
      for (std::size_t row = 0; row < rows; ++row) {
        slots.clear();
        LG_RETURN_IF_ERROR(source->Find(static_cast<Row>(row), &slots));
        answers.matched[row] = !slots.empty();
      }
      return answers;
    }
    case AlignMode::kNearest:
      for (std::size_t row = 0; row < rows; ++row) {
        const Row group = work.left_spans.group[row];
        answers.matched[row] =
            group != kNoRow && work.right_spans.first[group] != work.right_spans.first[group + 1];
      }
      return answers;
    default:
      break;
  }
  LG_ASSIGN_OR_RETURN(answers.counts, CountOverlaps(work.left_spans, work.right_spans, cancel));
  for (std::size_t row = 0; row < rows; ++row) answers.matched[row] = answers.counts[row] > 0;
  if (work.options.mode == AlignMode::kCoverage) {
    LG_ASSIGN_OR_RETURN(answers.covered, CoveredLengths(work.left_spans, work.right_spans, cancel));
  }
  return answers;
}

}  // namespace

MatchSourceResult MakeSource(const AlignWork& work) {
  switch (work.options.mode) {
    case AlignMode::kOverlapAll:
    case AlignMode::kContainedAll:
      return AllMatches(work.left_spans, work.right_spans, work.options.mode, work.context.cancel);
    case AlignMode::kNearest:
      return NearestMatches(work.left_spans, work.right_spans, work.options.nearest_k,
                            work.context.cancel);
    default:
      return BestMatches(work.left_spans, work.right_spans, work.options.mode, work.context.cancel);
  }
}

Result<ArrowStream> PairStream(std::unique_ptr<AlignWork> work, OwnedSchema schema) {
  LG_ASSIGN_OR_RETURN(auto source, MakeSource(*work));
  LG_ASSIGN_OR_RETURN(Gatherer left, GathererOf(work->left, work->context));
  LG_ASSIGN_OR_RETURN(Gatherer right, GathererOf(work->right, work->context));
  return ArrowStream(std::make_unique<Pairs>(std::move(schema), std::move(work), std::move(source),
                                             std::move(left), std::move(right)));
}

Result<ArrowStream> LeftRowStream(std::unique_ptr<AlignWork> work, OwnedSchema schema) {
  LG_ASSIGN_OR_RETURN(LeftAnswers answers, AnswersOf(*work));
  LG_ASSIGN_OR_RETURN(Gatherer left, GathererOf(work->left, work->context));
  return ArrowStream(std::make_unique<LeftRows>(std::move(schema), std::move(work),
                                                std::move(answers), std::move(left)));
}

}  // namespace lakegate::kernels
