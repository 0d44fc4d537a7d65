// Rows up to what the policy lets a statement give back.
#ifndef LAKEGATE_SESSION_LIMITED_STREAM_H_
#define LAKEGATE_SESSION_LIMITED_STREAM_H_

#include "lakegate/arrow.h"
#include "lakegate/policy.h"

namespace lakegate::session {

// kResourceLimit naming the setting, instead of the batch that passes a limit. Without limits
// the stream itself.
ArrowStream LimitResult(ArrowStream rows, const QueryLimits& limits);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_LIMITED_STREAM_H_
