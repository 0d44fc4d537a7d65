// interval_align against the definition, written down as two nested loops.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/shrink.h"
#include "kernels/test_tables.h"
#include "lakegate/interval_align.h"

namespace lakegate::kernels {
namespace {

struct Case {
  IntervalAlignOptions options;
  bool tie = false;
  bool score = false;
  std::vector<TestRow> left;
  std::vector<TestRow> right;
};

bool SpanCounts(const TestRow& row) { return row.start && row.end && *row.start <= *row.end; }

bool HasKeys(const TestRow& row, const std::vector<std::string>& on) {
  for (const auto& name : on) {
    if (name == "path" ? !row.path.has_value() : !row.num.has_value()) return false;
  }
  return true;
}

bool SameKeys(const TestRow& a, const TestRow& b, const std::vector<std::string>& on) {
  for (const auto& name : on) {
    if (name == "path" && a.path != b.path) return false;
    const bool both_nan = name == "num" && std::isnan(*a.num) && std::isnan(*b.num);
    if (name == "num" && !both_nan && *a.num != *b.num) return false;
  }
  return true;
}

Wide Distance(const TestRow& l, const TestRow& r) {
  return std::max<Wide>({0, *l.start - *r.end, *r.start - *l.end});
}

Wide Overlap(const TestRow& l, const TestRow& r) {
  return std::min(*l.end, *r.end) - std::max(*l.start, *r.start);
}

bool Related(AlignMode mode, const TestRow& l, const TestRow& r) {
  switch (mode) {
    case AlignMode::kExact:
      return *l.start == *r.start && *l.end == *r.end;
    case AlignMode::kContainedBest:
    case AlignMode::kContainedAll:
      return *l.start <= *r.start && *r.end <= *l.end;
    case AlignMode::kContainingBest:
      return *r.start <= *l.start && *l.end <= *r.end;
    case AlignMode::kNearest:
      return true;
    default:
      return Overlap(l, r) > 0;
  }
}

// The mode's own score, exact.
Wide OwnScore(AlignMode mode, const TestRow& l, const TestRow& r) {
  switch (mode) {
    case AlignMode::kExact:
      return 0;
    case AlignMode::kNearest:
      return -Distance(l, r);
    case AlignMode::kContainedBest:
    case AlignMode::kContainedAll:
    case AlignMode::kContainingBest:
      return *r.start - *r.end;
    default:
      return Overlap(l, r);
  }
}

// -1, 0, 1: descending with nulls last and NaN greatest.
int CompareScores(const std::optional<double>& a, const std::optional<double>& b) {
  if (a.has_value() != b.has_value()) return a.has_value() ? -1 : 1;
  if (!a) return 0;
  const bool nan_a = std::isnan(*a);
  const bool nan_b = std::isnan(*b);
  if (nan_a || nan_b) return nan_a == nan_b ? 0 : (nan_a ? -1 : 1);
  return *a > *b ? -1 : (*a < *b ? 1 : 0);
}

bool Better(const Case& c, const TestRow& l, const TestRow& a, const TestRow& b) {
  if (c.score) {
    const int order = CompareScores(a.score, b.score);
    if (order != 0) return order < 0;
  } else {
    const Wide score_a = OwnScore(c.options.mode, l, a);
    const Wide score_b = OwnScore(c.options.mode, l, b);
    if (score_a != score_b) return score_a > score_b;
  }
  if (c.tie && a.tie != b.tie) {  // tie desc nulls first
    if (!a.tie || !b.tie) return !a.tie;
    return *a.tie > *b.tie;
  }
  if (*a.start != *b.start) return *a.start < *b.start;
  if (*a.end != *b.end) return *a.end < *b.end;
  return a.id < b.id;  // ids are ordinals
}

std::vector<const TestRow*> MatchesOf(const Case& c, const TestRow& l) {
  std::vector<const TestRow*> found;
  if (!SpanCounts(l) || !HasKeys(l, c.options.left_on)) return found;
  for (const TestRow& r : c.right) {
    const bool meets = SpanCounts(r) && HasKeys(r, c.options.left_on) &&
                       SameKeys(l, r, c.options.left_on) && Related(c.options.mode, l, r);
    if (meets) found.push_back(&r);
  }
  std::sort(found.begin(), found.end(),
            [&](const TestRow* a, const TestRow* b) { return Better(c, l, *a, *b); });
  return found;
}

std::string Word(AlignMode mode) {
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
    default:
      return "OVERLAP";
  }
}

std::string CoverageText(const TestRow& l, const std::vector<const TestRow*>& found) {
  std::vector<std::pair<Wide, Wide>> parts;
  for (const TestRow* r : found) {
    parts.emplace_back(std::max(*l.start, *r->start), std::min(*l.end, *r->end));
  }
  std::sort(parts.begin(), parts.end());
  Wide covered = 0;
  Wide reach = SpanCounts(l) ? *l.start : 0;
  for (const auto& [start, end] : parts) {
    covered += std::max<Wide>(0, end - std::max(start, reach));
    reach = std::max(reach, end);
  }
  const Wide most = std::numeric_limits<std::int64_t>::max();
  std::string text = fmt::format("{}", static_cast<std::int64_t>(std::min(covered, most)));
  return text;
}

// One line for each output row: left id, then what the kernel says about it.
std::vector<std::string> Naive(const Case& c) {
  std::vector<std::string> lines;
  const AlignMode mode = c.options.mode;
  const JoinHow how = c.options.how;
  for (const TestRow& l : c.left) {
    auto found = MatchesOf(c, l);
    const std::string id = fmt::format("{}", l.id);
    if (how == JoinHow::kSemi || how == JoinHow::kAnti) {
      if (found.empty() == (how == JoinHow::kAnti)) lines.push_back(id);
      continue;
    }
    const bool counts = SpanCounts(l) && HasKeys(l, c.options.left_on);
    const std::string kind =
        !found.empty() ? Word(mode) : std::string(counts ? kNoMatch : kNoKeyOrSpan);
    if (found.empty() && how == JoinHow::kInner) continue;
    if (mode == AlignMode::kCount) {
      lines.push_back(fmt::format("{} {} {}", id, kind, found.size()));
      continue;
    }
    if (mode == AlignMode::kCoverage) {
      lines.push_back(fmt::format("{} {} {}", id, kind, CoverageText(l, found)));
      continue;
    }
    if (found.empty()) lines.push_back(fmt::format("{} null {} null", id, kind));
    std::size_t most = found.size();
    if (mode == AlignMode::kNearest) {
      most = std::min(most, static_cast<std::size_t>(c.options.nearest_k));
    } else if (mode != AlignMode::kOverlapAll && mode != AlignMode::kContainedAll) {
      most = std::min<std::size_t>(most, 1);
    }
    for (std::size_t i = 0; i < most; ++i) {
      const TestRow& r = *found[i];
      std::string score = fmt::format("{}", static_cast<double>(OwnScore(mode, l, r)));
      if (c.score) score = r.score ? fmt::format("{}", *r.score) : "null";
      lines.push_back(fmt::format("{} {} {} {}", id, r.id, kind, score));
    }
  }
  return lines;
}

std::vector<std::string> Lines(const Case& c, const ReadResult& result) {
  std::vector<std::string> lines;
  const JoinHow how = c.options.how;
  const bool left_only = how == JoinHow::kSemi || how == JoinHow::kAnti;
  for (const auto& cells : result.cells) {
    const std::string& id = cells[kIdColumn];
    if (left_only) {
      lines.push_back(id);
    } else if (c.options.mode == AlignMode::kCount || c.options.mode == AlignMode::kCoverage) {
      lines.push_back(fmt::format("{} {} {}", id, cells[kColumns], cells[kColumns + 1]));
    } else {
      lines.push_back(fmt::format("{} {} {} {}", id, cells[kColumns + kIdColumn],
                                  cells[2 * kColumns], cells[2 * kColumns + 1]));
    }
  }
  return lines;
}

constexpr AlignMode kModes[] = {
    AlignMode::kExact,       AlignMode::kContainedBest, AlignMode::kContainingBest,
    AlignMode::kOverlapBest, AlignMode::kOverlapAll,    AlignMode::kContainedAll,
    AlignMode::kCount,       AlignMode::kCoverage,      AlignMode::kNearest};
constexpr JoinHow kHows[] = {JoinHow::kInner, JoinHow::kLeft, JoinHow::kSemi, JoinHow::kAnti};
const char* const kPaths[] = {"u", "U", "vu", "d"};

struct SpanType {
  std::string format;
  Wide least;
  Wide most;
};

std::vector<SpanType> SpanTypes() {
  const auto whole = [](auto zero) {
    using T = decltype(zero);
    return std::pair<Wide, Wide>(std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  };
  const auto [l32, h32] = whole(std::int32_t{});
  const auto [l64, h64] = whole(std::int64_t{});
  return {{"i", l32, h32},
          {"l", l64, h64},
          {"I", 0, std::numeric_limits<std::uint32_t>::max()},
          {"L", 0, std::numeric_limits<std::uint64_t>::max()},
          {"tdD", l32, h32},
          {"tsu:", l64, h64}};
}

std::optional<Wide> RandomBound(const SpanType& type, bool wild, Rng& rng) {
  if (Pick(rng, 0, 24) == 0) return std::nullopt;
  if (wild && Pick(rng, 0, 3) == 0) return Pick(rng, 0, 1) == 0 ? type.least : type.most;
  return Pick(rng, 0, 14);
}

TestRow RandomRow(const SpanType& type, bool wild, std::int64_t id, Rng& rng) {
  TestRow row;
  row.id = id;
  row.path = Pick(rng, 0, 2) == 0 ? "a path longer than twelve bytes" : "p";
  if (Pick(rng, 0, 12) == 0) row.path.reset();
  constexpr double kNums[] = {0.0, -0.0, std::numeric_limits<double>::quiet_NaN(), 1.5};
  row.num = kNums[Pick(rng, 0, 3)];
  if (Pick(rng, 0, 12) == 0) row.num.reset();
  row.start = RandomBound(type, wild, rng);
  row.end = RandomBound(type, wild, rng);
  const bool backwards = row.start && row.end && *row.start > *row.end;
  if (backwards && Pick(rng, 0, 7) != 0) std::swap(row.start, row.end);
  constexpr double kScores[] = {1, 2, -0.0, 0.0, std::numeric_limits<double>::quiet_NaN()};
  row.score = kScores[Pick(rng, 0, 4)];
  if (Pick(rng, 0, 5) == 0) row.score.reset();
  row.tie = Pick(rng, 0, 2);
  if (Pick(rng, 0, 5) == 0) row.tie.reset();
  return row;
}

Case RandomCase(const SpanType& type, Rng& rng) {
  Case c;
  c.options.mode = kModes[Pick(rng, 0, 8)];
  c.options.how = kHows[Pick(rng, 0, 3)];
  const AlignMode mode = c.options.mode;
  const bool counts = mode == AlignMode::kCount || mode == AlignMode::kCoverage;
  if (Pick(rng, 0, 1) == 0) c.options.left_on.push_back("path");
  if (Pick(rng, 0, 2) == 0) c.options.left_on.push_back("num");
  if (!counts && Pick(rng, 0, 2) == 0) {
    c.tie = true;
    c.options.tie_breakers = {{"tie", SortDirection::kDescending, NullPlacement::kFirst}};
  }
  if (!counts && mode != AlignMode::kNearest && Pick(rng, 0, 2) == 0) {
    c.score = true;
    c.options.score_column = "score";
  }
  if (mode == AlignMode::kNearest) c.options.nearest_k = Pick(rng, 1, 4);
  const bool wild = Pick(rng, 0, 3) == 0;
  // Now and then enough rows for the trees to have levels, and for walks to be given up.
  const std::int64_t most = Pick(rng, 0, 40) == 0 ? 180 : 12;
  for (std::int64_t i = Pick(rng, 0, most); i > 0; --i) {
    c.left.push_back(RandomRow(type, wild, static_cast<std::int64_t>(c.left.size()), rng));
  }
  for (std::int64_t i = Pick(rng, 0, most); i > 0; --i) {
    c.right.push_back(RandomRow(type, wild, static_cast<std::int64_t>(c.right.size()), rng));
  }
  return c;
}

KernelContext RandomContext(Rng& rng) {
  KernelContext context = ContextOfTest(Pick(rng, 1, 24));
  context.threads = RandomThreads(rng);
  return context;
}

struct Encodings {
  Encoding left;
  Encoding right;
};

Result<ReadResult> Aligned(const Case& c, const Encodings& encodings, const KernelContext& context,
                           std::size_t most_rows) {
  Rng rng(most_rows);
  auto stream =
      IntervalAlign(StreamOfTest(c.left, encodings.left, rng, most_rows),
                    StreamOfTest(c.right, encodings.right, rng, most_rows), c.options, context);
  if (!stream) return stream.error();
  return ReadAll(*std::move(stream));
}

TEST(IntervalAlignProperty, AgreesWithTwoNestedLoops) {
  constexpr std::uint64_t kSeed = 4'711;
  Rng rng(kSeed);
  const auto types = SpanTypes();
  for (int round = 0; round < RandomCases(); ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    const SpanType& type = types[static_cast<std::size_t>(round) % types.size()];
    Case c = RandomCase(type, rng);
    const KernelContext context = RandomContext(rng);
    const Encodings encodings{{kPaths[Pick(rng, 0, 3)], type.format},
                              {kPaths[Pick(rng, 0, 3)], type.format}};
    ASSERT_EQ(LeastFault({&c.left, &c.right},
                         [&]() -> std::string {
                           const auto result = Aligned(c, encodings, context, 6);
                           if (!result) return result.error().ToString();
                           // The same rows in other batches, read in other batches, give the same
                           // values.
                           if (IsReadAgain(round)) {
                             const auto again = Aligned(c, encodings, ContextOfTest(), 40);
                             if (!again) return again.error().ToString();
                             if (again->rows != result->rows)
                               return Difference(again->rows, result->rows);
                           }
                           return Difference(Lines(c, *result), Naive(c));
                         }),
              "")
        << AlignModeText(c.options.mode) << " " << JoinHowText(c.options.how) << " " << type.format
        << " tie " << c.tie << " score " << c.score;
  }
}

}  // namespace
}  // namespace lakegate::kernels
