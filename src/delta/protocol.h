// The protocol of a table, and what a further feature makes of it. Pure.
#ifndef LAKEGATE_DELTA_PROTOCOL_H_
#define LAKEGATE_DELTA_PROTOCOL_H_

#include <string>
#include <string_view>

#include "lakegate/result.h"

namespace lakegate::delta {

// `protocol_json` (the action's own fields) with `feature` supported: the protocol lists features
// from then on, with those that its old versions implied. kUnsupported for a feature that this
// build cannot honour for every later writer, with those it can. The same text where the feature
// is supported already.
Result<std::string> WithFeature(std::string_view protocol_json, std::string_view feature);

}  // namespace lakegate::delta

#endif  // LAKEGATE_DELTA_PROTOCOL_H_
