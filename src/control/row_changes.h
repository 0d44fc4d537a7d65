// DELETE and UPDATE: files with rows that meet a condition are rewritten, in one commit.
#ifndef LAKEGATE_CONTROL_ROW_CHANGES_H_
#define LAKEGATE_CONTROL_ROW_CHANGES_H_

#include <map>
#include <string>

#include "control/change.h"

namespace lakegate::control {

// Conditions and expressions were judged; an empty condition is every row.
Result<ChangeReceipt> DeleteRows(const Call& call, const std::string& condition);
Result<ChangeReceipt> UpdateRows(const Call& call, const std::map<std::string, std::string>& set,
                                 const std::string& condition);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_ROW_CHANGES_H_
