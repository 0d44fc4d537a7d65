// The verdict: may this text, and may this plan, run under this policy?
//
// Two gates. `Judge` decides from the syntax tree, before anything is planned, opened, listed
// or connected. `JudgePlan` decides again from the expanded plan (views inlined, functions that
// syntax implies spelled out), before anything runs. Both fail closed: a statement kind, plan
// node or table provider that is not known here is refused.
//
// Errors: kSqlPolicyViolation with a PolicyViolation detail: the violation's word, the offending
// name, its line and column, and the policy setting that would allow it ("" when none does).
// kInvalidSql for a text without any statement. Pure functions; any thread.
#ifndef LAKEGATE_GUARD_VERDICT_H_
#define LAKEGATE_GUARD_VERDICT_H_

#include <set>
#include <string>
#include <string_view>

#include "guard/facts.h"
#include "lakegate/policy.h"
#include "lakegate/result.h"

namespace lakegate::guard {

enum class Violation {
  kDdl,
  kDml,
  // A statement by its word (SET, SHOW, EXPLAIN ...), an unknown kind of statement, or a clause
  // that parses but that the engine would leave out: no setting allows that one.
  kStatement,
  kNamedArgs,
  kCopy,
  kRelation,
  kFunction,
  kTableFunction,
  kSetting,
  // A path or URL in SQL text, outside the policy's roots.
  kPath,
  // CREATE EXTENSION, LOAD, INSTALL; an extension node of a plan. No setting allows it.
  kExtension,
  kMultiStatement,
  kLimit,
};

// The stable spelling: "ddl", "named_args", ...; what PolicyViolation::violation holds.
std::string_view ViolationName(Violation violation);

// The first refusal in a fixed order: limits of the text, number of statements, then for each
// statement its kind, nested statements, ignored clauses, arguments, relations, locations,
// functions, table functions and settings. EXPLAIN needs its own word, EXPLAIN ANALYZE another,
// and what is explained is judged as if it stood alone.
//
// Relations are single names; a name of several parts would leave the catalog and is refused by
// every policy. Functions compare without case. Deny lists win, and
// compare without case. Locations are absolute paths without `..` under one of the roots; URLs
// are refused. Paths are compared as text: whoever opens one resolves links and asks again.
Status Judge(const TextFacts& facts, const SqlPolicy& policy);

// `resolved_relations` are the names the session registered for this statement, after `Judge`
// allowed them, views and what they read included: a scan of anything else is refused.
Status JudgePlan(const PlanFacts& plan, const SqlPolicy& policy,
                 const std::set<std::string>& resolved_relations);

// What a statement could read at most: the files behind the relations it names.
struct ScanCost {
  std::int64_t bytes = 0;
  std::int64_t files = 0;
};
// Before the statement is planned: violation "limit", settings query.scan_bytes and
// query.scan_files.
Status JudgeScan(const ScanCost& cost, const SqlPolicy& policy);

// Before it runs: violation "limit", setting query.scan_rows. `rows` as far as they are known.
Status JudgeRows(std::int64_t rows, const SqlPolicy& policy);

// What `--dry-run` prints: each statement with its kind and what it names, then "allowed by
// policy 'x'." or the refusal. Ends in a newline.
std::string VerdictText(const TextFacts& facts, const SqlPolicy& policy);

}  // namespace lakegate::guard

#endif  // LAKEGATE_GUARD_VERDICT_H_
