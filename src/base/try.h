// Early return on error: the two macros of the project.
//
//   LG_RETURN_IF_ERROR(Flush(file));
//   LG_ASSIGN_OR_RETURN(auto schema, stream.schema());
#ifndef LAKEGATE_BASE_TRY_H_
#define LAKEGATE_BASE_TRY_H_

#include <utility>

#include "lakegate/result.h"

#define LG_CONCAT_INNER(a, b) a##b
#define LG_CONCAT(a, b) LG_CONCAT_INNER(a, b)

#define LG_RETURN_IF_ERROR(expression)                        \
  do {                                                        \
    if (auto lg_status = (expression); !lg_status) {          \
      return ::lakegate::Error(std::move(lg_status).error()); \
    }                                                         \
  } while (false)

#define LG_ASSIGN_OR_RETURN_INNER(temporary, declaration, expression)     \
  auto temporary = (expression);                                          \
  if (!temporary) return ::lakegate::Error(std::move(temporary).error()); \
  declaration = std::move(temporary).value()

#define LG_ASSIGN_OR_RETURN(declaration, expression) \
  LG_ASSIGN_OR_RETURN_INNER(LG_CONCAT(lg_result_, __LINE__), declaration, expression)

#endif  // LAKEGATE_BASE_TRY_H_
