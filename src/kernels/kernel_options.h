// How options are read from text formats: one row an option, one table a kernel.
#ifndef LAKEGATE_KERNELS_KERNEL_OPTIONS_H_
#define LAKEGATE_KERNELS_KERNEL_OPTIONS_H_

#include <span>
#include <string_view>

#include "lakegate/kernel_call.h"

namespace lakegate::kernels {

template <typename Options>
struct OptionRow {
  KernelOption option;
  Status (*read)(std::string_view name, const OptionValue& value, Options* options);
};

// The table of a kernel, by its option type.
std::span<const OptionRow<AsofJoinOptions>> OptionRows(const AsofJoinOptions*);
std::span<const OptionRow<CanonicalSortOptions>> OptionRows(const CanonicalSortOptions*);
std::span<const OptionRow<DedupeOptions>> OptionRows(const DedupeOptions*);
std::span<const OptionRow<ExplodeListOptions>> OptionRows(const ExplodeListOptions*);
std::span<const OptionRow<IntervalAlignOptions>> OptionRows(const IntervalAlignOptions*);
std::span<const OptionRow<RowIdsOptions>> OptionRows(const RowIdsOptions*);
std::span<const OptionRow<WinnerSelectOptions>> OptionRows(const WinnerSelectOptions*);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_KERNEL_OPTIONS_H_
