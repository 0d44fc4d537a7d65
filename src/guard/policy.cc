#include "lakegate/policy.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/text.h"
#include "base/try.h"
#include "guard/policy_fields.h"

namespace lakegate {
namespace {

using guard::AllPolicyFields;
using guard::PolicyField;

struct PresetRow {
  std::string_view name;
  SqlPolicy (*make)();
};

SqlPolicy ReadOnly() { return SqlPolicy{}; }

SqlPolicy Service() {
  SqlPolicy policy;
  policy.name = "service";
  policy.statements = {"describe"};
  policy.named_arguments = false;
  policy.sql = {.max_bytes = 65'536,
                .max_tokens = 5'000,
                .max_nesting = 100,
                .max_prefix_run = 4,
                .max_ast_depth = 150,
                .max_ast_nodes = 20'000,
                .max_chain = 200,
                .max_joins = 16,
                .max_in_list = 2'000,
                .max_subquery_depth = 4,
                .max_with_depth = 2};
  policy.query = {.result_rows = 100'000,
                  .result_bytes = std::int64_t{64} << 20,
                  .plan_time_ms = 2'000,
                  .run_time_ms = 30'000,
                  .plan_nodes = 2'000};
  return policy;
}

SqlPolicy Write() {
  SqlPolicy policy;
  policy.name = "write";
  policy.dml = true;
  policy.statements = {"describe", "explain", "explain_analyze", "show"};
  return policy;
}

SqlPolicy Admin() {
  SqlPolicy policy = Write();
  policy.name = "admin";
  policy.ddl = true;
  policy.copy = true;
  policy.multi_statement = true;
  for (const char* word :
       {"begin", "commit", "deallocate", "execute", "prepare", "reset", "rollback", "set", "use"}) {
    policy.statements.insert(word);
  }
  policy.table_functions = std::nullopt;
  policy.roots = {"/"};
  return policy;
}

constexpr PresetRow kPresets[] = {
    {"read_only", &ReadOnly}, {"service", &Service}, {"write", &Write}, {"admin", &Admin}};

std::vector<std::string> PresetNames() {
  std::vector<std::string> names;
  for (const PresetRow& row : kPresets) names.emplace_back(row.name);
  return names;
}

Error WrongType(std::string_view key, std::string_view wanted) {
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("A policy setting has the wrong type: '{}' takes {}.", key, wanted));
}

Result<std::vector<std::string>> NamesOf(const toml::node& node, std::string_view key) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return WrongType(key, "an array of strings");
  std::vector<std::string> names;
  for (const toml::node& item : *array) {
    const auto* name = item.as_string();
    if (name == nullptr) return WrongType(key, "an array of strings");
    names.push_back(name->get());
  }
  return names;
}

Result<std::string> TextOf(const toml::node& node, std::string_view key) {
  const auto* text = node.as_string();
  if (text == nullptr) return WrongType(key, "a string");
  return text->get();
}

Result<RelationProtection> ProtectionFrom(const toml::node& node, const std::string& key) {
  const toml::table* given = node.as_table();
  if (given == nullptr) return WrongType(key, "a table with filter, mask, columns");
  RelationProtection protection;
  for (const auto& [name, value] : *given) {
    const std::string inner = fmt::format("{}.{}", key, name.str());
    const toml::table* masks = value.as_table();
    if (name == "filter") {
      LG_ASSIGN_OR_RETURN(protection.filter, TextOf(value, inner));
    } else if (name == "mask" && masks != nullptr) {
      for (const auto& [column, mask] : *masks) {
        LG_ASSIGN_OR_RETURN(protection.masks[std::string(column.str())],
                            TextOf(mask, fmt::format("{}.{}", inner, column.str())));
      }
    } else if (name == "mask") {
      return WrongType(inner, "a table from columns to masks");
    } else if (name == "columns" || name == "denied_columns") {
      LG_ASSIGN_OR_RETURN(const std::vector<std::string> columns, NamesOf(value, inner));
      const std::set<std::string> names(columns.begin(), columns.end());
      (name == "columns" ? protection.columns.emplace() : protection.denied_columns) = names;
    } else {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A policy has no such setting: '{}'. Settings of a protected "
                               "relation: filter, mask, columns, denied_columns.",
                               inner));
    }
  }
  return protection;
}

// Puts one TOML value where its field is. "any" lifts an allowlist, "none" a limit.
struct SetField {
  SqlPolicy& policy;
  const toml::node& node;
  std::string_view key;

