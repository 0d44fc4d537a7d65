// Kernels by name: one table of what they are called, read and take, for job files, SQL and
// whoever reads a call from text. C++ that knows its kernel calls the function of its header.
//
// Threads: pure functions over constants. docs/KERNELS.md is made from this table.
#ifndef LAKEGATE_KERNEL_CALL_H_
#define LAKEGATE_KERNEL_CALL_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/asof_join.h"
#include "lakegate/canonical_sort.h"
#include "lakegate/dedupe.h"
#include "lakegate/explode_list.h"
#include "lakegate/export.h"
#include "lakegate/interval_align.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"
#include "lakegate/row_ids.h"
#include "lakegate/winner_select.h"

namespace lakegate {

// A kernel with its options. Which alternative it holds says which kernel it is.
using KernelCall =
    std::variant<AsofJoinOptions, CanonicalSortOptions, DedupeOptions, ExplodeListOptions,
                 IntervalAlignOptions, RowIdsOptions, WinnerSelectOptions>;

// An option as a text format gives it. A single text stands for a list of one.
using OptionValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;
using KernelOptions = std::map<std::string, OptionValue, std::less<>>;

struct KernelOption {
  std::string_view name;
  std::string_view type;  // "text", "list of texts", "word", "sort keys", "span", ...
  std::string_view doc;
};

struct KernelInfo {
  std::string_view name;
  std::string_view summary;
  // The roles of its input streams, in order: {"input"} or {"left", "right"}.
  std::span<const std::string_view> inputs;
  std::vector<KernelOption> options;
};

// All kernels, sorted by name.
LAKEGATE_EXPORT std::span<const KernelInfo> AllKernels();
// kInvalidArgument names the nearest kernel and lists all.
LAKEGATE_EXPORT Result<const KernelInfo*> FindKernel(std::string_view name);

// The table's entry of a call.
LAKEGATE_EXPORT const KernelInfo& InfoOf(const KernelCall& call);

// A call of the kernel with all options at their defaults. kInvalidArgument as FindKernel.
LAKEGATE_EXPORT Result<KernelCall> DefaultKernelCall(std::string_view kernel);
// Sets one option. kInvalidArgument: no such option (the nearest is named), a value of
// another type, an unknown word.
LAKEGATE_EXPORT Status SetKernelOption(std::string_view option, const OptionValue& value,
                                       KernelCall* call);
// What the kernel's own Validate says.
LAKEGATE_EXPORT Status ValidateKernelCall(const KernelCall& call);

// The three in one.
LAKEGATE_EXPORT Result<KernelCall> KernelCallFrom(std::string_view kernel,
                                                  const KernelOptions& options);

// Runs the kernel over as many streams as it has inputs; otherwise kInvalidArgument. Errors
// are the kernel's.
LAKEGATE_EXPORT Result<ArrowStream> RunKernel(const KernelCall& call,
                                              std::vector<ArrowStream> inputs,
                                              const KernelContext& context);

// docs/KERNELS.md, whole; a test compares it with the file.
LAKEGATE_EXPORT std::string KernelsMarkdown();

}  // namespace lakegate

#endif  // LAKEGATE_KERNEL_CALL_H_
