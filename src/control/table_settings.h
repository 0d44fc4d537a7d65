// Properties and constraints of a table: what its metadata and protocol say.
#ifndef LAKEGATE_CONTROL_TABLE_SETTINGS_H_
#define LAKEGATE_CONTROL_TABLE_SETTINGS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "control/change.h"

namespace lakegate::control {

// kInvalidArgument for a name or value Delta does not know, kNotFound for one to unset that is
// not set.
Result<ChangeReceipt> SetTableProperties(const Call& call,
                                         const std::map<std::string, std::string>& set,
                                         const std::vector<std::string>& unset);
// kUnsupported for a feature that this build cannot honour; "nothing_to_do" where it is supported.
Result<ChangeReceipt> EnableTableFeature(const Call& call, std::string_view feature);
// The check was judged. kAlreadyExists for a name in use, kConstraintViolation for rows that do
// not meet it.
Result<ChangeReceipt> AddTableConstraint(const Call& call, const Check& check);
// kNotFound, with the names there are.
Result<ChangeReceipt> DropTableConstraint(const Call& call, std::string_view name);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_TABLE_SETTINGS_H_
