// Kernels as table functions of SQL:
//
//   SELECT * FROM interval_align('calls', 'functions', on => 'path', mode => 'containing_best')
//
// The first arguments are the names of the relations that a kernel reads, as text; options
// follow by name. What a call reads is a fact like any other relation: the verdict sees it, and
// nothing is opened before. The rows of a relation are read as Session::Scan reads them, under
// the policy of the statement.
#ifndef LAKEGATE_SESSION_KERNEL_FUNCTIONS_H_
#define LAKEGATE_SESSION_KERNEL_FUNCTIONS_H_

#include <memory>

#include "engine/statement.h"
#include "guard/facts.h"
#include "lakegate/cancel.h"
#include "lakegate/policy.h"
#include "session/session_state.h"

namespace lakegate::session {

// Adds the relations that the statement's kernel calls read. kInvalidSql, with the position,
// for a call with another number of relations than the kernel reads, or one that is no text.
Status AddKernelRelations(guard::StatementFacts* facts);

bool CallsKernel(const guard::StatementFacts& facts);

// Makes every kernel a table function of the session.
Status AddKernelFunctions(const std::shared_ptr<SessionState>& state, const SqlPolicy& policy,
                          const CancelToken& cancel, engine::EngineSession* session);

// Threads and memory of a kernel as the profile says.
KernelContext KernelContextFor(const SessionState& state, const CancelToken& cancel);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_KERNEL_FUNCTIONS_H_
