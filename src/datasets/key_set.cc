#include "datasets/key_set.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/quantity.h"
#include "base/try.h"

namespace lakegate::datasets {
namespace {

constexpr std::size_t kFirstSlots = 1'024;
constexpr hashing::Id128 kFree{};

}  // namespace

Result<bool> KeySet::Insert(hashing::Id128 key) {
  if (key == kFree) {
    if (has_zero_) return false;
    has_zero_ = true;
    ++size_;
    return true;
  }
  if (slots_.empty() || static_cast<std::size_t>(size_) >= slots_.size() / 4 * 3) {
    LG_RETURN_IF_ERROR(Grow());
  }
  hashing::Id128& slot = SlotOf(key);
  if (slot == key) return false;
  slot = key;
  ++size_;
  return true;
}

hashing::Id128& KeySet::SlotOf(hashing::Id128 key) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = key.low & mask;
  while (slots_[at] != kFree && slots_[at] != key) at = (at + 1) & mask;
  return slots_[at];
}

Status KeySet::Grow() {
  const std::size_t count = std::max(kFirstSlots, slots_.size() * 2);
  // Both tables exist while one is copied into the other.
  const auto bytes = static_cast<std::int64_t>((count + slots_.size()) * sizeof(hashing::Id128));
  if (limit_bytes_ > 0 && bytes > limit_bytes_) {
    return Error(ErrorKind::kResourceLimit,
                 fmt::format("The keys of a dataset do not fit in memory: {} after {} keys, limit "
                             "{}. Raise execution.memory_limit, or declare no key.",
                             base::FormatByteSizeRounded(bytes), size_,
                             base::FormatByteSizeRounded(limit_bytes_)));
  }
  std::vector<hashing::Id128> old(count);
  old.swap(slots_);
  for (const hashing::Id128 key : old) {
    if (key != kFree) SlotOf(key) = key;
  }
  return {};
}

}  // namespace lakegate::datasets
