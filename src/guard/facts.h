// What a SQL text is and names, read off its syntax tree before anything is planned or opened
// (docs/FACTS.md), and what the expanded plan holds.
//
// The guard judges nothing but these values. A fact it does not know of could be a danger that
// it cannot judge, so reading is strict: a missing, unknown or mistyped field is kInternal (the
// library and its bridge are of different builds). Plain values; pure functions; any thread.
#ifndef LAKEGATE_GUARD_FACTS_H_
#define LAKEGATE_GUARD_FACTS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/error.h"
#include "lakegate/result.h"

namespace lakegate::guard {

enum class StatementClass { kQuery, kDml, kDdl, kCopy, kStatement };
enum class RelationRole { kRead, kWrite, kCreate };

// A name (function, setting, placeholder, clause) or a text (location), and where it stands.
struct NamedFact {
  std::string name;
  SqlPosition position;
  bool operator==(const NamedFact&) const = default;
};

struct RelationFact {
  // Folded as the engine folds it: unquoted parts in lower case.
  std::vector<std::string> name;
  RelationRole role = RelationRole::kRead;
  // A CTE of the statement has the same name, yet does not supply this use of it.
  bool alias_of_cte = false;
  // Of a table that is read as it was: "VERSION AS OF 3", "TIMESTAMP AS OF '2026-11-27'".
  std::string at;
  SqlPosition position;

  // The parts joined by dots, as messages say it.
  std::string Text() const;
  bool operator==(const RelationFact&) const = default;
};

// A call of a table function; `arguments` are the positional ones, empty where one is no text.
struct TableFunctionFact {
  std::string name;
  std::vector<std::optional<std::string>> arguments;
  SqlPosition position;
  bool operator==(const TableFunctionFact&) const = default;
};

// A statement inside the statement: DML in a CTE, SELECT INTO, the body of a PREPARE.
struct NestedFact {
  std::string kind;
  StatementClass statement_class = StatementClass::kStatement;
  SqlPosition position;
  bool operator==(const NestedFact&) const = default;
};

struct AstSize {
  std::int64_t depth = 0;
  std::int64_t nodes = 0;
  std::int64_t joins = 0;
  std::int64_t subquery_depth = 0;
  std::int64_t with_depth = 0;
  std::int64_t longest_chain = 0;
  std::int64_t longest_in_list = 0;
  // The nodes with a CTE counted at every use.
  std::int64_t expanded_nodes = 0;
  bool operator==(const AstSize&) const = default;
};

struct ExplainFact {
  bool analyze = false;
  bool operator==(const ExplainFact&) const = default;
};

struct StatementFacts {
  // Of what EXPLAIN explains, where there is an EXPLAIN. "other:X": unknown to the bridge.
  std::string kind;
  StatementClass statement_class = StatementClass::kStatement;
  SqlPosition position;
  std::optional<ExplainFact> explain;
  std::vector<RelationFact> relations;
  std::vector<NamedFact> functions;
  std::vector<TableFunctionFact> table_functions;
  std::vector<NamedFact> placeholders;
  std::vector<NamedFact> settings;
  std::vector<NamedFact> locations;
  bool named_arguments = false;
  std::vector<NestedFact> nested;
  std::vector<NamedFact> ignored_clauses;
  AstSize ast;
  bool operator==(const StatementFacts&) const = default;

  // Names of relations with the role, each once, sorted: what a session resolves.
  std::set<std::string> RelationNames(RelationRole role) const;
};

struct TextFacts {
  std::int64_t bytes = 0;
  std::int64_t tokens = 0;
  std::int64_t nesting = 0;
  std::vector<StatementFacts> statements;
  bool operator==(const TextFacts&) const = default;
};

Result<TextFacts> FactsFromJson(std::string_view json);

// A node of the expanded plan: `kind` is the engine's word; `table` and `provider` say what a
// scan reads and who provides it, and are empty elsewhere.
struct PlanNodeFact {
  std::string kind;
  std::string table;
  std::string provider;
  bool operator==(const PlanNodeFact&) const = default;
};

struct PlanFunctionFact {
  std::string name;
  std::string kind;        // "scalar", "aggregate", "window", "higher_order"
  std::string volatility;  // "immutable", "stable", "volatile"
  bool operator==(const PlanFunctionFact&) const = default;
};

struct PlanFacts {
  std::vector<PlanNodeFact> nodes;
  std::vector<PlanFunctionFact> functions;
  std::int64_t node_count = 0;
  bool operator==(const PlanFacts&) const = default;
};

Result<PlanFacts> PlanFactsFromJson(std::string_view json);

std::string_view StatementClassName(StatementClass statement_class);
std::string_view RelationRoleName(RelationRole role);

}  // namespace lakegate::guard

#endif  // LAKEGATE_GUARD_FACTS_H_
