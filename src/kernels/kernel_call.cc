#include "lakegate/kernel_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "kernels/kernel_options.h"

namespace lakegate {
namespace {

using kernels::OptionRows;

constexpr std::string_view kOneInput[] = {"input"};
constexpr std::string_view kTwoInputs[] = {"left", "right"};
constexpr std::size_t kKernels = std::variant_size_v<KernelCall>;

struct Heading {
  std::string_view name;
  std::string_view summary;
  std::span<const std::string_view> inputs;
};

// In the order of KernelCall's alternatives, which is that of the names.
constexpr std::array<Heading, kKernels> kHeadings = {{
    {"asof_join", "gives each left row the right row whose time is nearest on one side",
     kTwoInputs},
    {"canonical_sort", "puts rows into an order that does not depend on how they arrived",
     kOneInput},
    {"dedupe", "keeps one row for each key", kOneInput},
    {"explode_list", "makes one row for each element of a list", kOneInput},
    {"interval_align", "gives each left span its spans of the right table", kTwoInputs},
    {"row_ids", "gives each row an id made of its values", kOneInput},
    {"winner_select", "keeps the best row of each group by a score", kOneInput},
}};

template <std::size_t kIndex>
KernelInfo MakeInfo() {
  using Options = std::variant_alternative_t<kIndex, KernelCall>;
  const Heading& heading = kHeadings[kIndex];
  KernelInfo info{heading.name, heading.summary, heading.inputs, {}};
  for (const auto& row : OptionRows(static_cast<const Options*>(nullptr))) {
    info.options.push_back(row.option);
  }
  return info;
}

template <std::size_t... kIndices>
const std::array<KernelInfo, kKernels>& Infos(std::index_sequence<kIndices...>) {
  static const std::array<KernelInfo, kKernels> infos = {MakeInfo<kIndices>()...};
  return infos;
}

// The default call of kernel `index`.
template <std::size_t kIndex = 0>
KernelCall DefaultOf(std::size_t index) {
  if constexpr (kIndex + 1 < kKernels) {
    if (index != kIndex) return DefaultOf<kIndex + 1>(index);
  }
  return KernelCall(std::in_place_index<kIndex>);
}

ArrowStream Take(std::vector<ArrowStream>& inputs, std::size_t index) {
  return std::move(inputs[index]);
}

Error BothForms(std::string_view both, std::string_view left, std::string_view right) {
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("Give either '{}' or '{}' and '{}', not both.", both, left, right));
}

// "on" says left_on and right_on at once, "by" left_by and right_by.
Status CheckForms(const KernelOptions& options) {
  for (const std::string_view both : {"on", "by"}) {
    const std::string left = fmt::format("left_{}", both);
    const std::string right = fmt::format("right_{}", both);
    if (options.contains(both) && (options.contains(left) || options.contains(right))) {
      return BothForms(both, left, right);
    }
  }
  return {};
}

}  // namespace

std::span<const KernelInfo> AllKernels() { return Infos(std::make_index_sequence<kKernels>()); }

Result<const KernelInfo*> FindKernel(std::string_view name) {
  std::vector<std::string> names;
  for (const KernelInfo& info : AllKernels()) {
    if (info.name == name) return &info;
    names.emplace_back(info.name);
  }
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("There is no kernel of that name: '{}'.{} Kernels: {}.", name,
                           base::DidYouMean(name, names), base::ListNames(names)));
}

const KernelInfo& InfoOf(const KernelCall& call) { return AllKernels()[call.index()]; }

Result<KernelCall> DefaultKernelCall(std::string_view kernel) {
  LG_ASSIGN_OR_RETURN(const KernelInfo* const info, FindKernel(kernel));
  return DefaultOf(static_cast<std::size_t>(info - AllKernels().data()));
}

