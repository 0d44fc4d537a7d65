// What an alignment says about left rows, as lists; the output stream makes batches of them.
#ifndef LAKEGATE_KERNELS_ALIGN_ANSWERS_H_
#define LAKEGATE_KERNELS_ALIGN_ANSWERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "columnar/gather.h"
#include "kernels/align_sides.h"
#include "kernels/work.h"
#include "lakegate/interval_align.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// NO_MATCH, NO_KEY_OR_SPAN and the mode's own word, in this order.
enum MatchKind : std::uint8_t { kKindNone = 0, kKindInvalid = 1, kKindMatched = 2 };

// One entry an output row in every list that the output needs; the others stay empty.
struct Answers {
  std::vector<std::int64_t> left;   // left row
  std::vector<std::int64_t> right;  // right row, or kNullRow
  std::vector<std::uint8_t> kind;
  std::vector<double> value;  // score or fraction, with value_valid
  std::vector<std::uint8_t> value_valid;
  std::vector<std::int64_t> whole;  // count or covered length

  std::size_t size() const { return left.size(); }
  void Clear() {
    left.clear();
    right.clear();
    kind.clear();
    value.clear();
    value_valid.clear();
    whole.clear();
  }
  void DropFirst(std::size_t count);
  void Append(const Answers& from, std::size_t first, std::size_t last);

  void AddPair(std::size_t left_row, std::int64_t right_row, MatchKind match, double score,
               bool scored) {
    left.push_back(static_cast<std::int64_t>(left_row));
    right.push_back(right_row);
    kind.push_back(match);
    value.push_back(score);
    value_valid.push_back(scored);
  }
  // `match_of(i)` is the i-th match of a left row, with the members of PairRules::Match.
  template <typename MatchOf>
  void AddMatches(std::size_t left_row, std::size_t count, const MatchOf& match_of) {
    const std::size_t first = size();
    left.resize(first + count, static_cast<std::int64_t>(left_row));
    kind.resize(first + count, kKindMatched);
    right.resize(first + count);
    value.resize(first + count);
    value_valid.resize(first + count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto match = match_of(i);
      right[first + i] = match.right_row;
      value[first + i] = match.score;
      value_valid[first + i] = match.scored;
    }
  }
  void AddUnmatched(std::size_t left_row, bool counts) {
    AddPair(left_row, columnar::kNullRow, counts ? kKindNone : kKindInvalid, 0, false);
  }
};

// Gives answers for left rows, in order. Any number of threads may ask.
class AlignLister {
 public:
  virtual ~AlignLister() = default;
  // Appends the answers of left rows from `first` on, to `last` or until `answers` holds at
  // least `most`; gives the first row it did not answer. kCancelled.
  virtual Result<std::size_t> List(std::size_t first, std::size_t last, std::size_t most,
                                   Answers* answers) const = 0;
};
using AlignListerResult = Result<std::unique_ptr<AlignLister>>;

// The caller's score of each right row as reported; empty without a score column.
struct ReportedScores {
  std::vector<double> value;
  std::vector<std::uint8_t> valid;
};

// What the listers of pairs share.
template <typename P>
struct PairRules {
  std::shared_ptr<const AlignSides<P>> sides;  // shared by lister and whoever prepared it
  ReportedScores scores;
  JoinHow how = JoinHow::kInner;

  // A match as it is reported.
  struct Match {
    Row right_row;
    double score;
    bool scored;
  };
  Match MatchOf(P left_start, P left_end, Row slot) const {
    const Row right_row = sides->right.RowOf(slot);
    if (scores.value.empty()) {
      return Match{right_row, ScoreOf(*sides, left_start, left_end, slot), true};
    }
    return Match{right_row, scores.value[right_row], scores.valid[right_row] != 0};
  }
};

// The listers of pairs: exact, contained_best, containing_best, overlap_best (best_match.cc);
// overlap_all, contained_all (all_matches.cc); nearest (nearest_matches.cc).
template <typename P>
AlignListerResult BestLister(PairRules<P> rules, const KernelContext& context);
template <typename P>
AlignListerResult AllLister(PairRules<P> rules, const KernelContext& context);
template <typename P>
AlignListerResult NearestLister(PairRules<P> rules, std::size_t k, const KernelContext& context);

// count and coverage with how = inner or left (cover.cc); neither side has empty spans.
template <typename P>
AlignListerResult CountLister(std::shared_ptr<const AlignSides<P>> sides,
                              const RightPositions<P>& positions, JoinHow how,
                              const KernelContext& context);
template <typename P>
AlignListerResult CoverageLister(std::shared_ptr<const AlignSides<P>> sides, JoinHow how,
                                 const KernelContext& context);

// semi and anti in every mode (exists.cc).
template <typename P>
AlignListerResult ExistsLister(std::shared_ptr<const AlignSides<P>> sides,
                               const RightPositions<P>& positions, JoinHow how,
                               const KernelContext& context);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_ALIGN_ANSWERS_H_
