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

// The value of a key as an option's, by what the file holds there.
Result<OptionValue> ValueOf(TomlTable& table, std::string_view key) {
  const toml::node* const node = table.table().get(key);
  if (node->is_boolean()) {
    LG_ASSIGN_OR_RETURN(const auto flag, table.Boolean(key));
    return OptionValue(*flag);
  }
  if (node->is_integer()) {
    LG_ASSIGN_OR_RETURN(const auto number, table.Integer(key));
    return OptionValue(*number);
  }
  if (node->is_array()) {
    LG_ASSIGN_OR_RETURN(auto texts, table.TextList(key));
    return OptionValue(*std::move(texts));
  }
  LG_ASSIGN_OR_RETURN(auto text, table.Text(key));
  return OptionValue(*std::move(text));
}

Result<KernelStep> ParseKernel(TomlTable& table) {
  LG_ASSIGN_OR_RETURN(const std::string kernel, table.RequiredText("kernel"));
  auto found = FindKernel(kernel);
  if (!found) return table.Problem("kernel", found.error().message());
  const KernelInfo& info = **found;
  KernelStep step;
  LG_ASSIGN_OR_RETURN(step.call, DefaultKernelCall(kernel));
  for (const std::string_view role : info.inputs) {
    LG_ASSIGN_OR_RETURN(std::string input, table.RequiredText(role));
    step.inputs.push_back(std::move(input));
  }
  for (const KernelOption& option : info.options) {
    if (!table.Has(option.name)) continue;
    LG_ASSIGN_OR_RETURN(OptionValue value, ValueOf(table, option.name));
    if (auto set = SetKernelOption(option.name, value, &step.call); !set) {
      return table.Problem(option.name, set.error().message());
    }
    step.options.emplace(option.name, std::move(value));
  }
  LG_RETURN_IF_ERROR(table.RefuseOtherKeys());
  // What only the options together can tell.
  if (auto call = KernelCallFrom(kernel, step.options); !call) {
    return table.Problem("", call.error().message());
  }
  return step;
}

}  // namespace

std::string_view Step::kind() const {
  if (is_view()) return "view";
  if (is_output()) return "write";
  return InfoOf(std::get<KernelStep>(action).call).name;
}

Result<Step> ParseView(const std::string& name, TomlTable table) {
  LG_ASSIGN_OR_RETURN(std::string sql, table.RequiredText("sql"));
  LG_RETURN_IF_ERROR(table.RefuseOtherKeys());
  return Step{
      .name = name, .line = table.line(), .action = ViewStep{.sql = std::move(sql)}, .reads = {}};
}

Result<Step> ParseKernelStep(const std::string& name, TomlTable table) {
  LG_ASSIGN_OR_RETURN(KernelStep kernel, ParseKernel(table));
  std::vector<std::string> reads = SortedUnique(kernel.inputs);
  return Step{
      .name = name, .line = table.line(), .action = std::move(kernel), .reads = std::move(reads)};
}

}  // namespace lakegate::job
