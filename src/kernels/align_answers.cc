#include "kernels/align_answers.h"

namespace lakegate::kernels {

void Answers::Append(const Answers& from, std::size_t first, std::size_t last) {
  const auto append = [&](const auto& source, auto* target) {
    if (source.empty()) return;
    target->insert(target->end(), source.begin() + static_cast<std::ptrdiff_t>(first),
                   source.begin() + static_cast<std::ptrdiff_t>(last));
  };
  append(from.left, &left);
  append(from.right, &right);
  append(from.kind, &kind);
  append(from.value, &value);
  append(from.value_valid, &value_valid);
  append(from.whole, &whole);
}

void Answers::DropFirst(std::size_t count) {
  const auto drop = [count](auto* list) {
    if (list->empty()) return;
    list->erase(list->begin(), list->begin() + static_cast<std::ptrdiff_t>(count));
  };
  drop(&left);
  drop(&right);
  drop(&kind);
  drop(&value);
  drop(&value_valid);
  drop(&whole);
}

}  // namespace lakegate::kernels