  bool IsWord(std::string_view word) const {
    const auto* text = node.as_string();
    return text != nullptr && text->get() == word;
  }

  Status operator()(std::string SqlPolicy::*member) const {
    const auto* text = node.as_string();
    if (text == nullptr) return WrongType(key, "a string");
    policy.*member = text->get();
    return {};
  }
  Status operator()(bool SqlPolicy::*member) const {
    const auto* flag = node.as_boolean();
    if (flag == nullptr) return WrongType(key, "true or false");
    policy.*member = flag->get();
    return {};
  }
  Status operator()(std::set<std::string> SqlPolicy::*member) const {
    LG_ASSIGN_OR_RETURN(std::vector<std::string> names, NamesOf(node, key));
    policy.*member = {names.begin(), names.end()};
    return {};
  }
  Status operator()(std::optional<std::set<std::string>> SqlPolicy::*member) const {
    if (IsWord("any")) {
      (policy.*member).reset();
      return {};
    }
    if (!node.is_array()) return WrongType(key, "an array of strings, or \"any\"");
    LG_ASSIGN_OR_RETURN(std::vector<std::string> names, NamesOf(node, key));
    (policy.*member).emplace(names.begin(), names.end());
    return {};
  }
  Status operator()(std::vector<std::string> SqlPolicy::*member) const {
    LG_ASSIGN_OR_RETURN(policy.*member, NamesOf(node, key));
    return {};
  }
  Status operator()(std::map<std::string, RelationProtection> SqlPolicy::*member) const {
    const toml::table* relations = node.as_table();
    if (relations == nullptr) return WrongType(key, "a table for each relation");
    for (const auto& [name, given] : *relations) {
      LG_ASSIGN_OR_RETURN((policy.*member)[std::string(name.str())],
                          ProtectionFrom(given, fmt::format("{}.{}", key, name.str())));
    }
    return {};
  }
  Status operator()(std::int64_t SqlLimits::*member) const {
    const auto* number = node.as_integer();
    if (number == nullptr) return WrongType(key, "an integer");
    policy.sql.*member = number->get();
    return {};
  }
  Status operator()(std::optional<std::int64_t> QueryLimits::*member) const {
    if (IsWord("none")) {
      (policy.query.*member).reset();
      return {};
    }
    const auto* number = node.as_integer();
    if (number == nullptr) return WrongType(key, "an integer, or \"none\"");
    policy.query.*member = number->get();
    return {};
  }
};

Error UnknownKey(std::string_view key) {
  std::vector<std::string> known = {"preset"};
  for (const PolicyField& field : AllPolicyFields()) known.emplace_back(field.name);
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("A policy has no such setting: '{}'.{} Settings: {}.", key,
                           base::DidYouMean(key, known), base::ListNames(known, known.size())));
}

Status SetByName(std::string_view key, const toml::node& node, SqlPolicy* policy) {
  for (const PolicyField& field : AllPolicyFields()) {
    if (field.name == key) return std::visit(SetField{*policy, node, key}, field.member);
  }
  return UnknownKey(key);
}

Status SetFromTable(const toml::table& table, std::string_view prefix, SqlPolicy* policy) {
  for (const auto& [key, node] : table) {
    const std::string name = fmt::format("{}{}", prefix, key.str());
    if (name == "preset") continue;
    if (const toml::table* group = node.as_table();
        group != nullptr && (name == "sql" || name == "query")) {
      LG_RETURN_IF_ERROR(SetFromTable(*group, name + ".", policy));
      continue;
    }
    LG_RETURN_IF_ERROR(SetByName(name, node, policy));
  }
  return {};
}

Result<SqlPolicy> PolicyFromTable(const toml::table& table, std::string_view origin) {
  SqlPolicy policy;
  policy.name = origin;
  if (const toml::node* preset = table.get("preset")) {
    const auto* text = preset->as_string();
    if (text == nullptr) return WrongType("preset", "a string");
    LG_ASSIGN_OR_RETURN(policy, SqlPolicy::Preset(text->get()));
    policy.name = origin;
  }
  LG_RETURN_IF_ERROR(SetFromTable(table, "", &policy));
  LG_RETURN_IF_ERROR(policy.Validate());
  return policy;
}

// Whether two names differ in nothing but the case of their letters.
template <typename Named>
bool HasNamesAlike(const Named& named) {
  std::set<std::string> folded;
  return std::any_of(named.begin(), named.end(), [&](const auto& each) {
    return !folded.insert(base::ToLowerAscii(each.first)).second;
  });
}

