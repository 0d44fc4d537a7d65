// Hash tables that number distinct values 0, 1, 2, ... in order of first appearance.
//
// Open addressing with linear probing over a power of two, at most half full. The hash is
// fixed, so numbering and cost are the same in every run.
#ifndef LAKEGATE_KERNELS_KEY_TABLE_H_
#define LAKEGATE_KERNELS_KEY_TABLE_H_

#include <cstdint>
#include <string_view>
#include <vector>

namespace lakegate::kernels {

// Multiply and fold: all bits of both words reach all bits of the hash.
inline std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd6e8feb86659fd93u);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t HashBytes(std::string_view bytes);

class IntTable {
 public:
  IntTable();
  // Asks for the memory that Find will look at: worth it a few dozen keys ahead.
  void Prefetch(std::uint64_t key) const { __builtin_prefetch(&slots_[SlotOf(key)], 1); }
  // The number of `key`: `next` when it is new, which the caller then takes.
  std::uint32_t Find(std::uint64_t key, std::uint32_t next) {
    std::size_t at = SlotOf(key);
    while (slots_[at].number != kFree) {
      if (slots_[at].key == key) return slots_[at].number;
      at = (at + 1) & mask_;
    }
    slots_[at] = Slot{key, next};
    if (++used_ * 2 > mask_) Grow();
    return next;
  }
  // The number of `key`; all-ones where it has none.
  std::uint32_t Known(std::uint64_t key) const {
    std::size_t at = SlotOf(key);
    while (slots_[at].number != kFree && slots_[at].key != key) at = (at + 1) & mask_;
    return slots_[at].number;
  }

 private:
  static constexpr std::uint32_t kFree = 0xffffffffu;
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t number = kFree;
  };
  std::size_t SlotOf(std::uint64_t key) const { return Mix(key, 0x2545f4914f6cdd1du) & mask_; }
  void Grow();

  std::vector<Slot> slots_;
  std::size_t mask_;
  std::size_t used_ = 0;
};

// Keys are borrowed: the bytes must outlive the table.
class BytesTable {
 public:
  BytesTable();
  // As IntTable's; `hash` is HashBytes(key).
  void Prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash & mask_], 1); }
  std::uint32_t Find(std::string_view key, std::uint64_t hash, std::uint32_t next);
  std::uint32_t Known(std::string_view key, std::uint64_t hash) const;

 private:
  static constexpr std::uint32_t kFree = 0xffffffffu;
  struct Slot {
    std::uint64_t hash = 0;
    std::string_view key = {};
    std::uint32_t number = kFree;
  };
  void Grow();

  std::vector<Slot> slots_;
  std::size_t mask_;
  std::size_t used_ = 0;
};

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_KEY_TABLE_H_
