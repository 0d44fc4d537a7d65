// A profile file's text as keys and values, before any of them is checked.
//
// Private to the profile room; the only reader of TOML here. Pure.
// Errors: kInvalidArgument for text that is not TOML (line and column), and for values of a
// kind no setting has (dates, floats, nested tables).
#ifndef LAKEGATE_PROFILE_PROFILE_FILE_H_
#define LAKEGATE_PROFILE_PROFILE_FILE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lakegate/profile.h"
#include "lakegate/result.h"

namespace lakegate::profile {

using KeyValues = std::vector<std::pair<std::string, SettingValue>>;

struct ProfileFile {
  std::string preset;  // "" when the file names none
  KeyValues settings;  // in the file's order; keys of a group's table as "group.key"
  std::map<std::string, KeyValues> datasets;
};

Result<ProfileFile> ParseProfileFile(const ProfileText& file);

}  // namespace lakegate::profile

#endif  // LAKEGATE_PROFILE_PROFILE_FILE_H_
