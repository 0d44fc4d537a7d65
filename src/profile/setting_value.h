// Values of settings: from what users write, checked, and back.
//
// Private to the profile room. Pure functions.
// Errors: kInvalidArgument naming the setting, its origin, and what it takes.
#ifndef LAKEGATE_PROFILE_SETTING_VALUE_H_
#define LAKEGATE_PROFILE_SETTING_VALUE_H_

#include <string>
#include <string_view>

#include "lakegate/profile.h"
#include "lakegate/result.h"

namespace lakegate::profile {

// The value in the setting's own type and within its bounds. Text is parsed by the type.
Result<SettingValue> ValueOf(const Setting& setting, const SettingValue& given,
                             std::string_view origin);

// As a user would write it; `ValueOf` reads it back.
std::string TextOf(const Setting& setting, const SettingValue& value);

// "a size between 16 MiB and 16 TiB", "one of zstd, snappy", "true or false".
std::string Takes(const Setting& setting);

// "bytes", "integer", "list": for documentation.
std::string_view TypeName(SettingType type);

}  // namespace lakegate::profile

#endif  // LAKEGATE_PROFILE_SETTING_VALUE_H_
