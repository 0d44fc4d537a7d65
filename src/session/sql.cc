#include "base/try.h"
#include "engine/sql_text.h"
#include "lakegate/session.h"
#include "session/judged_text.h"
#include "session/session_state.h"
#include "session/statement_run.h"

namespace lakegate {

Result<ArrowStream> Session::Sql(std::string_view text, const QueryOptions& options) {
  return session::RunText(impl_->state, text, options);
}

Result<std::vector<std::string>> Session::Split(std::string_view text) const {
  LG_ASSIGN_OR_RETURN(const SqlPolicy policy,
                      session::PolicyInForce(impl_->state->profile, QueryOptions{}));
  LG_ASSIGN_OR_RETURN(const auto ranges, engine::SplitSql(text, policy.sql));
  std::vector<std::string> statements;
  statements.reserve(ranges.size());
  for (const engine::StatementRange& range : ranges) {
    statements.emplace_back(text.substr(static_cast<std::size_t>(range.start),
                                        static_cast<std::size_t>(range.end - range.start)));
  }
  return statements;
}

}  // namespace lakegate
