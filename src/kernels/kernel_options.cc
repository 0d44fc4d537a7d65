#include "kernels/kernel_options.h"

#include <fmt/format.h>

#include <optional>
#include <type_traits>

#include "base/try.h"

namespace lakegate::kernels {
namespace {

Error WrongType(std::string_view option, std::string_view wanted) {
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("The option '{}' must be {}.", option, wanted));
}

Result<std::string> TextOf(std::string_view option, const OptionValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return WrongType(option, "a text");
}

Result<std::int64_t> IntegerOf(std::string_view option, const OptionValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  return WrongType(option, "a whole number");
}

Result<std::vector<std::string>> TextsOf(std::string_view option, const OptionValue& value) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) return *texts;
  if (const auto* text = std::get_if<std::string>(&value)) return std::vector{*text};
  return WrongType(option, "a list of texts");
}

// The words of each enumeration, by its type.
Result<AlignMode> WordOf(std::string_view text, AlignMode) { return AlignModeFromText(text); }
Result<JoinHow> WordOf(std::string_view text, JoinHow) { return JoinHowFromText(text); }
Result<DedupeStrategy> WordOf(std::string_view text, DedupeStrategy) {
  return DedupeStrategyFromText(text);
}
Result<SortDirection> WordOf(std::string_view text, SortDirection) {
  return SortDirectionFromText(text);
}
Result<DeterminismTier> WordOf(std::string_view text, DeterminismTier) {
  return DeterminismTierFromText(text);
}
Result<AsofDirection> WordOf(std::string_view text, AsofDirection) {
  return AsofDirectionFromText(text);
}
Result<RowIdMethod> WordOf(std::string_view text, RowIdMethod) { return RowIdMethodFromText(text); }

Result<SpanColumns> SpanOf(std::string_view option, const OptionValue& value) {
  LG_ASSIGN_OR_RETURN(const std::vector<std::string> names, TextsOf(option, value));
  if (names.size() != 2) return WrongType(option, "a list of two columns: [start, end]");
  return SpanColumns{.start = names[0], .end = names[1]};
}

Result<std::vector<SortKey>> SortKeysOf(std::string_view option, const OptionValue& value) {
  LG_ASSIGN_OR_RETURN(const std::vector<std::string> texts, TextsOf(option, value));
  std::vector<SortKey> keys;
  for (const std::string& text : texts) {
    LG_ASSIGN_OR_RETURN(SortKey key, SortKeyFromText(text));
    keys.push_back(std::move(key));
  }
  return keys;
}

template <typename T>
Status Assign(Result<T> read, T* member) {
  if (!read) return read.error();
  *member = *std::move(read);
  return {};
}

template <typename Member>
Status ReadInto(std::string_view name, const OptionValue& value, Member* member) {
  if constexpr (std::is_same_v<Member, bool>) {
    const auto* flag = std::get_if<bool>(&value);
    if (flag == nullptr) return WrongType(name, "true or false");
    *member = *flag;
    return {};
  } else if constexpr (std::is_same_v<Member, std::string>) {
    return Assign(TextOf(name, value), member);
  } else if constexpr (std::is_same_v<Member, std::int64_t>) {
    return Assign(IntegerOf(name, value), member);
  } else if constexpr (std::is_same_v<Member, std::optional<std::int64_t>>) {
    LG_ASSIGN_OR_RETURN(*member, IntegerOf(name, value));
    return {};
  } else if constexpr (std::is_same_v<Member, std::vector<std::string>>) {
    return Assign(TextsOf(name, value), member);
  } else if constexpr (std::is_same_v<Member, std::vector<SortKey>>) {
    return Assign(SortKeysOf(name, value), member);
  } else if constexpr (std::is_same_v<Member, SpanColumns>) {
    return Assign(SpanOf(name, value), member);
  } else {
    LG_ASSIGN_OR_RETURN(const std::string text, TextOf(name, value));
    return Assign(WordOf(text, *member), member);
  }
}

