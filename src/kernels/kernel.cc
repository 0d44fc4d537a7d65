#include "lakegate/kernel.h"

#include <fmt/format.h>

#include "base/text.h"
#include "base/try.h"
#include "kernels/words.h"

namespace lakegate {
namespace {

using kernels::Word;

constexpr Word<SortDirection> kDirections[] = {{SortDirection::kAscending, "ascending"},
                                               {SortDirection::kDescending, "descending"}};
constexpr Word<NullPlacement> kPlacements[] = {{NullPlacement::kFirst, "first"},
                                               {NullPlacement::kLast, "last"}};
constexpr Word<JoinHow> kHows[] = {{JoinHow::kInner, "inner"},
                                   {JoinHow::kLeft, "left"},
                                   {JoinHow::kSemi, "semi"},
                                   {JoinHow::kAnti, "anti"}};
constexpr Word<OrderingLevel> kLevels[] = {{OrderingLevel::kUnordered, "unordered"},
                                           {OrderingLevel::kImplicit, "implicit"},
                                           {OrderingLevel::kExplicit, "explicit"}};

// Removes `suffix`, and the blanks before it, from the end of `*text`, whatever its case.
bool TakeSuffix(std::string_view suffix, std::string_view* text) {
  if (text->size() <= suffix.size()) return false;
  const std::string_view tail = text->substr(text->size() - suffix.size());
  if (base::ToLowerAscii(tail) != suffix) return false;
  *text = base::TrimAscii(text->substr(0, text->size() - suffix.size()));
  return true;
}

}  // namespace

Status KernelContext::Validate() const {
  if (batch_rows < 1) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("A batch must hold at least one row: {}; change the setting "
                             "execution.batch_rows.",
                             batch_rows));
  }
  if (threads >= 1) return {};
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("A kernel needs at least one thread: {}; change the setting "
                           "execution.threads.",
                           threads));
}

std::string_view SortDirectionText(SortDirection direction) {
  return kernels::TextOf<SortDirection>(kDirections, direction);
}

Result<SortDirection> SortDirectionFromText(std::string_view text) {
  return kernels::FromText<SortDirection>(kDirections, text, "sort direction");
}

std::string_view NullPlacementText(NullPlacement nulls) {
  return kernels::TextOf<NullPlacement>(kPlacements, nulls);
}

Result<NullPlacement> NullPlacementFromText(std::string_view text) {
  return kernels::FromText<NullPlacement>(kPlacements, text, "null placement");
}

std::string_view JoinHowText(JoinHow how) { return kernels::TextOf<JoinHow>(kHows, how); }

Result<JoinHow> JoinHowFromText(std::string_view text) {
  return kernels::FromText<JoinHow>(kHows, text, "how");
}

Result<SortKey> SortKeyFromText(std::string_view text) {
  SortKey key;
  std::string_view rest = base::TrimAscii(text);
  if (TakeSuffix(" nulls first", &rest)) {
    key.nulls = NullPlacement::kFirst;
  } else {
    TakeSuffix(" nulls last", &rest);
  }
  if (TakeSuffix(" descending", &rest) || TakeSuffix(" desc", &rest)) {
    key.direction = SortDirection::kDescending;
  } else if (!TakeSuffix(" ascending", &rest)) {
    TakeSuffix(" asc", &rest);
  }
  if (rest.empty()) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("A sort key needs a column name: '{}'.", text));
  }
  key.column = std::string(rest);
  return key;
}

std::string_view OrderingLevelText(OrderingLevel level) {
  return kernels::TextOf<OrderingLevel>(kLevels, level);
}

Result<OrderingLevel> OrderingLevelFromText(std::string_view text) {
  return kernels::FromText<OrderingLevel>(kLevels, text, "ordering level");
}

}  // namespace lakegate
