#include <fmt/format.h>

#include <utility>

#include "kernels/words.h"
#include "lakegate/interval_align.h"

namespace lakegate {
namespace {

using kernels::Word;

constexpr Word<AlignMode> kModes[] = {
    {AlignMode::kExact, "exact"},
    {AlignMode::kContainedBest, "contained_best"},
    {AlignMode::kContainingBest, "containing_best"},
    {AlignMode::kOverlapBest, "overlap_best"},
    {AlignMode::kOverlapAll, "overlap_all"},
    {AlignMode::kContainedAll, "contained_all"},
    {AlignMode::kCount, "count"},
    {AlignMode::kCoverage, "coverage"},
    {AlignMode::kNearest, "nearest"},
};

Error Invalid(std::string message) {
  return Error(ErrorKind::kInvalidArgument, "interval_align: " + std::move(message));
}

Error NotRead(std::string_view option, AlignMode mode) {
  return Invalid(fmt::format("The option {} is not read in the mode '{}'; leave it out.", option,
                             AlignModeText(mode)));
}

bool AnyEmpty(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (name.empty()) return true;
  }
  return false;
}

}  // namespace

std::string_view AlignModeText(AlignMode mode) { return kernels::TextOf<AlignMode>(kModes, mode); }

Result<AlignMode> AlignModeFromText(std::string_view text) {
  return kernels::FromText<AlignMode>(kModes, text, "alignment mode");
}

Status IntervalAlignOptions::Validate() const {
  if (!right_on.empty() && right_on.size() != left_on.size()) {
    return Invalid(
        fmt::format("left_on and right_on pair up, so they must be of one length: {} "
                    "and {} keys.",
                    left_on.size(), right_on.size()));
  }
  const bool unnamed = AnyEmpty(left_on) || AnyEmpty(right_on) || left_span.start.empty() ||
                       left_span.end.empty() || right_span.start.empty() || right_span.end.empty();
  if (unnamed) return Invalid("A key or a bound has an empty column name.");
  if (right_suffix.empty()) return Invalid("right_suffix must not be empty.");
  if (nearest_k < 1) return Invalid(fmt::format("nearest_k must be at least 1: {}.", nearest_k));
  if (mode != AlignMode::kNearest && nearest_k != 1) return NotRead("nearest_k", mode);
  const bool counts = mode == AlignMode::kCount || mode == AlignMode::kCoverage;
  if (!score_column.empty() && (counts || mode == AlignMode::kNearest)) {
    return NotRead("score_column", mode);
  }
  if (!tie_breakers.empty() && counts) return NotRead("tie_breakers", mode);
  for (const SortKey& key : tie_breakers) {
    if (key.column.empty()) return Invalid("A tie breaker has an empty column name.");
  }
  return {};
}

}  // namespace lakegate
