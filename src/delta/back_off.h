// How long to wait before a lost race is run again.
#ifndef LAKEGATE_DELTA_BACK_OFF_H_
#define LAKEGATE_DELTA_BACK_OFF_H_

#include <cstdint>

#include "base/uuid.h"

namespace lakegate::delta {

// `first_ms` doubled with every retry before, at most a second, then anything between half of
// it and all of it.
std::int64_t BackOffMs(std::int64_t first_ms, std::int64_t retries, base::RandomSource& random);

}  // namespace lakegate::delta

#endif  // LAKEGATE_DELTA_BACK_OFF_H_
