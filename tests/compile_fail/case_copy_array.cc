// expect: use of deleted function
// Two owners of one Arrow array would release it twice.
#include <utility>

#include "lakegate/arrow.h"

lakegate::OwnedArray Take(lakegate::OwnedArray& array) {
#ifdef MISUSE
  return array;
#else
  return std::move(array);
#endif
}
