// What a SQL text may do: the policy a guarded statement is judged by.
//
// A policy is a plain value. The guard judges the parsed statement before anything is
// planned, opened, listed or connected, and the expanded plan before anything runs; a refusal
// is kSqlPolicyViolation with a PolicyViolation detail. No policy means `read_only`.
#ifndef LAKEGATE_POLICY_H_
#define LAKEGATE_POLICY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/export.h"
#include "lakegate/result.h"

namespace lakegate {

// Caps on a SQL text; all are checked before or right after parsing, never after planning.
struct SqlLimits {
  std::int64_t max_bytes = 262'144;
  std::int64_t max_tokens = 20'000;
  // Brackets of any kind inside one another.
  std::int64_t max_nesting = 200;
  // Equal prefix keywords in a row (EXPLAIN EXPLAIN ...).
  std::int64_t max_prefix_run = 8;
  std::int64_t max_ast_depth = 300;
  std::int64_t max_ast_nodes = 100'000;
  // Terms of one chain of operators, arms of one chain of set operations.
  std::int64_t max_chain = 500;
  std::int64_t max_joins = 64;
  // Items of one `x IN (…)`.
  std::int64_t max_in_list = 10'000;
  std::int64_t max_subquery_depth = 8;
  std::int64_t max_with_depth = 4;
  bool operator==(const SqlLimits&) const = default;
};

// Caps on what a statement may use or give back; absent means no cap.
struct QueryLimits {
  std::optional<std::int64_t> result_rows;
  std::optional<std::int64_t> result_bytes;
  // Wall time of planning and of running, each on its own.
  std::optional<std::int64_t> plan_time_ms;
  std::optional<std::int64_t> run_time_ms;
  std::optional<std::int64_t> plan_nodes;
  // What the files hold that the statement's relations have now, known before anything is read;
  // a relation counts once, whatever part of it is needed.
  std::optional<std::int64_t> scan_bytes = {};
  std::optional<std::int64_t> scan_files = {};
  // Rows that the plan would read as Delta logs and the footers of Parquet files tell, known
  // before the first row; a table that is read twice counts twice, and a Delta file that its
  // log's statistics rule out does not count. What nothing tells (CSV, NDJSON, streams) counts
  // nothing.
  std::optional<std::int64_t> scan_rows = {};
  bool operator==(const QueryLimits&) const = default;
};

// What statements see in place of a relation. It lies beneath every expression of a statement:
// the relation is read by a query of its own, so that no condition, error, count or EXPLAIN of
// the statement comes near what is hidden.
struct RelationProtection {
  // A condition on a row, in SQL over the relation's columns; other rows are not there. "" keeps
  // all rows. Not true is not there, as in WHERE.
  std::string filter;
  // By column: "null", "hash" (hexadecimal SHA-256 of the value as text; equal values stay
  // equal, and who can guess a value can check it), or an expression over the columns. A column
  // that the relation lacks is kNotFound for every statement.
  std::map<std::string, std::string> masks;
  // The columns that are there, absent for all; those of `denied_columns` never are. A statement
  // that names another one is told what it would be told of a name that does not exist, and `*`
  // leaves it out. The filter and the masks may read it.
  std::optional<std::set<std::string>> columns = {};
  std::set<std::string> denied_columns = {};
  bool operator==(const RelationProtection&) const = default;
};

struct LAKEGATE_EXPORT SqlPolicy {
  // The name refusals use for this policy ("read_only", or the file it came from).
  std::string name = "read_only";

  // Statement classes.
  bool dml = false;
  bool ddl = false;
  bool copy = false;
  bool multi_statement = false;
  bool named_arguments = true;
  // Other statements by their word: "explain", "explain_analyze", "describe", "show", "set",
  // "prepare", "execute", ...
  std::set<std::string> statements = {"explain", "describe"};

  // Allowlists; absent means any name, an empty set means none. `denied_` lists win.
  std::optional<std::set<std::string>> relations;
  std::optional<std::set<std::string>> functions;
  // Of the presets but `admin`: kernels, which read registered relations alone, and unnest.
  std::optional<std::set<std::string>> table_functions =
      std::set<std::string>{"asof_join",      "canonical_sort", "dedupe", "explode_list",
                            "interval_align", "row_ids",        "unnest", "winner_select"};
  std::set<std::string> settings;
  std::set<std::string> denied_relations;
  std::set<std::string> denied_functions;

  // By relation, whatever the case of its letters. In a policy file:
  //   [protect.customers]
  //   filter = "region = 'EU'"
  //   mask = { email = "hash", phone = "null", name = "left(name, 1)" }
  //   denied_columns = ["ssn"]
  // No roots beside it: a path would go around it.
  std::map<std::string, RelationProtection> protect;

  // Canonical folders that ad-hoc paths of SQL texts may lie under; SQL names datasets, so the
  // list is empty in every preset but `admin`.
  std::vector<std::string> roots;

  SqlLimits sql;
  QueryLimits query;

  // "read_only", "service", "write" or "admin"; anything else is kInvalidArgument listing them.
  static Result<SqlPolicy> Preset(std::string_view name);
  // A policy file: `preset = "..."`, then single settings of this struct by their names.
  // Unknown keys are kInvalidArgument naming the nearest one.
  static Result<SqlPolicy> FromToml(std::string_view text, std::string_view origin);

  Status Validate() const;
  bool operator==(const SqlPolicy&) const = default;
};

}  // namespace lakegate

#endif  // LAKEGATE_POLICY_H_
