#include "session/kernel_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "guard/protection.h"
#include "lakegate/kernel_call.h"
#include "session/judged_text.h"
#include "session/kernel_spill.h"
#include "session/relations.h"
#include "session/statement_run.h"

namespace lakegate::session {
namespace {

using Json = nlohmann::json;

const KernelInfo* KernelOf(const guard::TableFunctionFact& function) {
  const auto found = FindKernel(function.name);
  return found ? *found : nullptr;
}

Error WrongRelations(const guard::TableFunctionFact& function, const KernelInfo& kernel) {
  std::vector<std::string> roles(kernel.inputs.begin(), kernel.inputs.end());
  return Error(
      ErrorKind::kInvalidSql,
      fmt::format("A kernel is called with the names of the relations it reads, as text, and then "
                  "its options by name: {}({}, option => value).",
                  function.name, base::Join(roles, ", ")),
      function.position);
}

// A call as the bridge tells it.
struct Arguments {
  std::vector<std::string> inputs;
  KernelOptions options;
};

Result<OptionValue> OptionOf(const std::string& name, const Json& value) {
  if (value.is_boolean()) return OptionValue(value.get<bool>());
  if (value.is_number_integer()) return OptionValue(value.get<std::int64_t>());
  if (value.is_string()) return OptionValue(value.get<std::string>());
  if (value.is_array() &&
      std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); })) {
    return OptionValue(value.get<std::vector<std::string>>());
  }
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("The option '{}' must be a text, a whole number, a boolean or a list "
                           "of texts.",
                           name));
}

Result<Arguments> ArgumentsOf(std::string_view text) {
  const Json call = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  Arguments arguments;
  for (const Json& input : call.at("positional")) {
    if (!input.is_string()) {
      return Error(ErrorKind::kInvalidArgument, "A relation must be named by a text.");
    }
    arguments.inputs.push_back(input.get<std::string>());
  }
  for (const auto& [name, value] : call.at("named").items()) {
    LG_ASSIGN_OR_RETURN(OptionValue option, OptionOf(name, value));
    arguments.options.emplace(name, std::move(option));
  }
  return arguments;
}

// One kernel in one statement: reads relations under its policy.
struct KernelFunction {
  std::shared_ptr<SessionState> state;
  SqlPolicy policy;
  CancelToken cancel;
  std::string name;

  Result<engine::BoundTable> Bind(std::string_view text) const;
  Result<ArrowStream> Read(const std::string& relation) const;
  Result<ArrowStream> Run(const KernelCall& call, const std::vector<std::string>& inputs) const;
};

Result<ArrowStream> KernelFunction::Read(const std::string& relation) const {
  LG_ASSIGN_OR_RETURN(const catalog::Entry entry, state->catalog.Find(relation));
  const bool open = guard::ProtectionOf(policy, relation) == nullptr;
  if (open && std::holds_alternative<catalog::StreamEntry>(entry)) {
    if (const auto store = state->FindStore(relation)) return store->Open(cancel);
  }
  const auto* view = open ? std::get_if<catalog::ViewEntry>(&entry) : nullptr;
  const std::string sql = view != nullptr
                              ? view->sql
                              : fmt::format("SELECT * FROM {}", base::QuoteIdentifier(relation));
  LG_ASSIGN_OR_RETURN(const guard::StatementFacts facts, JudgeStatement(sql, policy));
  QueryOptions options;
  options.ordered = true;
  options.cancel = cancel;
  return RunStatement(state, sql, facts, policy, options);
}

Result<ArrowStream> KernelFunction::Run(const KernelCall& call,
                                        const std::vector<std::string>& inputs) const {
  std::vector<ArrowStream> streams;
  for (const std::string& input : inputs) {
    LG_ASSIGN_OR_RETURN(ArrowStream stream, Read(input));
    streams.push_back(std::move(stream));
  }
  return RunKernel(call, std::move(streams), KernelContextFor(*state, cancel));
}

// The output's schema is that of the kernel over no rows.
Result<engine::BoundTable> KernelFunction::Bind(std::string_view text) const {
  LG_ASSIGN_OR_RETURN(Arguments arguments, ArgumentsOf(text));
  LG_ASSIGN_OR_RETURN(KernelCall call, KernelCallFrom(name, arguments.options));
  std::vector<ArrowStream> empty;
  for (const std::string& input : arguments.inputs) {
    LG_ASSIGN_OR_RETURN(const ArrowStream stream, Read(input));
    empty.push_back(StreamOf(CopySchema(stream->schema()), {}));
  }
  LG_ASSIGN_OR_RETURN(const ArrowStream output,
                      RunKernel(call, std::move(empty), KernelContextFor(*state, cancel)));
  return engine::BoundTable{
      .schema = CopySchema(output->schema()),
      .open = [function = *this, call = std::move(call), inputs = std::move(arguments.inputs)] {
        return function.Run(call, inputs);
      }};
}

}  // namespace

Status AddKernelRelations(guard::StatementFacts* facts) {
  for (const guard::TableFunctionFact& function : facts->table_functions) {
    const KernelInfo* const kernel = KernelOf(function);
    if (kernel == nullptr) continue;
    if (function.arguments.size() != kernel->inputs.size()) {
      return WrongRelations(function, *kernel);
    }
    for (const std::optional<std::string>& relation : function.arguments) {
      if (!relation) return WrongRelations(function, *kernel);
      facts->relations.push_back(guard::RelationFact{.name = {*relation},
                                                     .role = guard::RelationRole::kRead,
                                                     .alias_of_cte = false,
                                                     .at = {},
                                                     .position = function.position});
    }
  }
  return {};
}

bool CallsKernel(const guard::StatementFacts& facts) {
  return std::any_of(
      facts.table_functions.begin(), facts.table_functions.end(),
      [](const guard::TableFunctionFact& function) { return KernelOf(function) != nullptr; });
}

Status AddKernelFunctions(const std::shared_ptr<SessionState>& state, const SqlPolicy& policy,
                          const CancelToken& cancel, engine::EngineSession* session) {
  // What a kernel reads is no result of the statement, and has no limit of one.
  SqlPolicy reading = policy;
  reading.query.result_rows.reset();
  reading.query.result_bytes.reset();
  for (const KernelInfo& info : AllKernels()) {
    const KernelFunction function{state, reading, cancel, std::string(info.name)};
    LG_RETURN_IF_ERROR(session->AddTableFunction(
        info.name, [function](std::string_view arguments) { return function.Bind(arguments); }));
  }
  return {};
}

KernelContext KernelContextFor(const SessionState& state, const CancelToken& cancel) {
  const Profile& profile = state.profile;
  KernelContext context;
  context.cancel = cancel;
  context.batch_rows = profile.BatchRows();
  context.memory_limit_bytes = profile.MemoryLimitBytes();
  context.threads = ThreadsFor(profile);
  if (profile.SpillLimitBytes() > 0) context.spill = SpillOf(state);
  return context;
}

}  // namespace lakegate::session
