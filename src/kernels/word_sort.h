// Sorts places 0 .. n-1 by one word each, over the threads of a context.
#ifndef LAKEGATE_KERNELS_WORD_SORT_H_
#define LAKEGATE_KERNELS_WORD_SORT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "columnar/scratch.h"
#include "kernels/work.h"
#include "lakegate/kernel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

// Writes the words of places [first, last) to `words`; called from several threads.
using WordSource = std::function<void(std::size_t first, std::size_t last, std::uint64_t* words)>;

// The places by ascending word, equal ones in their order. Words are below 2^bits. kCancelled.
Result<columnar::Scratch<Row>> SortByWords(std::size_t count, int bits, const WordSource& source,
                                           const KernelContext& context);

// One of several words of a place; words are below 2^bits.
struct WordKey {
  int bits = 0;
  WordSource source;
};

// The places by their keys, the first being the most significant, equal ones in their order;
// no key: as they are. kCancelled.
Result<columnar::Scratch<Row>> SortByWordKeys(std::size_t count, std::span<const WordKey> keys,
                                              const KernelContext& context);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_WORD_SORT_H_
