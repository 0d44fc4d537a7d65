#include "control/table_settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "delta/action.h"
#include "delta/protocol.h"
#include "engine/delta_log.h"
#include "write/table_rows.h"
#include "write/validate.h"

namespace lakegate::control {

namespace {

constexpr std::string_view kConstraintPrefix = "delta.constraints.";

bool SameJson(const std::string& a, const nlohmann::json& b) {
  const auto left = nlohmann::json::parse(a, nullptr, false);
  return !left.is_discarded() && left == b;
}

Status CheckWritable(const Attempt& attempt) {
  // An append-only table may be told to be so no longer.
  if (attempt.head.unwritable.empty()) return {};
  return write::CheckChangeable(attempt.head, attempt.call.path);
}

// The commit that gives the table this configuration.
Status Reconfigure(const Attempt& attempt, const std::map<std::string, std::string>& configuration,
                   delta::CommitRequest request) {
  const auto& head = attempt.head;
  if (configuration == head.configuration) return Nothing(attempt, "nothing_to_do");
  LG_ASSIGN_OR_RETURN(const std::string text,
                      engine::DeltaTableActions(*attempt.call.context.engine, head.handle.get(),
                                                nullptr, {head.partition_columns, configuration}));
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("protocol") || !parsed.contains("metadata")) {
    return Error(ErrorKind::kInternal, "The actions of a Delta table are not what was promised.");
  }
  write::TableChange change(attempt.log, head, attempt.call.context);
  if (!SameJson(head.protocol_json, parsed["protocol"])) {
    change.AddAction(delta::WrapAction("protocol", parsed["protocol"].dump()));
  }
  if (!SameJson(head.metadata_json, parsed["metadata"])) {
    change.AddAction(delta::WrapAction("metaData", parsed["metadata"].dump()));
  }
  return Land(attempt, change, std::move(request));
}

Status CheckPropertyName(const std::string& name) {
  if (!name.starts_with(kConstraintPrefix)) return {};
  return Error(ErrorKind::kInvalidArgument,
               "A constraint is added and dropped as one, not as a property: " + name);
}

// Reads every row, held to the check.
Status CheckRows(const Attempt& attempt, const Check& check) {
  write::TableRows rows(attempt.log, attempt.head, attempt.call.context);
  LG_ASSIGN_OR_RETURN(
      auto stream, rows.Query(fmt::format("SELECT {} {}", rows.Columns(), rows.From()), nullptr));
  write::Constraints constraints;
  constraints.checks.push_back(check);
  LG_ASSIGN_OR_RETURN(stream, write::HoldTo(std::move(stream), constraints, attempt.call.path,
                                            attempt.call.context));
  while (true) {
    LG_ASSIGN_OR_RETURN(const auto batch, stream->Next());
    if (!batch) return {};
  }
}

std::vector<std::string> ConstraintNames(const delta::Snapshot& head) {
  std::vector<std::string> names;
  for (const auto& check : delta::ConstraintsOf(head)) names.push_back(check.name);
  return names;
}

}  // namespace

Result<ChangeReceipt> SetTableProperties(const Call& call,
                                         const std::map<std::string, std::string>& set,
                                         const std::vector<std::string>& unset) {
  for (const auto& [name, value] : set) LG_RETURN_IF_ERROR(CheckPropertyName(name));
  for (const auto& name : unset) LG_RETURN_IF_ERROR(CheckPropertyName(name));
  return RunChange("SET TBLPROPERTIES", call, [&](const Attempt& attempt) -> Status {
    LG_RETURN_IF_ERROR(CheckWritable(attempt));
    auto configuration = attempt.head.configuration;
    for (const auto& name : unset) {
      if (configuration.erase(name) > 0) continue;
      std::vector<std::string> names;
      names.reserve(configuration.size());
      for (const auto& [known, value] : configuration) names.push_back(known);
      return Error(ErrorKind::kNotFound,
                   fmt::format("The table has no such property to unset: {}.{}", name,
                               base::DidYouMean(name, names)));
    }
    for (const auto& [name, value] : set) configuration[name] = value;
    delta::CommitRequest request;
    request.operation = delta::Operation::kAlter;
    request.text.properties = set;
    return Reconfigure(attempt, configuration, std::move(request));
  });
}

Result<ChangeReceipt> EnableTableFeature(const Call& call, std::string_view feature) {
  // As writers say it: "delta.feature.NAME" = "supported", which is no property afterwards.
  return RunChange("SET TBLPROPERTIES", call, [&](const Attempt& attempt) -> Status {
    LG_RETURN_IF_ERROR(CheckWritable(attempt));
    LG_ASSIGN_OR_RETURN(const std::string protocol,
                        delta::WithFeature(attempt.head.protocol_json, feature));
    write::TableChange change(attempt.log, attempt.head, attempt.call.context);
    if (protocol != attempt.head.protocol_json) {
      change.AddAction(delta::WrapAction("protocol", protocol));
    }
    delta::CommitRequest request;
    request.operation = delta::Operation::kAlter;
    request.text.properties = {{fmt::format("delta.feature.{}", feature), "supported"}};
    return Land(attempt, change, std::move(request));
  });
}

Result<ChangeReceipt> AddTableConstraint(const Call& call, const Check& check) {
  if (check.name.empty() || check.expression.empty()) {
    return Error(ErrorKind::kInvalidArgument, "A constraint needs a name and an expression.");
  }
  return RunChange("ADD CONSTRAINT", call, [&](const Attempt& attempt) -> Status {
    LG_RETURN_IF_ERROR(CheckWritable(attempt));
    const auto names = ConstraintNames(attempt.head);
    if (std::find(names.begin(), names.end(), check.name) != names.end()) {
      return Error(
          ErrorKind::kAlreadyExists,
          fmt::format("The table has a constraint of that name: {}; drop it first.", check.name));
    }
    LG_RETURN_IF_ERROR(CheckRows(attempt, check));
    auto configuration = attempt.head.configuration;
    configuration[std::string(kConstraintPrefix) + check.name] = check.expression;
    delta::CommitRequest request;
    request.operation = delta::Operation::kConstrain;
    request.text.constraints = {check};
    return Reconfigure(attempt, configuration, std::move(request));
  });
}

Result<ChangeReceipt> DropTableConstraint(const Call& call, std::string_view name) {
  return RunChange("DROP CONSTRAINT", call, [&](const Attempt& attempt) -> Status {
    LG_RETURN_IF_ERROR(CheckWritable(attempt));
    auto configuration = attempt.head.configuration;
    if (configuration.erase(fmt::format("{}{}", kConstraintPrefix, name)) == 0) {
      const auto names = ConstraintNames(attempt.head);
      return Error(ErrorKind::kNotFound,
                   fmt::format("The table has no constraint of that name: {}.{} Its constraints "
                               "are {}.",
                               name, base::DidYouMean(name, names), base::ListNames(names)));
    }
    delta::CommitRequest request;
    request.operation = delta::Operation::kAlter;
    request.text.constraints = {{std::string(name), ""}};
    return Reconfigure(attempt, configuration, std::move(request));
  });
}

}  // namespace lakegate::control
