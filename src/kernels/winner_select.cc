#include "lakegate/winner_select.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "kernels/key_groups.h"
#include "kernels/winners.h"

namespace lakegate {
namespace kernels {
namespace {

constexpr std::string_view kName = "winner_select";

Error Invalid(std::string message) {
  return Error(ErrorKind::kInvalidArgument, "winner_select: " + std::move(message));
}

// What decides within a group, most significant first; the ordinal follows.
std::vector<SortKey> DecidingKeys(const WinnerSelectOptions& options) {
  std::vector<SortKey> keys = {{options.score, options.score_direction, NullPlacement::kLast}};
  keys.insert(keys.end(), options.tie_breakers.begin(), options.tie_breakers.end());
  return keys;
}

// What can be refused before a row is read.
Status CheckColumns(const ArrowSchema& schema, const WinnerSelectOptions& options) {
  LG_RETURN_IF_ERROR(columnar::CheckSchema(schema));
  LG_RETURN_IF_ERROR(FindColumns(schema, options.keys, "keys"));
  LG_RETURN_IF_ERROR(columnar::FindColumn(schema, options.score, "score"));
  for (const SortKey& key : options.tie_breakers) {
    LG_RETURN_IF_ERROR(columnar::FindColumn(schema, key.column, "tie_breakers"));
  }
  return {};
}

Result<ArrowStream> Run(ArrowStream input, const WinnerSelectOptions& options,
                        const KernelContext& context) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_RETURN_IF_ERROR(context.Validate());
  LG_RETURN_IF_ERROR(CheckColumns(input->schema(), options));
  LG_ASSIGN_OR_RETURN(columnar::Collected table,
                      CollectForWinners(std::move(input), context, kName));
  return WinnerStream(std::move(table), options.keys, DecidingKeys(options), context, kName);
}

}  // namespace
}  // namespace kernels

Status WinnerSelectOptions::Validate() const {
  if (score.empty()) return kernels::Invalid("The option score must name a column.");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].empty()) return kernels::Invalid("A key has an empty column name.");
    if (keys[i] == score) {
      return kernels::Invalid(
          fmt::format("The score '{}' is a key too, so it is equal in every group.", score));
    }
    if (std::find(keys.begin() + static_cast<std::ptrdiff_t>(i) + 1, keys.end(), keys[i]) !=
        keys.end()) {
      return kernels::Invalid(fmt::format("The key '{}' is named twice.", keys[i]));
    }
  }
  for (const SortKey& key : tie_breakers) {
    if (key.column.empty()) return kernels::Invalid("A tie breaker has an empty column name.");
  }
  return {};
}

Result<ArrowStream> WinnerSelect(ArrowStream input, const WinnerSelectOptions& options,
                                 const KernelContext& context) {
  try {
    return kernels::Run(std::move(input), options, context);
  } catch (const std::bad_alloc&) {
    return kernels::OutOfMemory(kernels::kName);
  }
}

}  // namespace lakegate
