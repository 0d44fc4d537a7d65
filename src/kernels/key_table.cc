#include "kernels/key_table.h"

#include <cstring>
#include <utility>

namespace lakegate::kernels {
namespace {

constexpr std::size_t kFirstSlots = 64;

std::uint64_t Load(const char* bytes, std::size_t count) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, count);
  return word;
}

}  // namespace

std::uint64_t HashBytes(std::string_view bytes) {
  std::uint64_t hash = bytes.size();
  while (bytes.size() > 16) {
    hash = Mix(hash ^ Load(bytes.data(), 8), Load(bytes.data() + 8, 8));
    bytes.remove_prefix(16);
  }
  const std::size_t low = bytes.size() < 8 ? bytes.size() : 8;
  const std::uint64_t a = low == 0 ? 0 : Load(bytes.data(), low);
  const std::uint64_t b = bytes.size() > 8 ? Load(bytes.data() + 8, bytes.size() - 8) : 0;
  return Mix(Mix(hash ^ a, b), hash);
}

IntTable::IntTable() : slots_(kFirstSlots), mask_(kFirstSlots - 1) {}

void IntTable::Grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.number == kFree) continue;
    std::size_t at = SlotOf(slot.key);
    while (slots_[at].number != kFree) at = (at + 1) & mask_;
    slots_[at] = slot;
  }
}

BytesTable::BytesTable() : slots_(kFirstSlots), mask_(kFirstSlots - 1) {}

std::uint32_t BytesTable::Find(std::string_view key, std::uint64_t hash, std::uint32_t next) {
  std::size_t at = hash & mask_;
  while (slots_[at].number != kFree) {
    if (slots_[at].hash == hash && slots_[at].key == key) return slots_[at].number;
    at = (at + 1) & mask_;
  }
  slots_[at] = Slot{hash, key, next};
  if (++used_ * 2 > mask_) Grow();
  return next;
}

std::uint32_t BytesTable::Known(std::string_view key, std::uint64_t hash) const {
  std::size_t at = hash & mask_;
  while (slots_[at].number != kFree && (slots_[at].hash != hash || slots_[at].key != key)) {
    at = (at + 1) & mask_;
  }
  return slots_[at].number;
}

void BytesTable::Grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.number == kFree) continue;
    std::size_t at = slot.hash & mask_;
    while (slots_[at].number != kFree) at = (at + 1) & mask_;
    slots_[at] = slot;
  }
}

}  // namespace lakegate::kernels
