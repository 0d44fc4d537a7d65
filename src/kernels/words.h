// Enumerators and the words options spell them with, as one table for each enumeration.
#ifndef LAKEGATE_KERNELS_WORDS_H_
#define LAKEGATE_KERNELS_WORDS_H_

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

template <typename Enum>
struct Word {
  Enum value;
  std::string_view text;
};

template <typename Enum>
std::string_view TextOf(std::span<const Word<Enum>> words, Enum value) {
  for (const auto& word : words) {
    if (word.value == value) return word.text;
  }
  return "?";
}

// `what` names the option: "alignment mode".
template <typename Enum>
Result<Enum> FromText(std::span<const Word<Enum>> words, std::string_view text,
                      std::string_view what) {
  std::vector<std::string> allowed;
  for (const auto& word : words) {
    if (word.text == text) return word.value;
    allowed.emplace_back(word.text);
  }
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("The {} is not one there is: '{}'; the allowed words are: {}.{}", what,
                           text, base::ListNames(allowed), base::DidYouMean(text, allowed)));
}

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_WORDS_H_
