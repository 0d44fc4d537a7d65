#include "guard/protection.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/try.h"

namespace lakegate::guard {
namespace {

bool SameName(std::string_view a, std::string_view b) {
  return base::ToLowerAscii(a) == base::ToLowerAscii(b);
}

// The line break keeps a comment at the end from swallowing the bracket.
std::string Bracketed(std::string_view expression) { return fmt::format("({}\n)", expression); }

std::string MaskedColumn(std::string_view mask, const std::string& column) {
  // Typed like the column, and never read from it.
  if (mask == "null") return fmt::format("CASE WHEN false THEN {} END", column);
  if (mask == "hash") return fmt::format("encode(sha256(CAST({} AS VARCHAR)), 'hex')", column);
  return Bracketed(mask);
}

template <typename Names>
bool HasName(const Names& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& each) { return SameName(each, name); });
}

bool IsShown(const RelationProtection& protection, std::string_view column) {
  const bool allowed = !protection.columns || HasName(*protection.columns, column);
  return allowed && !HasName(protection.denied_columns, column);
}

// That every column a protection speaks of is there.
Status CheckColumns(std::string_view relation, std::span<const std::string> columns,
                    const RelationProtection& protection) {
  std::vector<std::pair<std::string_view, std::string>> spoken_of;  // setting and column
  spoken_of.reserve(protection.masks.size() + protection.denied_columns.size());
  for (const auto& [masked, mask] : protection.masks) spoken_of.emplace_back("mask", masked);
  if (protection.columns) {
    for (const std::string& column : *protection.columns) spoken_of.emplace_back("columns", column);
  }
  for (const std::string& column : protection.denied_columns) {
    spoken_of.emplace_back("denied_columns", column);
  }
  for (const auto& [setting, column] : spoken_of) {
    if (HasName(columns, column)) continue;
    return Error(ErrorKind::kNotFound,
                 fmt::format("The SQL policy names a column that the relation '{0}' does not have: "
                             "'{1}'. Columns: {2}. Change the policy setting protect.{0}.{3}.",
                             relation, column, base::ListNames(columns), setting));
  }
  return {};
}

}  // namespace

const RelationProtection* ProtectionOf(const SqlPolicy& policy, std::string_view relation) {
  for (const auto& [name, protection] : policy.protect) {
    if (SameName(name, relation)) return &protection;
  }
  return nullptr;
}

std::vector<Check> ExpressionsOf(std::string_view relation, const RelationProtection& protection) {
  std::vector<Check> expressions;
  if (!protection.filter.empty()) {
    expressions.push_back(Check{fmt::format("protect.{}.filter", relation), protection.filter});
  }
  for (const auto& [column, mask] : protection.masks) {
    if (mask == "null" || mask == "hash") continue;
    expressions.push_back(Check{fmt::format("protect.{}.mask.{}", relation, column), mask});
  }
  return expressions;
}

Result<std::string> ProtectingQuery(std::string_view relation, std::span<const std::string> columns,
                                    const RelationProtection& protection) {
  LG_RETURN_IF_ERROR(CheckColumns(relation, columns, protection));
  std::vector<std::string> selected;
  for (const std::string& column : columns) {
    if (!IsShown(protection, column)) continue;
    const std::string quoted = base::QuoteIdentifier(column);
    const auto mask = std::find_if(protection.masks.begin(), protection.masks.end(),
                                   [&](const auto& each) { return SameName(each.first, column); });
    selected.push_back(mask == protection.masks.end()
                           ? quoted
                           : fmt::format("{} AS {}", MaskedColumn(mask->second, quoted), quoted));
  }
  if (selected.empty()) {
    return Error(ErrorKind::kNotFound,
                 fmt::format("The SQL policy shows no column of the relation '{0}'. Change the "
                             "policy settings protect.{0}.columns and protect.{0}.denied_columns.",
                             relation));
  }
  std::string query =
      fmt::format("SELECT {} FROM {}", base::Join(selected, ", "), base::QuoteIdentifier(relation));
  if (!protection.filter.empty()) query += fmt::format(" WHERE {}", Bracketed(protection.filter));
  return query;
}

SqlPolicy PolicyBeneath(const SqlPolicy& policy, std::string_view relation) {
  SqlPolicy beneath;
  beneath.name = policy.name;
  beneath.denied_relations = policy.denied_relations;
  beneath.query.plan_time_ms = policy.query.plan_time_ms;
  beneath.query.run_time_ms = policy.query.run_time_ms;
  beneath.query.scan_bytes = policy.query.scan_bytes;
  beneath.query.scan_files = policy.query.scan_files;
  beneath.query.scan_rows = policy.query.scan_rows;
  for (const auto& [name, protection] : policy.protect) {
    if (!SameName(name, relation)) beneath.protect.emplace(name, protection);
  }
  return beneath;
}

SqlPolicy PolicyOfText(const SqlPolicy& policy, std::string_view relation) {
  SqlPolicy own = PolicyBeneath(policy, relation);
  own.functions = policy.functions;
  own.table_functions = policy.table_functions;
  own.denied_functions = policy.denied_functions;
  return own;
}

}  // namespace lakegate::guard
