// expect: nodiscard
// A failure nobody looks at is a failure nobody hears of.
#include "engine/engine.h"

bool Panics() {
#ifdef MISUSE
  lakegate::engine::PanicForTest();
  return true;
#else
  return !lakegate::engine::PanicForTest();
#endif
}
