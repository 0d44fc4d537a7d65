#include "session/protected_relation.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "columnar/schema.h"
#include "guard/protection.h"
#include "session/judged_text.h"
#include "session/statement_run.h"

namespace lakegate::session {
namespace {

// Failures of a read quote values. Those that say how far the caller may go on do not.
Error Withheld(const Error& error, const std::string& name, const SqlPolicy& policy) {
  switch (error.kind()) {
    case ErrorKind::kCancelled:
    case ErrorKind::kTimeout:
    case ErrorKind::kResourceLimit:
      return error;
    default:
      return Error(error.kind(),
                   fmt::format("The relation '{}' could not be read as the SQL policy '{}' shows "
                               "it. What went wrong is withheld, because it may quote what is "
                               "hidden; read the relation without the policy to see it.",
                               name, policy.name));
  }
}

class ProtectedRows final : public RecordStream {
 public:
  ProtectedRows(ArrowStream rows, std::string name, SqlPolicy policy)
      : rows_(std::move(rows)), name_(std::move(name)), policy_(std::move(policy)) {}

  const ArrowSchema& schema() const override { return rows_->schema(); }
  Result<std::optional<OwnedArray>> Next() override {
    auto batch = rows_->Next();
    if (!batch) return Withheld(batch.error(), name_, policy_);
    return batch;
  }

 private:
  ArrowStream rows_;
  std::string name_;
  SqlPolicy policy_;
};

// What the outer statement reads, each time it scans the relation.
struct ProtectedScan {
  std::shared_ptr<SessionState> state;
  std::string name;
  SqlPolicy policy;  // beneath the protection
  QueryOptions options;

  Result<ArrowStream> Run(const std::string& sql) const {
    LG_ASSIGN_OR_RETURN(const guard::StatementFacts facts, JudgeStatement(sql, policy));
    return RunStatement(state, sql, facts, policy, options);
  }
  Result<ArrowStream> Open(const std::string& sql) const {
    auto rows = Run(sql);
    if (!rows) return Withheld(rows.error(), name, policy);
    return ArrowStream(std::make_unique<ProtectedRows>(*std::move(rows), name, policy));
  }
};

}  // namespace

Status AddProtectedRelation(const std::shared_ptr<SessionState>& state, const std::string& name,
                            const SqlPolicy& policy, const StatementNeeds& needs,
                            engine::EngineSession* session) {
  const RelationProtection& protection = *guard::ProtectionOf(policy, name);
  QueryOptions options;
  options.ordered = needs.ordered;
  options.cancel = needs.cancel;
  const ProtectedScan text{state, name, guard::PolicyOfText(policy, name), options};
  LG_ASSIGN_OR_RETURN(const ArrowStream whole,
                      text.Run(fmt::format("SELECT * FROM {}", base::QuoteIdentifier(name))));
  const ProtectedScan scan{state, name, guard::PolicyBeneath(policy, name), options};
  LG_RETURN_IF_ERROR(JudgeChecks(guard::ExpressionsOf(name, protection), scan.policy));
  LG_ASSIGN_OR_RETURN(
      const std::string sql,
      guard::ProtectingQuery(name, columnar::ColumnNames(whole->schema()), protection));
  auto shown = scan.Run(sql);
  if (!shown) {
    return shown.error().WithContext(fmt::format("Policy '{}', protect.{}", policy.name, name));
  }
  return session->AddStream(name, (*shown)->schema(), [scan, sql] { return scan.Open(sql); });
}

}  // namespace lakegate::session
