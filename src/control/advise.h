// What care a table would be given, and why.
#ifndef LAKEGATE_CONTROL_ADVISE_H_
#define LAKEGATE_CONTROL_ADVISE_H_

#include <string>
#include <vector>

#include "lakegate/delta_table.h"
#include "write/context.h"

namespace lakegate::control {

// From the table's log alone, by the measures of the context's maintenance policy, whether or not
// that policy would act by itself.
Result<std::vector<DeltaAdvice>> Advise(const std::string& path, write::WriteContext& context);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_ADVISE_H_
