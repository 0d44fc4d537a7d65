// The version of the library these headers belong to. Semantic versioning: before 1.0 a minor
// version may change the API. `VersionsJson()` (session.h) says what a built library carries.
#ifndef LAKEGATE_VERSION_H_
#define LAKEGATE_VERSION_H_

#include <string_view>

#define LAKEGATE_VERSION_MAJOR 0
#define LAKEGATE_VERSION_MINOR 1
#define LAKEGATE_VERSION_PATCH 0

namespace lakegate {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace lakegate

#endif  // LAKEGATE_VERSION_H_
