#include <fmt/format.h>

#include <set>
#include <utility>

#include "kernels/words.h"
#include "lakegate/dedupe.h"

namespace lakegate {
namespace {

using kernels::Word;

constexpr Word<DedupeStrategy> kStrategies[] = {
    {DedupeStrategy::kKeepFirst, "keep_first"},
    {DedupeStrategy::kKeepBest, "keep_best"},
    {DedupeStrategy::kKeepArbitrary, "keep_arbitrary"},
    {DedupeStrategy::kCollapseList, "collapse_list"},
};

Error Invalid(std::string message) {
  return Error(ErrorKind::kInvalidArgument, "dedupe: " + std::move(message));
}

Error NotRead(std::string_view option, DedupeStrategy strategy) {
  return Invalid(fmt::format("The option {} is not read by the strategy '{}'; leave it out.",
                             option, DedupeStrategyText(strategy)));
}

}  // namespace

std::string_view DedupeStrategyText(DedupeStrategy strategy) {
  return kernels::TextOf<DedupeStrategy>(kStrategies, strategy);
}

Result<DedupeStrategy> DedupeStrategyFromText(std::string_view text) {
  return kernels::FromText<DedupeStrategy>(kStrategies, text, "dedupe strategy");
}

Status DedupeOptions::Validate() const {
  if (keys.empty()) return Invalid("There are no keys; name at least one column in keys.");
  std::set<std::string_view> seen;
  for (const std::string& key : keys) {
    if (key.empty()) return Invalid("A key has an empty column name.");
    if (!seen.insert(key).second) return Invalid(fmt::format("A key is named twice: '{}'.", key));
  }
  for (const SortKey& key : order) {
    if (key.column.empty()) return Invalid("An order key has an empty column name.");
  }
  if (strategy == DedupeStrategy::kKeepBest) {
    if (score.empty()) return Invalid("The strategy 'keep_best' needs a column in score.");
    return {};
  }
  if (!score.empty()) return NotRead("score", strategy);
  if (score_direction != SortDirection::kDescending) return NotRead("score_direction", strategy);
  if (strategy == DedupeStrategy::kKeepArbitrary && !order.empty()) {
    return NotRead("order", strategy);
  }
  return {};
}

}  // namespace lakegate
