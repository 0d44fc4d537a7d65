#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"
#include "job/parse_tables.h"

namespace lakegate::job {
namespace {

std::vector<std::string> SortedUnique(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// The value of `key` as one of a kernel's words; absent leaves `*value` as it is.
template <typename T>
Status ParseWord(TomlTable& table, std::string_view key, Result<T> (*parse)(std::string_view),
                 T* value) {
  LG_ASSIGN_OR_RETURN(const auto text, table.Text(key));
  if (!text) return {};
  auto parsed = parse(*text);
  if (!parsed) return table.Problem(key, parsed.error().message());
  *value = *parsed;
  return {};
}

Status ParseNames(TomlTable& table, std::string_view key, std::vector<std::string>* names) {
  LG_ASSIGN_OR_RETURN(auto list, table.TextList(key));
  if (list) *names = *std::move(list);
  return {};
}

Status ParseSortKeys(TomlTable& table, std::string_view key, std::vector<SortKey>* keys) {
  std::vector<std::string> texts;
  LG_RETURN_IF_ERROR(ParseNames(table, key, &texts));
  for (const std::string& text : texts) {
    auto parsed = SortKeyFromText(text);
    if (!parsed) return table.Problem(key, parsed.error().message());
    keys->push_back(*std::move(parsed));
  }
  return {};
}

Status ParseSpan(TomlTable& table, std::string_view key, SpanColumns* span) {
  std::vector<std::string> columns;
  LG_RETURN_IF_ERROR(ParseNames(table, key, &columns));
  if (columns.empty() && !table.Has(key)) return {};
  if (columns.size() != 2) {
    return table.Problem(key,
                         fmt::format("The key '{}' must name two columns: [start, end].", key));
  }
  *span = SpanColumns{.start = columns[0], .end = columns[1]};
  return {};
}

Result<DedupeStep> ParseDedupe(TomlTable& table) {
  DedupeStep step;
  LG_ASSIGN_OR_RETURN(step.input, table.RequiredText("input"));
  LG_RETURN_IF_ERROR(ParseNames(table, "keys", &step.options.keys));
  LG_RETURN_IF_ERROR(ParseWord(table, "strategy", &DedupeStrategyFromText, &step.options.strategy));
  LG_RETURN_IF_ERROR(ParseSortKeys(table, "order_by", &step.options.order));
  LG_ASSIGN_OR_RETURN(auto score, table.Text("score"));
  step.options.score = std::move(score).value_or("");
  LG_RETURN_IF_ERROR(
      ParseWord(table, "score_direction", &SortDirectionFromText, &step.options.score_direction));
  LG_RETURN_IF_ERROR(table.RefuseOtherKeys());
  if (auto valid = step.options.Validate(); !valid) {
    return table.Problem("", valid.error().message());
  }
  return step;
}

Status ParseAlignKeys(TomlTable& table, IntervalAlignOptions* options) {
  if (table.Has("on") && (table.Has("left_on") || table.Has("right_on"))) {
    return table.Problem("on", "Give either 'on' or 'left_on' and 'right_on', not both.");
  }
  LG_RETURN_IF_ERROR(ParseNames(table, "on", &options->left_on));
  LG_RETURN_IF_ERROR(ParseNames(table, "left_on", &options->left_on));
  return ParseNames(table, "right_on", &options->right_on);
}

Result<AlignStep> ParseAlign(TomlTable& table) {
  AlignStep step;
  IntervalAlignOptions& options = step.options;
  LG_ASSIGN_OR_RETURN(step.left, table.RequiredText("left"));
  LG_ASSIGN_OR_RETURN(step.right, table.RequiredText("right"));
  LG_RETURN_IF_ERROR(ParseAlignKeys(table, &options));
  LG_RETURN_IF_ERROR(ParseSpan(table, "left_span", &options.left_span));
  LG_RETURN_IF_ERROR(ParseSpan(table, "right_span", &options.right_span));
  LG_RETURN_IF_ERROR(ParseWord(table, "mode", &AlignModeFromText, &options.mode));
  LG_RETURN_IF_ERROR(ParseWord(table, "how", &JoinHowFromText, &options.how));
  LG_ASSIGN_OR_RETURN(const auto nearest_k, table.Integer("nearest_k"));
  options.nearest_k = nearest_k.value_or(options.nearest_k);
  LG_ASSIGN_OR_RETURN(auto score_column, table.Text("score_column"));
  options.score_column = std::move(score_column).value_or("");
  LG_RETURN_IF_ERROR(ParseSortKeys(table, "tie_breakers", &options.tie_breakers));
  LG_ASSIGN_OR_RETURN(auto suffix, table.Text("right_suffix"));
  options.right_suffix = std::move(suffix).value_or(options.right_suffix);
  LG_RETURN_IF_ERROR(table.RefuseOtherKeys());
  if (auto valid = options.Validate(); !valid) return table.Problem("", valid.error().message());
  return step;
}

}  // namespace

std::string_view Step::kind() const {
  static constexpr std::string_view kKinds[] = {"view", "dedupe", "interval_align", "write"};
  return kKinds[action.index()];
}

Result<Step> ParseView(const std::string& name, TomlTable table) {
  LG_ASSIGN_OR_RETURN(std::string sql, table.RequiredText("sql"));
  LG_RETURN_IF_ERROR(table.RefuseOtherKeys());
  return Step{
      .name = name, .line = table.line(), .action = ViewStep{.sql = std::move(sql)}, .reads = {}};
}

Result<Step> ParseKernelStep(const std::string& name, TomlTable table) {
  Step step{.name = name, .line = table.line(), .action = {}, .reads = {}};
  LG_ASSIGN_OR_RETURN(const std::string kernel, table.RequiredText("kernel"));
  if (kernel == "dedupe") {
    LG_ASSIGN_OR_RETURN(DedupeStep dedupe, ParseDedupe(table));
    step.reads = {dedupe.input};
    step.action = std::move(dedupe);
  } else if (kernel == "interval_align") {
    LG_ASSIGN_OR_RETURN(AlignStep align, ParseAlign(table));
    step.reads = SortedUnique({align.left, align.right});
    step.action = std::move(align);
  } else {
    return table.Problem("kernel",
                         fmt::format("There is no kernel of that name: '{}'. Kernels: dedupe, "
                                     "interval_align.",
                                     kernel));
  }
  return step;
}

}  // namespace lakegate::job