Status SetKernelOption(std::string_view option, const OptionValue& value, KernelCall* call) {
  return std::visit(
      [&](auto& options) -> Status {
        using Options = std::remove_reference_t<decltype(options)>;
        std::vector<std::string> names;
        for (const auto& row : OptionRows(static_cast<const Options*>(nullptr))) {
          if (row.option.name == option) return row.read(option, value, &options);
          names.emplace_back(row.option.name);
        }
        return Error(ErrorKind::kInvalidArgument,
                     fmt::format("The kernel {} has no such option: '{}'.{} Options: {}.",
                                 InfoOf(*call).name, option, base::DidYouMean(option, names),
                                 base::ListNames(names)));
      },
      *call);
}

Status ValidateKernelCall(const KernelCall& call) {
  return std::visit([](const auto& options) { return options.Validate(); }, call);
}

Result<KernelCall> KernelCallFrom(std::string_view kernel, const KernelOptions& options) {
  LG_ASSIGN_OR_RETURN(KernelCall call, DefaultKernelCall(kernel));
  for (const auto& [name, value] : options) {
    LG_RETURN_IF_ERROR(SetKernelOption(name, value, &call));
  }
  LG_RETURN_IF_ERROR(CheckForms(options));
  LG_RETURN_IF_ERROR(ValidateKernelCall(call));
  return call;
}

namespace {

struct Runner {
  std::vector<ArrowStream>& inputs;
  const KernelContext& context;

  Result<ArrowStream> operator()(const AsofJoinOptions& options) const {
    return AsofJoin(Take(inputs, 0), Take(inputs, 1), options, context);
  }
  Result<ArrowStream> operator()(const CanonicalSortOptions& options) const {
    return CanonicalSort(Take(inputs, 0), options, context);
  }
  Result<ArrowStream> operator()(const DedupeOptions& options) const {
    return Dedupe(Take(inputs, 0), options, context);
  }
  Result<ArrowStream> operator()(const ExplodeListOptions& options) const {
    return ExplodeList(Take(inputs, 0), options, context);
  }
  Result<ArrowStream> operator()(const IntervalAlignOptions& options) const {
    return IntervalAlign(Take(inputs, 0), Take(inputs, 1), options, context);
  }
  Result<ArrowStream> operator()(const RowIdsOptions& options) const {
    return RowIds(Take(inputs, 0), options, context);
  }
  Result<ArrowStream> operator()(const WinnerSelectOptions& options) const {
    return WinnerSelect(Take(inputs, 0), options, context);
  }
};

}  // namespace

Result<ArrowStream> RunKernel(const KernelCall& call, std::vector<ArrowStream> inputs,
                              const KernelContext& context) {
  const KernelInfo& info = InfoOf(call);
  if (inputs.size() != info.inputs.size()) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("The kernel {} reads {} inputs, not {}.", info.name,
                             info.inputs.size(), inputs.size()));
  }
  return std::visit(Runner{inputs, context}, call);
}

std::string KernelsMarkdown() {
  std::string text =
      "# Kernels\n\nWhat `kernel` names in a `[step.*]` of a job file, what SQL calls as a table "
      "function (`SELECT … FROM dedupe('calls', keys => ['path'])`: the relations it reads first, "
      "as text, then options by name), and what `KernelCallFrom` makes in C++. Each is described, "
      "errors and method included, in `include/lakegate/<kernel>.h`. This file is made from the "
      "table in the code.\n\nTypes: a list of texts may be a single text; sort keys are texts such "
      "as `\"column\"` or `\"column desc nulls first\"`; a span is two column names.\n";
  for (const KernelInfo& info : AllKernels()) {
    std::vector<std::string> inputs;
    for (const std::string_view input : info.inputs) inputs.push_back(fmt::format("`{}`", input));
    text +=
        fmt::format("\n## `{}`\n\n{} {}. Reads {}.\n\n| option | type | meaning |\n|---|---|---|\n",
                    info.name, info.name, info.summary, fmt::join(inputs, " and "));
    for (const KernelOption& option : info.options) {
      text += fmt::format("| `{}` | {} | {} |\n", option.name, option.type, option.doc);
    }
  }
  return text;
}

}  // namespace lakegate
