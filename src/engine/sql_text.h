// SQL as text: split into statements, and said what it is and names, without opening anything.
//
// Caps are applied by the tokeniser before the parser sees the text; parsing runs on a large
// stack of its own. Errors: kSqlPolicyViolation (violation "limit", the limit as name, with
// line and column), kInvalidSql (line and column), kInvalidArgument (not UTF-8).
// Threads: pure functions.
#ifndef LAKEGATE_ENGINE_SQL_TEXT_H_
#define LAKEGATE_ENGINE_SQL_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/policy.h"
#include "lakegate/result.h"

namespace lakegate::engine {

// The facts of docs/FACTS.md as JSON; `guard::ParseFacts` reads them.
Result<std::string> SqlFacts(std::string_view sql, const SqlLimits& limits);

// One INSERT, DELETE, UPDATE or MERGE taken apart, as JSON (lakegate_bridge.h): kUnsupported for
// another statement, or one with a clause beside those parts. Judges nothing.
Result<std::string> SqlChange(std::string_view sql, const SqlLimits& limits);

// Byte range of one statement in its text, and where it starts (both count from 1).
struct StatementRange {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t line = 1;
  std::int64_t column = 1;
  bool operator==(const StatementRange&) const = default;
};

// Comments and empty statements are no statement.
Result<std::vector<StatementRange>> SplitSql(std::string_view sql, const SqlLimits& limits);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_SQL_TEXT_H_
