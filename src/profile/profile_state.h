// What a Profile holds: every setting's value and origin by position, and the datasets.
//
// Private to the profile room. Built once by `Profile::Build`, never changed afterwards.
#ifndef LAKEGATE_PROFILE_PROFILE_STATE_H_
#define LAKEGATE_PROFILE_PROFILE_STATE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/profile.h"
#include "profile/setting_table.h"

namespace lakegate {

struct Profile::State {
  struct Dataset {
    DatasetBinding binding;
    // Settings of the write group that this dataset has for itself.
    std::map<std::size_t, SettingValue> overrides;
    std::string origin;
  };

  std::string preset;
  std::vector<SettingValue> values;
  std::vector<std::string> origins;
  std::map<std::string, Dataset> datasets;

  template <typename Value>
  const Value& Of(std::string_view name) const {
    return std::get<Value>(values[profile::SettingIndex(name)]);
  }
  std::int64_t Number(std::string_view name) const { return Of<std::int64_t>(name); }
  bool Flag(std::string_view name) const { return Of<bool>(name); }
  const std::string& Text(std::string_view name) const { return Of<std::string>(name); }
  // Nothing when the list is "*": any.
  std::optional<std::vector<std::string>> AnyOrList(std::string_view name) const {
    const auto& list = Of<std::vector<std::string>>(name);
    if (list.size() == 1 && list.front() == "*") return std::nullopt;
    return list;
  }

  const Dataset* Find(std::string_view destination) const;
};

namespace profile {

// A location as it is compared: file: taken off, "." and ".." and doubled slashes taken out,
// relative ones put under `base_directory`. Other URIs stay as they are.
std::string NormaliseLocation(std::string_view location, std::string_view base_directory = {});
bool IsLocalLocation(std::string_view location);

}  // namespace profile
}  // namespace lakegate

#endif  // LAKEGATE_PROFILE_PROFILE_STATE_H_