// What values a field may have; types are right already.
struct ValidateField {
  const SqlPolicy& policy;
  std::string_view name;

  Error Invalid(std::string_view must) const {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("A policy setting has a value it may not have: '{}' {}.", name, must));
  }
  template <typename Names>
  Status CheckNames(const Names& names) const {
    if (std::any_of(names.begin(), names.end(), [](const auto& each) { return each.empty(); })) {
      return Invalid("must not hold an empty name");
    }
    return {};
  }

  Status operator()(std::string SqlPolicy::*member) const {
    if ((policy.*member).empty()) return Invalid("must not be empty");
    return {};
  }
  Status operator()(bool SqlPolicy::*) const { return {}; }
  Status operator()(std::set<std::string> SqlPolicy::*member) const {
    return CheckNames(policy.*member);
  }
  Status operator()(std::optional<std::set<std::string>> SqlPolicy::*member) const {
    const auto& names = policy.*member;
    return names ? CheckNames(*names) : Status();
  }
  // The only list of this type: roots.
  Status operator()(std::vector<std::string> SqlPolicy::*member) const {
    for (const std::string& root : policy.*member) {
      const bool dotted = root.find("/../") != std::string::npos || root.ends_with("/..") ||
                          root.find("/./") != std::string::npos || root.ends_with("/.");
      const bool closed = root.size() > 1 && root.ends_with('/');
      if (!root.starts_with('/') || dotted || closed)
        return Invalid("takes absolute canonical paths");
    }
    return {};
  }
  Status operator()(std::map<std::string, RelationProtection> SqlPolicy::*member) const {
    for (const auto& [relation, protection] : policy.*member) {
      const bool says_nothing = protection.filter.empty() && protection.masks.empty() &&
                                !protection.columns && protection.denied_columns.empty();
      const bool empty_mask =
          std::any_of(protection.masks.begin(), protection.masks.end(),
                      [](const auto& mask) { return mask.first.empty() || mask.second.empty(); });
      if (relation.empty() || says_nothing || empty_mask) {
        return Invalid("takes a filter, masks or columns for each relation, none of them empty");
      }
      if (protection.columns && protection.columns->empty()) {
        return Invalid("leaves no column of a relation; deny the relation instead");
      }
      if (protection.columns) LG_RETURN_IF_ERROR(CheckNames(*protection.columns));
      LG_RETURN_IF_ERROR(CheckNames(protection.denied_columns));
      if (HasNamesAlike(protection.masks)) {
        return Invalid("has masks of one column, whose names differ in case alone");
      }
    }
    // The weaker of the two might be the one that is found.
    if (HasNamesAlike(policy.*member)) {
      return Invalid("names one relation twice, in letters of another case");
    }
    if (!(policy.*member).empty() && !policy.roots.empty()) {
      return Invalid("is of no use beside roots: a path would go around it; set roots = []");
    }
    return {};
  }
  Status operator()(std::int64_t SqlLimits::*member) const {
    if (policy.sql.*member < 1) return Invalid("must be at least 1");
    return {};
  }
  Status operator()(std::optional<std::int64_t> QueryLimits::*member) const {
    const std::optional<std::int64_t>& limit = policy.query.*member;
    if (limit && *limit < 1) return Invalid("must be at least 1");
    return {};
  }
};

}  // namespace

Result<SqlPolicy> SqlPolicy::Preset(std::string_view name) {
  for (const PresetRow& row : kPresets) {
    if (row.name == name) return row.make();
  }
  const std::vector<std::string> names = PresetNames();
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("There is no SQL policy of that name: '{}'.{} Policies: {}.", name,
                           base::DidYouMean(name, names), base::ListNames(names)));
}

Result<SqlPolicy> SqlPolicy::FromToml(std::string_view text, std::string_view origin) {
  // toml++ throws; nothing may throw across this library's edge.
  try {
    const toml::table table = toml::parse(text);
    return PolicyFromTable(table, origin).transform_error([&](const Error& error) {
      return error.WithContext(origin);
    });
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("{}: The policy is not TOML: line {}, column {}: {}.", origin, at.line,
                             at.column, error.description()),
                 FilePosition{std::string(origin), at.line});
  }
}

Status SqlPolicy::Validate() const {
  for (const PolicyField& field : AllPolicyFields()) {
    LG_RETURN_IF_ERROR(std::visit(ValidateField{*this, field.name}, field.member));
  }
  return {};
}

}  // namespace lakegate
