// Errors that come from another process, as `Error::ToJson` wrote them there.
#ifndef LAKEGATE_BASE_ERROR_JSON_H_
#define LAKEGATE_BASE_ERROR_JSON_H_

#include <string_view>

#include "lakegate/error.h"

namespace lakegate::base {

// Where the text is no such error: a kCorruptData that says so.
Error ParseErrorJson(std::string_view text);

}  // namespace lakegate::base

#endif  // LAKEGATE_BASE_ERROR_JSON_H_
