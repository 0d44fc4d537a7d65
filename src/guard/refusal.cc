#include "guard/refusal.h"

#include <fmt/format.h>

namespace lakegate::guard {

std::string_view ViolationName(Violation violation) {
  switch (violation) {
    case Violation::kDdl:
      return "ddl";
    case Violation::kDml:
      return "dml";
    case Violation::kStatement:
      return "statement";
    case Violation::kNamedArgs:
      return "named_args";
    case Violation::kCopy:
      return "copy";
    case Violation::kRelation:
      return "relation";
    case Violation::kFunction:
      return "function";
    case Violation::kTableFunction:
      return "table_function";
    case Violation::kSetting:
      return "setting";
    case Violation::kPath:
      return "path";
    case Violation::kExtension:
      return "extension";
    case Violation::kMultiStatement:
      return "multi_statement";
    case Violation::kLimit:
      return "limit";
  }
  return "statement";
}

Error Refuse(const Refusal& refusal, std::string_view policy_name) {
  std::string place;
  if (refusal.position.line > 0) {
    place = fmt::format("line {}, column {}; ", refusal.position.line, refusal.position.column);
  }
  const std::string remedy =
      refusal.setting.empty()
          ? std::string("No policy setting allows it.")
          : fmt::format("The policy setting that allows it: {}.", refusal.setting);
  return Error(
      ErrorKind::kSqlPolicyViolation,
      fmt::format("{}: '{}' ({}policy '{}'). {}", refusal.sentence, refusal.name, place,
                  policy_name, remedy),
      PolicyViolation{std::string(ViolationName(refusal.violation)), std::string(refusal.name),
                      refusal.position, std::string(refusal.setting)});
}

}  // namespace lakegate::guard
