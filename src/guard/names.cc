#include "guard/names.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "base/try.h"
#include "guard/refusal.h"

namespace lakegate::guard {
namespace {

bool ContainsIgnoringCase(const std::set<std::string>& names, std::string_view name) {
  const std::string folded = base::ToLowerAscii(name);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& each) { return base::ToLowerAscii(each) == folded; });
}

bool LooksLikePath(std::string_view name) {
  return name.find('/') != std::string_view::npos || name.find('\\') != std::string_view::npos ||
         name.find("://") != std::string_view::npos || name.starts_with('~');
}

// "." and ".." as folders, or a NUL: the text does not say where it leads.
bool HasDottedPart(std::string_view path) {
  std::size_t start = 0;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view part = path.substr(start, end - start);
    if (part == "." || part == "..") return true;
    start = end + 1;
  }
  return path.find('\0') != std::string_view::npos;
}

}  // namespace

Status NameJudge::DeniedRelation(std::string_view name, SqlPosition position) const {
  if (!ContainsIgnoringCase(policy_.denied_relations, name)) return {};
  return Refuse({.violation = Violation::kRelation,
                 .sentence = "The SQL policy denies this relation",
                 .name = name,
                 .position = position,
                 .setting = "denied_relations"},
                policy_.name);
}

Status NameJudge::Relation(const RelationFact& relation) const {
  const std::string name = relation.Text();
  if (LooksLikePath(name)) return Path(name, relation.position);
  if (relation.name.size() > 1) {
    return Refuse({.violation = Violation::kRelation,
                   .sentence = "SQL names relations by one name; one of several parts would leave "
                               "the catalog",
                   .name = name,
                   .position = relation.position},
                  policy_.name);
  }
  LG_RETURN_IF_ERROR(DeniedRelation(name, relation.position));
  if (!policy_.relations || policy_.relations->contains(name)) return {};
  return Refuse({.violation = Violation::kRelation,
                 .sentence = "The SQL policy does not allow this relation",
                 .name = name,
                 .position = relation.position,
                 .setting = "relations"},
                policy_.name);
}

Status NameJudge::Path(std::string_view path, SqlPosition position) const {
  Refusal refusal{.violation = Violation::kPath,
                  .sentence = "The SQL policy does not allow this path",
                  .name = path,
                  .position = position,
                  .setting = "roots"};
  if (path.find("://") != std::string_view::npos) {
    refusal.sentence = "SQL may not name a URL";
    refusal.setting = "";
    return Refuse(refusal, policy_.name);
  }
  if (!path.starts_with('/') || HasDottedPart(path)) {
    refusal.sentence = "SQL may only name absolute paths without '.' and '..'";
    refusal.setting = policy_.roots.empty() ? "roots" : "";
    return Refuse(refusal, policy_.name);
  }
  for (const std::string& root : policy_.roots) {
    if (base::IsWithin(path, root)) return {};
  }
  return Refuse(refusal, policy_.name);
}

Status NameJudge::DeniedFunction(std::string_view name, SqlPosition position) const {
  if (!ContainsIgnoringCase(policy_.denied_functions, name)) return {};
  return Refuse({.violation = Violation::kFunction,
                 .sentence = "The SQL policy denies this function",
                 .name = name,
                 .position = position,
                 .setting = "denied_functions"},
                policy_.name);
}

Status NameJudge::Function(std::string_view name, SqlPosition position) const {
  LG_RETURN_IF_ERROR(DeniedFunction(name, position));
  if (!policy_.functions || ContainsIgnoringCase(*policy_.functions, name)) return {};
  return Refuse({.violation = Violation::kFunction,
                 .sentence = "The SQL policy does not allow this function",
                 .name = name,
                 .position = position,
                 .setting = "functions"},
                policy_.name);
}

Status NameJudge::TableFunction(std::string_view name, SqlPosition position) const {
  // The engine would look at the first part only.
  if (name.find('.') != std::string_view::npos) {
    return Refuse({.violation = Violation::kTableFunction,
                   .sentence = "SQL names table functions by one name",
                   .name = name,
                   .position = position},
                  policy_.name);
  }
  LG_RETURN_IF_ERROR(DeniedFunction(name, position));
  if (!policy_.table_functions || ContainsIgnoringCase(*policy_.table_functions, name)) return {};
  return Refuse({.violation = Violation::kTableFunction,
                 .sentence = "The SQL policy does not allow this table function",
                 .name = name,
                 .position = position,
                 .setting = "table_functions"},
                policy_.name);
}

Status NameJudge::Setting(std::string_view name, SqlPosition position) const {
  // These change caches and memory that other sessions share.
  if (base::ToLowerAscii(name).starts_with("datafusion.runtime.")) {
    return Refuse({.violation = Violation::kSetting,
                   .sentence = "SQL may not change settings of the whole process",
                   .name = name,
                   .position = position},
                  policy_.name);
  }
  if (policy_.settings.contains(std::string(name))) return {};
  return Refuse({.violation = Violation::kSetting,
                 .sentence = "The SQL policy does not allow changing this setting",
                 .name = name,
                 .position = position,
                 .setting = "settings"},
                policy_.name);
}

}  // namespace lakegate::guard
