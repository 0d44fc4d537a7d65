// The first rows of a stream; the rest is never asked for.
#ifndef LAKEGATE_JOB_FIRST_ROWS_H_
#define LAKEGATE_JOB_FIRST_ROWS_H_

#include <cstdint>

#include "lakegate/arrow.h"

namespace lakegate::job {

ArrowStream FirstRows(ArrowStream rows, std::int64_t limit);

}  // namespace lakegate::job

#endif  // LAKEGATE_JOB_FIRST_ROWS_H_
