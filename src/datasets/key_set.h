// The keys of a stream seen so far, as 128-bit ids: is this one new?
//
// An id is XXH3-128 over the canonical encodings of the key's values: equal keys have equal ids
// whatever their representation (dictionary, view, integer width), and two keys of 2^40 share
// one with a chance below 2^-48. Open addressing, at most three quarters full: 16 to 43 bytes a
// key. Threads: one at a time.
#ifndef LAKEGATE_DATASETS_KEY_SET_H_
#define LAKEGATE_DATASETS_KEY_SET_H_

#include <cstdint>
#include <vector>

#include "hashing/stable_id.h"
#include "lakegate/result.h"

namespace lakegate::datasets {

class KeySet {
 public:
  // Zero or less: no limit.
  explicit KeySet(std::int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // Whether `key` was not there before. kResourceLimit, naming the setting, when the set would
  // have to grow beyond the limit.
  Result<bool> Insert(hashing::Id128 key);

  std::int64_t size() const { return size_; }

 private:
  Status Grow();
  // The slot that holds `key` or is free for it.
  hashing::Id128& SlotOf(hashing::Id128 key);

  std::int64_t limit_bytes_;
  std::int64_t size_ = 0;
  // A power of two of them. The zero id marks a free slot and is counted apart.
  std::vector<hashing::Id128> slots_;
  bool has_zero_ = false;
};

}  // namespace lakegate::datasets

#endif  // LAKEGATE_DATASETS_KEY_SET_H_
