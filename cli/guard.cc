#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cli/exit_code.h"
#include "cli/session_options.h"
#include "cli/verb.h"

namespace lakegate::cli {
namespace {

using nlohmann::ordered_json;

struct GuardOptions {
  SessionOptions session;
  std::string text;
  std::string file;
  bool null_separated = false;
};

// What became of one text. `refusal` is what `judgement` holds, or a cap that the text passed
// before there was anything to describe; `problem` is a text that does not parse.
struct Outcome {
  std::optional<Judgement> judgement;
  std::optional<Error> refusal;
  std::optional<Error> problem;

  int code() const {
    if (problem) return ExitCodeOf(problem->kind());
    return refusal ? ExitCodeOf(refusal->kind()) : kExitOk;
  }
};

Outcome Decide(std::string_view text, const Profile& profile, const QueryOptions& query) {
  Outcome outcome;
  auto judged = Session::Judge(text, profile, query);
  if (judged) {
    outcome.refusal = judged->refusal;
    outcome.judgement = *std::move(judged);
  } else if (judged.error().kind() == ErrorKind::kSqlPolicyViolation) {
    outcome.refusal = judged.error();
  } else {
    outcome.problem = judged.error();
  }
  // A text of comments alone is no statement, and no policy could allow it.
  if (outcome.refusal && outcome.refusal->kind() != ErrorKind::kSqlPolicyViolation) {
    outcome.problem = std::exchange(outcome.refusal, std::nullopt);
  }
  return outcome;
}

ordered_json JsonOf(const Error& error) { return ordered_json::parse(error.ToJson()); }

ordered_json StatementsJson(const Judgement& judgement) {
  ordered_json statements = ordered_json::array();
  for (const Judgement::Statement& statement : judgement.statements) {
    statements.push_back({{"kind", statement.kind},
                          {"relations", statement.relations},
                          {"functions", statement.functions},
                          {"placeholders", statement.placeholders}});
  }
  return statements;
}

// One line: facts and verdict of a text.
std::string CheckJson(const Outcome& outcome) {
  ordered_json json = {{"allowed", outcome.code() == kExitOk}};
  if (outcome.judgement) {
    json["policy"] = outcome.judgement->policy;
    json["statements"] = StatementsJson(*outcome.judgement);
  }
  if (outcome.refusal) json["refusal"] = JsonOf(*outcome.refusal);
  if (outcome.problem) json["error"] = JsonOf(*outcome.problem);
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string CheckText(const Outcome& outcome) {
  if (outcome.problem) return fmt::format("Not judged: {}\n", outcome.problem->message());
  if (outcome.judgement) return outcome.judgement->text;
  return fmt::format("Refused: {}\n", outcome.refusal->message());
}

// The rule that decided. Its place is that of the statement where a cap names none.
std::string ExplainJson(const Outcome& outcome) {
  ordered_json json = {{"allowed", outcome.code() == kExitOk}};
  if (outcome.judgement) json["policy"] = outcome.judgement->policy;
  if (outcome.problem) json["error"] = JsonOf(*outcome.problem);
  if (outcome.refusal) {
    if (const auto* rule = std::get_if<PolicyViolation>(&outcome.refusal->detail())) {
      json["violation"] = rule->violation;
      json["name"] = rule->name;
      json["line"] = rule->position.line;
      json["column"] = rule->position.column;
      json["setting"] = rule->setting;
    }
    json["message"] = outcome.refusal->message();
  }
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string ExplainText(const Outcome& outcome) {
  if (outcome.problem) return fmt::format("Not judged: {}\n", outcome.problem->message());
  if (!outcome.refusal) {
    return fmt::format("No rule of the policy '{}' refuses it.\n", outcome.judgement->policy);
  }
  const auto* rule = std::get_if<PolicyViolation>(&outcome.refusal->detail());
  if (rule == nullptr) return fmt::format("Refused: {}\n", outcome.refusal->message());
  std::string text = fmt::format("violation: {}\nname: {}\n", rule->violation, rule->name);
  if (rule->position.line > 0) {
    text += fmt::format("place: line {}, column {}\n", rule->position.line, rule->position.column);
  }
  text += fmt::format("setting: {}\n", rule->setting.empty() ? "none" : rule->setting);
  return text + fmt::format("reason: {}\n", outcome.refusal->message());
}

Result<std::string> TextOf(const GuardOptions& options) {
  if (options.text.empty() == options.file.empty()) {
    return Error(ErrorKind::kInvalidArgument,
                 options.text.empty()
                     ? "There is no statement: give a SQL text, -f FILE, or - for standard input."
                     : "There are two sources of SQL: give a text or -f FILE, not both.");
  }
  if (options.text == "-") return ReadText("-");
  return options.file.empty() ? Result<std::string>(options.text) : ReadText(options.file);
}

// The texts to judge, each as one; what follows the last separator is one if it is not empty.
std::vector<std::string_view> TextsOf(std::string_view input, bool null_separated) {
  if (!null_separated) return {input};
  std::vector<std::string_view> texts;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\0'), input.size());
    texts.push_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  return texts;
}

int RunGuard(const GuardOptions& options, bool explain, Console& console) {
  auto input = TextOf(options);
  if (!input) return console.Fail(input.error());
  auto query = QueryOptionsOf(options.session);
  if (!query) return console.Fail(query.error());
  auto profile = BuildProfile(options.session);
  if (!profile) return console.Fail(profile.error());
  int code = kExitOk;
  for (const std::string_view text : TextsOf(*input, options.null_separated)) {
    const Outcome outcome = Decide(text, *profile, *query);
    // Alone, a text that does not parse is an error like any other command's.
    if (outcome.problem && !options.null_separated) return console.Fail(*outcome.problem);
    if (code == kExitOk) code = outcome.code();
    if (console.json()) {
      console.Out(explain ? ExplainJson(outcome) : CheckJson(outcome));
    } else {
      console.Out(explain ? ExplainText(outcome) : CheckText(outcome));
    }
  }
  return code;
}

}  // namespace

Action DeclareGuard(CLI::App& command) {
  auto options = std::make_shared<GuardOptions>();
  command.require_subcommand(1);
  CLI::App* check = command.add_subcommand("check", "Facts and verdict; nothing runs or is opened");
  CLI::App* explain = command.add_subcommand("explain", "Which rule decided, and what allows it");
  for (CLI::App* verb : {check, explain}) {
    verb->fallthrough();
    DeclareProfileOptions(*verb, options->session);
    DeclarePolicyOption(*verb, options->session);
    verb->add_option("sql", options->text, "The SQL text, judged as one; - reads standard input");
    verb->add_option("-f,--file", options->file, "A file with the text; - is standard input");
    verb->add_flag("-z,--null-separated", options->null_separated,
                   "The input holds many texts with a NUL byte between them, each judged alone");
  }
  return [options, explain](Console& console) {
    return RunGuard(*options, explain->parsed(), console);
  };
}

}  // namespace lakegate::cli
