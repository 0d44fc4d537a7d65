#include "write/write.h"

#include <utility>

#include "base/try.h"
#include "lakegate/session.h"
#include "session/judged_text.h"
#include "session/location.h"
#include "session/session_state.h"
#include "session/statement_run.h"
#include "session/write_context.h"

namespace lakegate {
namespace {

// What stands between a request and write/: names, roots and formats resolved, conditions judged.
Result<WriteOptions> PrepareWrite(const session::SessionState& state, const WriteOptions& options,
                                  const SqlPolicy& policy) {
  WriteOptions prepared = options;
  LG_ASSIGN_OR_RETURN(
      prepared.destination,
      session::LocateDestination(session::BindDestination(options.destination, state.profile),
                                 state.profile));
  LG_RETURN_IF_ERROR(prepared.Validate());
  LG_RETURN_IF_ERROR(session::JudgeChecks(prepared.checks, policy));
  if (!prepared.replace_where.empty()) {
    const Check condition{"replace_where", prepared.replace_where};
    LG_RETURN_IF_ERROR(session::JudgeChecks({condition}, policy));
  }
  return prepared;
}

Result<WriteReceipt> RunPrepared(session::SessionState& state, const WriteOptions& options,
                                 const write::SourceFactory& source, const CancelToken& cancel) {
  LG_RETURN_IF_ERROR(session::CheckChangeHere(state, options.destination.path));
  write::WriteContext context =
      session::WriteContextFor(state, options.destination.path, options.maintenance, cancel);
  return write::RunWrite(source, options, context);
}

}  // namespace

Result<WriteReceipt> Session::Write(std::string_view sql, const WriteOptions& write,
                                    const QueryOptions& query) {
  const std::shared_ptr<session::SessionState>& state = impl_->state;
  QueryOptions ordered = query;
  ordered.ordered = true;
  if (state->workers != nullptr) {
    LG_ASSIGN_OR_RETURN(const SqlPolicy policy, session::PolicyInForce(state->profile, query));
    LG_ASSIGN_OR_RETURN(const WriteOptions prepared, PrepareWrite(*state, write, policy));
    const auto rows = [&]() { return state->workers->Run(state, sql, ordered); };
    return RunPrepared(*state, prepared, rows, query.cancel);
  }
  LG_ASSIGN_OR_RETURN(const session::JudgedStatement judged,
                      session::JudgeForRun(*state, sql, query));
  LG_ASSIGN_OR_RETURN(const WriteOptions prepared, PrepareWrite(*state, write, judged.policy));
  const auto source = [&]() {
    return session::RunStatement(state, sql, judged.facts, judged.policy, ordered);
  };
  return RunPrepared(*state, prepared, source, query.cancel);
}

Result<WriteReceipt> Session::WriteStream(ArrowStream source, const WriteOptions& write,
                                          const CancelToken& cancel) {
  session::SessionState& state = *impl_->state;
  if (source == nullptr) {
    return Error(ErrorKind::kInvalidArgument, "There is no stream to write: it is null.");
  }
  LG_ASSIGN_OR_RETURN(const SqlPolicy policy, session::PolicyInForce(state.profile, {}));
  LG_ASSIGN_OR_RETURN(const WriteOptions prepared, PrepareWrite(state, write, policy));
  const auto factory = [&source]() -> Result<ArrowStream> { return std::move(source); };
  return RunPrepared(state, prepared, factory, cancel);
}

}  // namespace lakegate
