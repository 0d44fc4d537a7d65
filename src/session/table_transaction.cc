#include "lakegate/table_transaction.h"

#include <fmt/format.h>

#include <filesystem>
#include <mutex>
#include <utility>

#include "base/try.h"
#include "control/transaction.h"
#include "delta/log.h"
#include "lakegate/session.h"
#include "session/location.h"
#include "session/session_state.h"
#include "session/transaction_scope.h"
#include "session/write_context.h"

namespace lakegate {

namespace session {

Status CheckChangeHere(const SessionState& state, std::string_view path) {
  if (state.transaction == nullptr || state.transaction->path == path) return {};
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("This transaction is one of the table {}; write outside of it: {}.",
                           state.transaction->path, path));
}

Status CheckOutsideTransaction(const SessionState& state, std::string_view operation) {
  if (state.transaction == nullptr) return {};
  return Error(ErrorKind::kUnsupported,
               fmt::format("{} is no part of a transaction; commit it first: {}.", operation,
                           state.transaction->path));
}

namespace {

// The same names and limits, over an engine that sees the transaction.
std::shared_ptr<SessionState> InsideOf(SessionState& outside, std::string path,
                                       std::shared_ptr<const engine::Engine> engine) {
  auto inside = std::make_shared<SessionState>(outside.profile);
  inside->spill = outside.spill;
  inside->engine = std::move(engine);
  inside->catalog.Restore(outside.catalog.Snapshot());
  inside->events = outside.events;
  inside->quarantine_directory = outside.quarantine_directory;
  inside->transaction = std::make_shared<TransactionScope>(std::move(path));
  const std::lock_guard lock(outside.stores_mutex);
  inside->stores = outside.stores;
  return inside;
}

}  // namespace
}  // namespace session

class TableTransaction::Impl {
 public:
  Impl(std::shared_ptr<session::SessionState> outside,
       std::shared_ptr<session::SessionState> inside, std::unique_ptr<Session> session,
       control::Transaction transaction)
      : outside_(std::move(outside)),
        inside_(std::move(inside)),
        session_(std::move(session)),
        transaction_(std::move(transaction)) {}

  ~Impl() { Abandon(); }

  const std::string& path() const { return transaction_.path; }
  Session& session() { return *session_; }

  Result<ChangeReceipt> Commit(const ChangeOptions& options) {
    if (over_) {
      return Error(ErrorKind::kInvalidArgument,
                   "The transaction is over; begin another: " + transaction_.path);
    }
    transaction_.read = inside_->transaction->read;
    write::WriteContext context =
        session::WriteContextFor(*outside_, transaction_.path, {}, options.cancel);
    auto receipt = control::CommitTransaction(transaction_, options, context);
    if (receipt && receipt->reason == "dry_run") return receipt;
    const bool landed = receipt && receipt->reason.empty();
    const bool open = !receipt && receipt.error().kind() == ErrorKind::kCommitUnknown;
    if (landed || open) {
      over_ = true;
    } else {
      Abandon();
    }
    return receipt;
  }

  void Abandon() {
    if (std::exchange(over_, true)) return;
    write::WriteContext context = session::WriteContextFor(*outside_, transaction_.path, {}, {});
    control::AbandonTransaction(transaction_, context);
    if (transaction_.base) return;
    // A folder that was made for a new table and holds nothing.
    std::error_code ignored;
    std::filesystem::remove(transaction_.path, ignored);
  }

 private:
  std::shared_ptr<session::SessionState> outside_;
  std::shared_ptr<session::SessionState> inside_;
  std::unique_ptr<Session> session_;
  control::Transaction transaction_;
  bool over_ = false;
};

TableTransaction::TableTransaction(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TableTransaction::TableTransaction(TableTransaction&&) noexcept = default;
TableTransaction& TableTransaction::operator=(TableTransaction&&) noexcept = default;
TableTransaction::~TableTransaction() = default;

const std::string& TableTransaction::path() const { return impl_->path(); }
Session& TableTransaction::session() { return impl_->session(); }
Result<ChangeReceipt> TableTransaction::Commit(const ChangeOptions& options) {
  return impl_->Commit(options);
}
void TableTransaction::Abandon() { impl_->Abandon(); }

Result<TableTransaction> Session::Begin(std::string_view table) {
  const std::shared_ptr<session::SessionState>& state = impl_->state;
  LG_RETURN_IF_ERROR(session::CheckOutsideTransaction(*state, "Another transaction"));
  if (state->workers != nullptr) {
    return Error(ErrorKind::kUnsupported,
                 "Statements of a transaction run in the session's own process, and the profile "
                 "wants them in workers: execution.isolation.");
  }
  LG_ASSIGN_OR_RETURN(const DeltaTable found, Delta(table));
  control::Transaction transaction;
  transaction.path = found.path();
  LG_ASSIGN_OR_RETURN(transaction.base, delta::OpenLog(state->engine, found.path())->Read());
  const std::int64_t version = transaction.base ? transaction.base->version : -1;
  LG_ASSIGN_OR_RETURN(auto engine, state->engine->Overlay(found.path(), version));
  transaction.engine = session::KeepSpillArea(std::move(engine), state->spill);
  auto inside = session::InsideOf(*state, found.path(), transaction.engine);
  auto session = std::unique_ptr<Session>(new Session(std::make_unique<Impl>(inside)));
  return TableTransaction(std::make_unique<TableTransaction::Impl>(
      state, std::move(inside), std::move(session), std::move(transaction)));
}

}  // namespace lakegate
