#include <fmt/format.h>

#include "base/text.h"
#include "base/try.h"
#include "guard/protection.h"
#include "lakegate/session.h"
#include "session/judged_text.h"
#include "session/session_state.h"
#include "session/statement_run.h"

namespace lakegate {

Result<ArrowStream> Session::Scan(std::string_view name, const QueryOptions& options) {
  const std::shared_ptr<session::SessionState>& state = impl_->state;
  LG_ASSIGN_OR_RETURN(const catalog::Entry entry, state->catalog.Find(name));
  LG_ASSIGN_OR_RETURN(const SqlPolicy policy, session::PolicyInForce(state->profile, options));
  const bool open = guard::ProtectionOf(policy, name) == nullptr;
  if (open && std::holds_alternative<catalog::StreamEntry>(entry)) {
    if (const auto store = state->FindStore(name)) return store->Open(options.cancel);
  }
  QueryOptions ordered = options;
  ordered.ordered = true;
  // The view's own text, not a SELECT around it: that would lose its ORDER BY.
  const auto* view = open ? std::get_if<catalog::ViewEntry>(&entry) : nullptr;
  if (view != nullptr) return Sql(view->sql, ordered);
  // Through the guard like anything else: the policy may not allow this name.
  return Sql(fmt::format("SELECT * FROM {}", base::QuoteIdentifier(name)), ordered);
}

}  // namespace lakegate