// Reads an option into a member, or into several that then hold the same.
template <auto... kMembers, typename Options>
Status Read(std::string_view name, const OptionValue& value, Options* options) {
  Status done;
  const auto read = [&](auto& member) {
    if (done) done = ReadInto(name, value, &member);
  };
  (read(options->*kMembers), ...);
  return done;
}

constexpr OptionRow<AsofJoinOptions> kAsofRows[] = {
    {{"on", "text", "the ordered column, where both sides call it alike"},
     Read<&AsofJoinOptions::left_on, &AsofJoinOptions::right_on>},
    {{"left_on", "text", "the ordered column of the left side"}, Read<&AsofJoinOptions::left_on>},
    {{"right_on", "text", "the ordered column of the right side; the left one's name when absent"},
     Read<&AsofJoinOptions::right_on>},
    {{"by", "list of texts", "equality keys, where both sides call them alike"},
     Read<&AsofJoinOptions::left_by, &AsofJoinOptions::right_by>},
    {{"left_by", "list of texts", "equality keys of the left side"},
     Read<&AsofJoinOptions::left_by>},
    {{"right_by", "list of texts", "equality keys of the right side"},
     Read<&AsofJoinOptions::right_by>},
    {{"direction", "word", "`backward` (default), `forward`, `nearest`"},
     Read<&AsofJoinOptions::direction>},
    {{"how", "word", "`left` (default), `inner`, `semi`, `anti`"}, Read<&AsofJoinOptions::how>},
    {{"tolerance", "integer", "how far apart the two may be, inclusive; no limit when absent"},
     Read<&AsofJoinOptions::tolerance>},
    {{"allow_exact", "boolean", "whether an equal value counts; true by default"},
     Read<&AsofJoinOptions::allow_exact>},
    {{"left_sorted", "boolean", "the left side is sorted by its column: verified, not sorted"},
     Read<&AsofJoinOptions::left_sorted>},
    {{"right_sorted", "boolean", "the same of the right side"},
     Read<&AsofJoinOptions::right_sorted>},
    {{"right_suffix", "text", "added to a right column whose name is taken; `_right` by default"},
     Read<&AsofJoinOptions::right_suffix>},
};

constexpr OptionRow<CanonicalSortOptions> kSortRows[] = {
    {{"keys", "sort keys", "what decides, in order"}, Read<&CanonicalSortOptions::keys>},
    {{"tier", "word",
      "`canonical` (default: keys, then provenance, then input order), `stable`, `as_is`"},
     Read<&CanonicalSortOptions::tier>},
    {{"provenance", "list of texts", "columns that decide between equal keys; `canonical` only"},
     Read<&CanonicalSortOptions::provenance>},
};

constexpr OptionRow<DedupeOptions> kDedupeRows[] = {
    {{"keys", "list of texts", "the columns that make rows equal (null equals null)"},
     Read<&DedupeOptions::keys>},
    {{"strategy", "word",
      "`keep_first` (default, after `order_by`), `keep_best` (by `score`), `keep_arbitrary` (the "
      "first read), `collapse_list`"},
     Read<&DedupeOptions::strategy>},
    {{"order_by", "sort keys", "decides within a group; input order decides last"},
     Read<&DedupeOptions::order>},
    {{"score", "text", "`keep_best`: the column that decides first"}, Read<&DedupeOptions::score>},
    {{"score_direction", "word", "`descending` (default) or `ascending`"},
     Read<&DedupeOptions::score_direction>},
};

constexpr OptionRow<ExplodeListOptions> kExplodeRows[] = {
    {{"lists", "list of texts", "the list columns, exploded side by side"},
     Read<&ExplodeListOptions::lists>},
    {{"values", "list of texts", "names of the elements; the lists' own when absent"},
     Read<&ExplodeListOptions::values>},
    {{"parents", "list of texts", "columns repeated for each element; all others when absent"},
     Read<&ExplodeListOptions::parents>},
    {{"index", "text", "adds a column of this name with the element's place, from 0"},
     Read<&ExplodeListOptions::index>},
    {{"keep_empty", "boolean", "null and empty lists give one row of nulls; false by default"},
     Read<&ExplodeListOptions::keep_empty>},
};

