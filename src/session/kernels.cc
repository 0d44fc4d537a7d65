#include "base/try.h"
#include "lakegate/session.h"
#include "session/relations.h"
#include "session/session_state.h"

namespace lakegate {
namespace {

KernelContext ContextFor(const Profile& profile, const CancelToken& cancel) {
  KernelContext context;
  context.cancel = cancel;
  context.batch_rows = profile.BatchRows();
  context.memory_limit_bytes = profile.MemoryLimitBytes();
  context.threads = session::ThreadsFor(profile);
  return context;
}

QueryOptions Cancellable(const CancelToken& cancel) {
  QueryOptions options;
  options.cancel = cancel;
  return options;
}

}  // namespace

Result<ArrowStream> Session::Align(std::string_view left, std::string_view right,
                                   const IntervalAlignOptions& options, const CancelToken& cancel) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_ASSIGN_OR_RETURN(ArrowStream left_rows, Scan(left, Cancellable(cancel)));
  LG_ASSIGN_OR_RETURN(ArrowStream right_rows, Scan(right, Cancellable(cancel)));
  return IntervalAlign(std::move(left_rows), std::move(right_rows), options,
                       ContextFor(profile(), cancel));
}

Result<ArrowStream> Session::Deduplicate(std::string_view input, const DedupeOptions& options,
                                         const CancelToken& cancel) {
  LG_RETURN_IF_ERROR(options.Validate());
  LG_ASSIGN_OR_RETURN(ArrowStream rows, Scan(input, Cancellable(cancel)));
  return Dedupe(std::move(rows), options, ContextFor(profile(), cancel));
}

}  // namespace lakegate
