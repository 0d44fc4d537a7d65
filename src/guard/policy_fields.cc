#include "guard/policy_fields.h"

#include <fmt/format.h>

#include "base/text.h"

namespace lakegate::guard {
namespace {

constexpr auto kAllows = FieldRole::kAllows;
constexpr auto kDenies = FieldRole::kDenies;

const PolicyField kFields[] = {
    {"name", FieldRole::kLabel, &SqlPolicy::name, "the name refusals use for the policy"},
    {"dml", kAllows, &SqlPolicy::dml, "INSERT, UPDATE, DELETE, MERGE, TRUNCATE"},
    {"ddl", kAllows, &SqlPolicy::ddl, "CREATE, DROP, ALTER"},
    {"copy", kAllows, &SqlPolicy::copy, "COPY"},
    {"multi_statement", kAllows, &SqlPolicy::multi_statement, "several statements in one text"},
    {"named_arguments", kAllows, &SqlPolicy::named_arguments, "f(name => value)"},
    {"statements", kAllows, &SqlPolicy::statements, "other statements, by their word"},
    {"relations", kAllows, &SqlPolicy::relations, "relations a statement may name"},
    {"functions", kAllows, &SqlPolicy::functions, "functions a statement may call"},
    {"table_functions", kAllows, &SqlPolicy::table_functions,
     "table functions a statement may call"},
    {"settings", kAllows, &SqlPolicy::settings, "settings that SET and RESET may change"},
    {"denied_relations", kDenies, &SqlPolicy::denied_relations, "relations no statement may name"},
    {"denied_functions", kDenies, &SqlPolicy::denied_functions, "functions no statement may call"},
    {"protect", kDenies, &SqlPolicy::protect, "what is seen in place of relations"},
    {"roots", kAllows, &SqlPolicy::roots, "folders that paths in SQL may lie under"},
    {"sql.max_bytes", kAllows, &SqlLimits::max_bytes, "bytes of a text"},
    {"sql.max_tokens", kAllows, &SqlLimits::max_tokens, "tokens of a text"},
    {"sql.max_nesting", kAllows, &SqlLimits::max_nesting, "brackets inside one another"},
    {"sql.max_prefix_run", kAllows, &SqlLimits::max_prefix_run, "equal prefix keywords in a row"},
    {"sql.max_ast_depth", kAllows, &SqlLimits::max_ast_depth, "depth of the syntax tree"},
    {"sql.max_ast_nodes", kAllows, &SqlLimits::max_ast_nodes, "nodes of the syntax tree"},
    {"sql.max_chain", kAllows, &SqlLimits::max_chain, "terms of one chain of operators"},
    {"sql.max_joins", kAllows, &SqlLimits::max_joins, "joins of a statement"},
    {"sql.max_in_list", kAllows, &SqlLimits::max_in_list, "items of an IN list"},
    {"sql.max_subquery_depth", kAllows, &SqlLimits::max_subquery_depth,
     "subqueries inside one another"},
    {"sql.max_with_depth", kAllows, &SqlLimits::max_with_depth, "WITH inside one another"},
    {"query.result_rows", kAllows, &QueryLimits::result_rows, "rows of a result"},
    {"query.result_bytes", kAllows, &QueryLimits::result_bytes, "bytes of a result"},
    {"query.plan_time_ms", kAllows, &QueryLimits::plan_time_ms, "milliseconds of planning"},
    {"query.run_time_ms", kAllows, &QueryLimits::run_time_ms, "milliseconds of running"},
    {"query.plan_nodes", kAllows, &QueryLimits::plan_nodes, "nodes of the expanded plan"},
    {"query.scan_bytes", kAllows, &QueryLimits::scan_bytes, "bytes of the files it may read"},
    {"query.scan_files", kAllows, &QueryLimits::scan_files, "files it may read"},
    {"query.scan_rows", kAllows, &QueryLimits::scan_rows, "rows it may read, by statistics"},
};

// A TOML basic string.
std::string TomlText(std::string_view text) {
  std::string quoted = "\"";
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') {
      quoted += '\\';
      quoted += byte;
    } else if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(byte));
    } else {
      quoted += byte;
    }
  }
  return quoted + '"';
}

template <typename Names>
std::string NamesText(const Names& names) {
  std::vector<std::string> quoted;
  quoted.reserve(names.size());
  for (const std::string& name : names) quoted.push_back(TomlText(name));
  return fmt::format("[{}]", base::Join(quoted, ", "));
}

std::string TextOfProtection(const RelationProtection& protection) {
  std::vector<std::string> parts;
  if (!protection.filter.empty()) {
    parts.push_back(fmt::format("filter = {}", TomlText(protection.filter)));
  }
  std::vector<std::string> masks;
  masks.reserve(protection.masks.size());
  for (const auto& [column, mask] : protection.masks) {
    masks.push_back(fmt::format("{} = {}", TomlText(column), TomlText(mask)));
  }
  if (!masks.empty()) parts.push_back(fmt::format("mask = {{{}}}", base::Join(masks, ", ")));
  if (protection.columns) {
    parts.push_back(fmt::format("columns = {}", NamesText(*protection.columns)));
  }
  if (!protection.denied_columns.empty()) {
    parts.push_back(fmt::format("denied_columns = {}", NamesText(protection.denied_columns)));
  }
  return fmt::format("{{{}}}", base::Join(parts, ", "));
}

struct TextOfField {
  const SqlPolicy& policy;

  std::string operator()(std::string SqlPolicy::*member) const { return TomlText(policy.*member); }
  std::string operator()(bool SqlPolicy::*member) const {
    return policy.*member ? "true" : "false";
  }
  std::string operator()(std::set<std::string> SqlPolicy::*member) const {
    return NamesText(policy.*member);
  }
  std::string operator()(std::optional<std::set<std::string>> SqlPolicy::*member) const {
    return (policy.*member).has_value() ? NamesText(*(policy.*member)) : "any";
  }
  std::string operator()(std::vector<std::string> SqlPolicy::*member) const {
    return NamesText(policy.*member);
  }
  std::string operator()(std::map<std::string, RelationProtection> SqlPolicy::*member) const {
    std::vector<std::string> relations;
    for (const auto& [relation, protection] : policy.*member) {
      relations.push_back(fmt::format("{} = {}", TomlText(relation), TextOfProtection(protection)));
    }
    return fmt::format("{{{}}}", base::Join(relations, ", "));
  }
  std::string operator()(std::int64_t SqlLimits::*member) const {
    return fmt::to_string(policy.sql.*member);
  }
  std::string operator()(std::optional<std::int64_t> QueryLimits::*member) const {
    const std::optional<std::int64_t>& limit = policy.query.*member;
    return limit ? fmt::to_string(*limit) : "none";
  }
};

}  // namespace

std::span<const PolicyField> AllPolicyFields() { return kFields; }

std::string FieldText(const SqlPolicy& policy, const PolicyField& field) {
  return std::visit(TextOfField{policy}, field.member);
}

std::string PolicyToToml(const SqlPolicy& policy) {
  std::string text;
  for (const PolicyField& field : AllPolicyFields()) {
    const std::string value = FieldText(policy, field);
    const bool word = value == "any" || value == "none";
    text += fmt::format("{} = {}\n", field.name, word ? TomlText(value) : value);
  }
  return text;
}

}  // namespace lakegate::guard
