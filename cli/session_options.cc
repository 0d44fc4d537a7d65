#include "cli/session_options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

namespace lakegate::cli {
namespace {

namespace fs = std::filesystem;

bool IsProfileFile(std::string_view name) {
  return name.ends_with(".toml") || name.find('/') != std::string_view::npos;
}

Result<ProfileText> ReadProfile(const std::string& path) {
  auto text = ReadText(path);
  if (!text) return text.error();
  return ProfileText{.text = *std::move(text),
                     .origin = path,
                     .base_directory = fs::absolute(path).parent_path().string()};
}

std::string UserProfilePath() {
  if (const char* configuration = std::getenv("XDG_CONFIG_HOME");
      configuration != nullptr && *configuration != '\0') {
    return std::string(configuration) + "/lakegate/profile.toml";
  }
  const char* home = std::getenv("HOME");
  return home == nullptr ? std::string() : std::string(home) + "/.config/lakegate/profile.toml";
}

bool Exists(const std::string& path) {
  std::error_code error;
  return !path.empty() && fs::is_regular_file(path, error);
}

ParameterValue ToParameter(const std::string& text) {
  const auto value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_null()) return std::monostate();
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer() && !value.is_number_unsigned()) return value.get<std::int64_t>();
  if (value.is_number_unsigned() && value.get<std::uint64_t>() <= INT64_MAX) {
    return value.get<std::int64_t>();
  }
  if (value.is_number_float()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  return text;
}

Status RegisterTables(Session& session, const SessionOptions& options) {
  std::set<std::string> named;
  for (const std::string& table : options.tables) {
    auto pair = SplitPair(table, "--table");
    if (!pair) return pair.error();
    DatasetSpec spec;
    spec.name = pair->first;
    spec.location.path = pair->second;
    if (auto registered = session.Register(spec); !registered) return registered;
    named.insert(spec.name);
  }
  for (const DatasetBinding& binding : session.profile().Datasets()) {
    if (named.contains(binding.name) || !fs::exists(binding.location)) continue;
    DatasetSpec spec;
    spec.name = binding.name;
    spec.location.path = binding.location;
    if (!binding.format.empty()) {
      auto format = DataFormatFromText(binding.format);
      if (!format) return format.error();
      spec.location.format = *format;
    }
    if (auto registered = session.Register(spec); !registered) return registered;
  }
  return {};
}

}  // namespace

void DeclareProfileOptions(CLI::App& command, SessionOptions& options) {
  command.add_option("--profile", options.profile,
                     "A preset (default, dev, prod, untrusted) or a profile file");
  command.add_option("--set", options.settings, "A setting, name=value; repeatable")
      ->take_all()
      ->allow_extra_args(false);
}

void DeclarePolicyOption(CLI::App& command, SessionOptions& options) {
  command.add_option("--policy", options.policy,
                     "What SQL may do: read_only, service, write, admin, or a policy file");
}

void DeclareStatementOptions(CLI::App& command, SessionOptions& options) {
  DeclareProfileOptions(command, options);
  command
      .add_option("--table", options.tables, "A dataset, name=path of a file or folder; repeatable")
      ->take_all()
      ->allow_extra_args(false);
  DeclarePolicyOption(command, options);
  command
      .add_option("--param", options.parameters,
                  "A parameter, name=value; numbers, true, false and null are typed, "
                  "\"…\" is text; repeatable")
      ->take_all()
      ->allow_extra_args(false);
}

Result<std::pair<std::string, std::string>> SplitPair(std::string_view text,
                                                      std::string_view option) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("The option {} takes name=value, and was given: {}", option, text));
  }
  return std::make_pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

Result<std::string> ReadText(const std::string& path) {
  std::error_code error;
  if (path != "-" && fs::is_directory(path, error)) {
    return Error(ErrorKind::kIo, fmt::format("There is a folder where a file belongs: {}", path),
                 FilePosition{.path = path, .line = 0});
  }
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return Error(errno == ENOENT ? ErrorKind::kNotFound : ErrorKind::kIo,
                 fmt::format("The file cannot be opened: {}: {}", path, std::strerror(errno)),
                 FilePosition{.path = path, .line = 0});
  }
  std::string text;
  char piece[1 << 14];
  while (const std::size_t size = std::fread(piece, 1, sizeof(piece), file)) {
    text.append(piece, size);
  }
  const bool failed = std::ferror(file) != 0;
  if (file != stdin) std::fclose(file);
  if (failed) {
    return Error(ErrorKind::kIo, fmt::format("The file cannot be read: {}", path),
                 FilePosition{.path = path, .line = 0});
  }
  return text;
}

std::map<std::string, std::string> Environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const std::size_t equals = variable.find('=');
    if (!variable.starts_with("LAKEGATE_") || equals == std::string_view::npos) continue;
    variables.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return variables;
}

Result<Profile> BuildProfile(const SessionOptions& options) {
  ProfileSources sources;
  if (const std::string path = UserProfilePath(); Exists(path)) {
    auto file = ReadProfile(path);
    if (!file) return file.error();
    sources.user_file = *std::move(file);
  }
  const bool named_file = IsProfileFile(options.profile);
  if (named_file || Exists("lakegate.toml")) {
    auto file = ReadProfile(named_file ? options.profile : "lakegate.toml");
    if (!file) return file.error();
    sources.project_file = *std::move(file);
  }
  if (!named_file) sources.preset = options.profile;
  sources.environment = Environment();
  for (const std::string& setting : options.settings) {
    auto pair = SplitPair(setting, "--set");
    if (!pair) return pair.error();
    sources.explicit_settings.push_back(
        ExplicitSetting{.name = pair->first, .value = pair->second, .origin = "--set"});
  }
  if (!options.policy.empty()) {
    // Who types the command may choose; a policy file then narrows the widest preset.
    sources.explicit_settings.push_back(ExplicitSetting{
        .name = "sql_policy",
        .value = IsProfileFile(options.policy) ? std::string("admin") : options.policy,
        .origin = "--policy"});
  }
  return Profile::Build(sources);
}

Result<std::unique_ptr<Session>> OpenSession(const SessionOptions& options) {
  auto profile = BuildProfile(options);
  if (!profile) return profile.error();
  auto session = Session::Open(*std::move(profile));
  if (!session) return session;
  if (auto registered = RegisterTables(**session, options); !registered) {
    return registered.error();
  }
  return session;
}

Result<QueryOptions> QueryOptionsOf(const SessionOptions& options) {
  QueryOptions query;
  for (const std::string& parameter : options.parameters) {
    auto pair = SplitPair(parameter, "--param");
    if (!pair) return pair.error();
    std::string name = pair->first;
    if (name.starts_with('$')) name.erase(0, 1);
    query.parameters.insert_or_assign(std::move(name), ToParameter(pair->second));
  }
  if (IsProfileFile(options.policy)) {
    auto text = ReadText(options.policy);
    if (!text) return text.error();
    auto policy = SqlPolicy::FromToml(*text, options.policy);
    if (!policy) return policy.error();
    query.policy = *std::move(policy);
  }
  return query;
}

}  // namespace lakegate::cli
