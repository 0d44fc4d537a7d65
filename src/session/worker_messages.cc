#include "session/worker_messages.h"

#include <nlohmann/json.hpp>
#include <type_traits>
#include <variant>

#include "base/error_json.h"
#include "base/try.h"
#include "guard/policy_fields.h"

// How nlohmann reads and writes what it finds in the messages.
namespace lakegate {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Check, name, expression)

void to_json(nlohmann::json& json, const DatasetLocation& location) {
  json = {{"path", location.path},
          {"partition_columns", location.partition_columns},
          {"options", location.options}};
  if (location.format) json["format"] = DataFormatName(*location.format);
  if (location.version) json["version"] = *location.version;
  if (location.timestamp_ms) json["timestamp_ms"] = *location.timestamp_ms;
}

void from_json(const nlohmann::json& json, DatasetLocation& location) {
  json.at("path").get_to(location.path);
  json.at("partition_columns").get_to(location.partition_columns);
  json.at("options").get_to(location.options);
  if (json.contains("format")) {
    location.format = DataFormatFromText(json.at("format").get<std::string>()).value();
  }
  if (json.contains("version")) location.version = json.at("version").get<std::int64_t>();
  if (json.contains("timestamp_ms")) {
    location.timestamp_ms = json.at("timestamp_ms").get<std::int64_t>();
  }
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DatasetSpec, name, location, key, not_null, checks, on_violation)

namespace catalog {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ViewEntry, sql, reads)
}  // namespace catalog

namespace isolation {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SandboxRules, readable, writable, required, address_space_bytes,
                                   file_bytes, open_files)
}  // namespace isolation

namespace observe {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StatementGuarded, statement, policy, allowed, violation, name)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DatasetOpened, name, location, format, version)
}  // namespace observe

namespace session {
namespace {

using Json = nlohmann::json;

Json JsonOf(const ParameterValue& value) {
  return std::visit(
      [](const auto& held) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          return nullptr;
        } else {
          return held;
        }
      },
      value);
}

ParameterValue ParameterFrom(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_number()) return json.get<std::int64_t>();
  if (json.is_string()) return json.get<std::string>();
  return std::monostate();
}

std::string Packed(const Json& json) {
  const std::vector<std::uint8_t> bytes = Json::to_cbor(json);
  return {bytes.begin(), bytes.end()};
}

Error Unread(ErrorKind kind, std::string_view what) {
  return Error(kind,
               "A message between a session and its worker cannot be read: " + std::string(what));
}

// `read(json)` throws where the message is not as it should be, like every accessor in it.
template <typename Read>
auto Unpacked(std::string_view text, const Read& read) -> Result<decltype(read(Json()))> {
  try {
    return read(Json::from_cbor(text));
  } catch (const Json::exception& error) {
    return Unread(ErrorKind::kInternal, error.what());
  }
}

}  // namespace

std::string TextOf(const WorkerSetup& setup) {
  return Packed({{"settings", setup.settings},
                 {"datasets", setup.datasets},
                 {"views", setup.views},
                 {"quarantine_directory", setup.quarantine_directory},
                 {"sandbox", setup.sandbox}});
}

Result<WorkerSetup> WorkerSetupFrom(std::string_view text) {
  return Unpacked(text, [](const Json& json) {
    WorkerSetup setup;
    json.at("settings").get_to(setup.settings);
    json.at("datasets").get_to(setup.datasets);
    json.at("views").get_to(setup.views);
    json.at("quarantine_directory").get_to(setup.quarantine_directory);
    json.at("sandbox").get_to(setup.sandbox);
    return setup;
  });
}

std::string TextOf(const WorkerRequest& request) {
  Json parameters = Json::object();
  for (const auto& [name, value] : request.parameters) parameters[name] = JsonOf(value);
  return Packed({{"statement", request.statement},
                 {"policy", guard::PolicyToToml(request.policy)},
                 {"parameters", parameters},
                 {"ordered", request.ordered},
                 {"cpu_time_ms", request.cpu_time_ms}});
}

Result<WorkerRequest> WorkerRequestFrom(std::string_view text) {
  std::string policy;
  auto request = Unpacked(text, [&](const Json& json) {
    WorkerRequest read;
    json.at("statement").get_to(read.statement);
    json.at("policy").get_to(policy);
    for (const auto& [name, value] : json.at("parameters").items()) {
      read.parameters.emplace(name, ParameterFrom(value));
    }
    json.at("ordered").get_to(read.ordered);
    json.at("cpu_time_ms").get_to(read.cpu_time_ms);
    return read;
  });
  if (!request) return request;
  LG_ASSIGN_OR_RETURN(request->policy, SqlPolicy::FromToml(policy, "the session's policy"));
  return request;
}

std::string TextOf(const WorkerAnswer& answer) {
  Json guarded = Json::array();
  Json opened = Json::array();
  for (const observe::Event& event : answer.events) {
    if (const auto* verdict = std::get_if<observe::StatementGuarded>(&event)) {
      guarded.push_back(*verdict);
    }
    if (const auto* dataset = std::get_if<observe::DatasetOpened>(&event)) {
      opened.push_back(*dataset);
    }
  }
  Json json = {{"guarded", guarded}, {"opened", opened}};
  if (answer.error) json["error"] = answer.error->ToJson();
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<WorkerAnswer> WorkerAnswerFrom(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    WorkerAnswer answer;
    for (const Json& event : json.at("guarded")) {
      answer.events.emplace_back(event.get<observe::StatementGuarded>());
    }
    for (const Json& event : json.at("opened")) {
      answer.events.emplace_back(event.get<observe::DatasetOpened>());
    }
    if (json.contains("error")) {
      answer.error = base::ParseErrorJson(json.at("error").get_ref<const std::string&>());
    }
    return answer;
  } catch (const Json::exception& error) {
    return Unread(ErrorKind::kCorruptData, error.what());
  }
}

}  // namespace session
}  // namespace lakegate
