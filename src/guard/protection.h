// Protected relations: which they are, and the query that is read in place of one. Pure
// functions; any thread.
#ifndef LAKEGATE_GUARD_PROTECTION_H_
#define LAKEGATE_GUARD_PROTECTION_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/dataset.h"
#include "lakegate/policy.h"
#include "lakegate/result.h"

namespace lakegate::guard {

// Null where the policy leaves the relation as it is. Letters match whatever their case.
const RelationProtection* ProtectionOf(const SqlPolicy& policy, std::string_view relation);

// The expressions of a protection, named for messages: each must be one over a row.
std::vector<Check> ExpressionsOf(std::string_view relation, const RelationProtection& protection);

// `SELECT ... FROM relation WHERE ...` over the columns that are shown. kNotFound: a column of the
// protection that is not there, which would leave another one open, or none left to show.
Result<std::string> ProtectingQuery(std::string_view relation, std::span<const std::string> columns,
                                    const RelationProtection& protection);

// What that query may do: all that a row's expression needs, and no more of other relations than
// `policy` allows. The relation itself is open.
SqlPolicy PolicyBeneath(const SqlPolicy& policy, std::string_view relation);

// What the relation's own text may do where it is a view: the same, but only with the functions
// that `policy` allows. A protection must not open what its policy closes.
SqlPolicy PolicyOfText(const SqlPolicy& policy, std::string_view relation);

}  // namespace lakegate::guard

#endif  // LAKEGATE_GUARD_PROTECTION_H_