constexpr OptionRow<IntervalAlignOptions> kAlignRows[] = {
    {{"on", "list of texts", "columns that must be equal, where both sides call them alike"},
     Read<&IntervalAlignOptions::left_on, &IntervalAlignOptions::right_on>},
    {{"left_on", "list of texts", "equality keys of the left side"},
     Read<&IntervalAlignOptions::left_on>},
    {{"right_on", "list of texts", "equality keys of the right side"},
     Read<&IntervalAlignOptions::right_on>},
    {{"left_span", "span", "`[\"start\", \"end\"]`: two integer columns, half open"},
     Read<&IntervalAlignOptions::left_span>},
    {{"right_span", "span", "the same of the right side"}, Read<&IntervalAlignOptions::right_span>},
    {{"mode", "word",
      "`exact`, `contained_best`, `containing_best` (default: innermost enclosing), "
      "`overlap_best`, `overlap_all`, `contained_all`, `count`, `coverage`, `nearest`"},
     Read<&IntervalAlignOptions::mode>},
    {{"how", "word", "`inner` (default), `left`, `semi`, `anti`"},
     Read<&IntervalAlignOptions::how>},
    {{"nearest_k", "integer", "`nearest`: how many right rows at most; 1 by default"},
     Read<&IntervalAlignOptions::nearest_k>},
    {{"score_column", "text", "a right column that replaces the mode's own score; highest wins"},
     Read<&IntervalAlignOptions::score_column>},
    {{"tie_breakers", "sort keys", "right columns that decide between equal scores"},
     Read<&IntervalAlignOptions::tie_breakers>},
    {{"right_suffix", "text", "added to a right column whose name is taken; `_right` by default"},
     Read<&IntervalAlignOptions::right_suffix>},
};

constexpr OptionRow<RowIdsOptions> kRowIdRows[] = {
    {{"columns", "list of texts", "the columns that make the id; all when absent"},
     Read<&RowIdsOptions::columns>},
    {{"method", "word", "`xxh3` (default, 16 bytes) or `blake3` (32 bytes)"},
     Read<&RowIdsOptions::method>},
    {{"id", "text", "the added column; `row_id` by default"}, Read<&RowIdsOptions::id>},
};

constexpr OptionRow<WinnerSelectOptions> kWinnerRows[] = {
    {{"keys", "list of texts", "the columns that make a group; none: all rows are one"},
     Read<&WinnerSelectOptions::keys>},
    {{"score", "text", "the column that decides first; a null never beats a value"},
     Read<&WinnerSelectOptions::score>},
    {{"score_direction", "word", "`descending` (default) or `ascending`"},
     Read<&WinnerSelectOptions::score_direction>},
    {{"tie_breakers", "sort keys", "decide between equal scores; input order decides last"},
     Read<&WinnerSelectOptions::tie_breakers>},
};

}  // namespace

std::span<const OptionRow<AsofJoinOptions>> OptionRows(const AsofJoinOptions*) { return kAsofRows; }
std::span<const OptionRow<CanonicalSortOptions>> OptionRows(const CanonicalSortOptions*) {
  return kSortRows;
}
std::span<const OptionRow<DedupeOptions>> OptionRows(const DedupeOptions*) { return kDedupeRows; }
std::span<const OptionRow<ExplodeListOptions>> OptionRows(const ExplodeListOptions*) {
  return kExplodeRows;
}
std::span<const OptionRow<IntervalAlignOptions>> OptionRows(const IntervalAlignOptions*) {
  return kAlignRows;
}
std::span<const OptionRow<RowIdsOptions>> OptionRows(const RowIdsOptions*) { return kRowIdRows; }
std::span<const OptionRow<WinnerSelectOptions>> OptionRows(const WinnerSelectOptions*) {
  return kWinnerRows;
}

}  // namespace lakegate::kernels
