#include "guard/facts.h"

#include <utility>

#include "base/text.h"
#include "guard/strict_json.h"

namespace lakegate::guard {
namespace {

using nlohmann::json;

constexpr std::pair<std::string_view, StatementClass> kClasses[] = {
    {"query", StatementClass::kQuery},
    {"dml", StatementClass::kDml},
    {"ddl", StatementClass::kDdl},
    {"copy", StatementClass::kCopy},
    {"statement", StatementClass::kStatement},
};

constexpr std::pair<std::string_view, RelationRole> kRoles[] = {
    {"read", RelationRole::kRead},
    {"write", RelationRole::kWrite},
    {"create", RelationRole::kCreate},
};

template <typename Value, std::size_t N>
Result<Value> FromWord(const std::pair<std::string_view, Value> (&table)[N], const json& word,
                       const std::string& path) {
  if (word.is_string()) {
    for (const auto& [name, value] : table) {
      if (name == word.get_ref<const std::string&>()) return value;
    }
  }
  return MalformedFacts(path, "is not one of the words it may be");
}

template <typename Value, std::size_t N>
std::string_view ToWord(const std::pair<std::string_view, Value> (&table)[N], Value wanted) {
  for (const auto& [name, value] : table) {
    if (value == wanted) return name;
  }
  return "";
}

Result<StatementClass> ReadClass(const json& word, const std::string& path) {
  return FromWord(kClasses, word, path);
}

Result<RelationRole> ReadRole(const json& word, const std::string& path) {
  return FromWord(kRoles, word, path);
}

void ReadPosition(StrictObject* object, SqlPosition* out) {
  object->Count("line", &out->line);
  object->Count("column", &out->column);
}

Result<NamedFact> ReadUnderKey(const char* key, const json& value, const std::string& path) {
  NamedFact fact;
  StrictObject object(value, path);
  object.Text(key, &fact.name);
  ReadPosition(&object, &fact.position);
  LG_RETURN_IF_ERROR(object.Finish());
  return fact;
}

Result<NamedFact> ReadNamed(const json& value, const std::string& path) {
  return ReadUnderKey("name", value, path);
}

Result<std::optional<std::string>> ReadArgument(const json& value, const std::string& path) {
  if (value.is_null()) return std::optional<std::string>();
  if (value.is_string()) return std::optional(value.get<std::string>());
  return MalformedFacts(path, "is neither a string nor null");
}

Result<TableFunctionFact> ReadTableFunction(const json& value, const std::string& path) {
  TableFunctionFact fact;
  StrictObject object(value, path);
  object.Text("name", &fact.name);
  object.List("arguments", ReadArgument, &fact.arguments);
  ReadPosition(&object, &fact.position);
  LG_RETURN_IF_ERROR(object.Finish());
  return fact;
}

Result<NamedFact> ReadLocation(const json& value, const std::string& path) {
  return ReadUnderKey("text", value, path);
}

Result<RelationFact> ReadRelation(const json& value, const std::string& path) {
  RelationFact fact;
  StrictObject object(value, path);
  object.Texts("name", &fact.name);
  object.Object("role", ReadRole, &fact.role);
  object.Flag("alias_of_cte", &fact.alias_of_cte);
  object.Text("at", &fact.at);
  ReadPosition(&object, &fact.position);
  LG_RETURN_IF_ERROR(object.Finish());
  if (fact.name.empty()) return MalformedFacts(path, "has no name");
  return fact;
}

Result<NestedFact> ReadNested(const json& value, const std::string& path) {
  NestedFact fact;
  StrictObject object(value, path);
  object.Text("kind", &fact.kind);
  object.Object("class", ReadClass, &fact.statement_class);
  ReadPosition(&object, &fact.position);
  LG_RETURN_IF_ERROR(object.Finish());
  return fact;
}

Result<ExplainFact> ReadExplain(const json& value, const std::string& path) {
  ExplainFact fact;
  StrictObject object(value, path);
  object.Flag("analyze", &fact.analyze);
  LG_RETURN_IF_ERROR(object.Finish());
  return fact;
}

Result<AstSize> ReadAst(const json& value, const std::string& path) {
  AstSize size;
  StrictObject object(value, path);
  object.Count("depth", &size.depth);
  object.Count("nodes", &size.nodes);
  object.Count("joins", &size.joins);
  object.Count("subquery_depth", &size.subquery_depth);
  object.Count("with_depth", &size.with_depth);
  object.Count("longest_chain", &size.longest_chain);
  object.Count("longest_in_list", &size.longest_in_list);
  object.Count("expanded_nodes", &size.expanded_nodes);
  LG_RETURN_IF_ERROR(object.Finish());
  return size;
}

Result<StatementFacts> ReadStatement(const json& value, const std::string& path) {
  StatementFacts facts;
  StrictObject object(value, path);
  object.Text("kind", &facts.kind);
  object.Object("class", ReadClass, &facts.statement_class);
  ReadPosition(&object, &facts.position);
  if (object.Has("explain")) {
    facts.explain.emplace();
    object.Object("explain", ReadExplain, &*facts.explain);
  }
  object.List("relations", ReadRelation, &facts.relations);
  object.List("functions", ReadNamed, &facts.functions);
  object.List("table_functions", ReadTableFunction, &facts.table_functions);
  object.List("placeholders", ReadNamed, &facts.placeholders);
  object.List("settings", ReadNamed, &facts.settings);
  object.List("locations", ReadLocation, &facts.locations);
  object.Flag("named_arguments", &facts.named_arguments);
  object.List("nested", ReadNested, &facts.nested);
  object.List("ignored_clauses", ReadNamed, &facts.ignored_clauses);
  object.Object("ast", ReadAst, &facts.ast);
  LG_RETURN_IF_ERROR(object.Finish());
  if (facts.kind.empty()) return MalformedFacts(path, "has no kind");
  return facts;
}

Result<PlanNodeFact> ReadNode(const json& value, const std::string& path) {
  PlanNodeFact fact;
  StrictObject object(value, path);
  object.Text("kind", &fact.kind);
  if (object.Has("table")) object.Text("table", &fact.table);
  if (object.Has("provider")) object.Text("provider", &fact.provider);
  LG_RETURN_IF_ERROR(object.Finish());
  return fact;
}

Result<PlanFunctionFact> ReadFunction(const json& value, const std::string& path) {
  PlanFunctionFact fact;
  StrictObject object(value, path);
  object.Text("name", &fact.name);
  object.Text("kind", &fact.kind);
  object.Text("volatility", &fact.volatility);
  LG_RETURN_IF_ERROR(object.Finish());
  return fact;
}

Result<json> Parse(std::string_view text) {
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return MalformedFacts("the text", "is not JSON");
  return value;
}

}  // namespace

std::string RelationFact::Text() const { return base::Join(name, "."); }

std::set<std::string> StatementFacts::RelationNames(RelationRole role) const {
  std::set<std::string> names;
  for (const RelationFact& relation : relations) {
    if (relation.role == role) names.insert(relation.Text());
  }
  return names;
}

Result<TextFacts> FactsFromJson(std::string_view text) {
  LG_ASSIGN_OR_RETURN(const json value, Parse(text));
  TextFacts facts;
  StrictObject object(value, "facts");
  object.Count("bytes", &facts.bytes);
  object.Count("tokens", &facts.tokens);
  object.Count("nesting", &facts.nesting);
  object.List("statements", ReadStatement, &facts.statements);
  LG_RETURN_IF_ERROR(object.Finish());
  return facts;
}

Result<PlanFacts> PlanFactsFromJson(std::string_view text) {
  LG_ASSIGN_OR_RETURN(const json value, Parse(text));
  PlanFacts facts;
  StrictObject object(value, "plan");
  object.List("nodes", ReadNode, &facts.nodes);
  object.List("functions", ReadFunction, &facts.functions);
  object.Count("node_count", &facts.node_count);
  LG_RETURN_IF_ERROR(object.Finish());
  return facts;
}

std::string_view StatementClassName(StatementClass statement_class) {
  return ToWord(kClasses, statement_class);
}

std::string_view RelationRoleName(RelationRole role) { return ToWord(kRoles, role); }

}  // namespace lakegate::guard
