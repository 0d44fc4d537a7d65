// One statement: the names it may see, its plan, its rows.
//
// A session here is cheap and made for one statement: nothing is visible in it but what was
// added. A plan keeps its session alive, a stream its plan. Threads: a session is filled by
// one thread; plans may be read by many; a stream by one at a time.
//
// Errors of a stream: whatever a host stream failed with arrives as that very error, kind and
// detail unchanged; kCancelled when the token was set; kTimeout for a time limit;
// kResourceLimit when memory or spill space ran out; kCorruptData and kIo with the file.
#ifndef LAKEGATE_ENGINE_STATEMENT_H_
#define LAKEGATE_ENGINE_STATEMENT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "engine/range_index.h"
#include "engine/table.h"
#include "lakegate/arrow.h"
#include "lakegate/cancel.h"
#include "lakegate/session.h"

namespace lakegate::engine {

struct StatementOptions {
  std::int64_t target_partitions = 1;
  std::int64_t batch_rows = 8192;
  // Partitions are read one after the other: equal inputs give equal row order.
  bool ordered = true;
  std::map<std::string, std::string> config = {};  // "datafusion.…" by name
};

// Gives a fresh stream for each scan of a table the host produces; may be called from several
// threads at once.
using StreamFactory = std::function<Result<ArrowStream>()>;

// A call of a table function, bound: what its rows look like, and where they come from.
struct BoundTable {
  OwnedSchema schema;
  StreamFactory open;
};

// Binds one call while a statement is planned: `arguments` is {"positional": [...], "named":
// {...}} with literals as JSON. Its error is the error of planning. Called from threads of the
// bridge, which it may call back.
using TableFunction = std::function<Result<BoundTable>(std::string_view arguments)>;

// An operator on rows that the bridge puts into plans; `specification` is JSON
// (lakegate_bridge.h). What it gives has the schema of `input`.
using RowOperator =
    std::function<Result<ArrowStream>(std::string_view specification, ArrowStream input)>;

class Plan;

class EngineSession {
 public:
  static Result<EngineSession> Open(std::shared_ptr<const Engine> engine,
                                    const StatementOptions& options = {});
  EngineSession(EngineSession&&) noexcept;
  EngineSession& operator=(EngineSession&&) noexcept;
  ~EngineSession();

  // Names are one part and taken as they are. A name in use is kAlreadyExists.
  Status AddTable(std::string_view name, const Table& table);
  Status AddView(std::string_view name, std::string_view sql);
  Status AddStream(std::string_view name, const ArrowSchema& schema, StreamFactory factory);
  // Before the views that call it.
  Status AddTableFunction(std::string_view name, TableFunction function);

  // Once, before a statement is planned: range joins run with an index of this maker's.
  Status UseRangeIndex(RangeIndexMaker maker);
  // Likewise: filters of the first row of each group run on this operator.
  Status UseOperator(RowOperator row_operator);

  // kInvalidSql (line, column), kNotFound (a relation, a column), kUnsupported, kTimeout.
  // `parameters` are bound as values. A `time_limit_ms` of 0 is no limit.
  Result<Plan> PlanStatement(std::string_view sql,
                             const std::map<std::string, ParameterValue>& parameters = {},
                             std::int64_t time_limit_ms = 0, const CancelToken& cancel = {});

  struct State;
  const State& state() const { return *state_; }

 private:
  explicit EngineSession(std::shared_ptr<State> state);
  // Shared: plans and streams keep the session's tables and error slots.
  std::shared_ptr<State> state_;
};

class Plan {
 public:
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;
  ~Plan();

  // The expanded plan, views inlined, as JSON: nodes, functions, node_count.
  Result<std::string> Facts() const;
  Result<OwnedSchema> schema() const;
  // Rows that running it would read, as far as the statistics of its files tell: 0 where they
  // tell nothing. Optimises; `Execute` then need not do so again.
  Result<std::int64_t> ScanRows(std::int64_t time_limit_ms = 0,
                                const CancelToken& cancel = {}) const;
  // May be called again. The stream owns all it needs; destroying it stops the work.
  Result<ArrowStream> Execute(std::int64_t time_limit_ms = 0, const CancelToken& cancel = {}) const;

 private:
  friend class EngineSession;
  struct State;
  explicit Plan(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

// {"name": {"type", "value"}}, the shape the bridge binds.
std::string ParametersJson(const std::map<std::string, ParameterValue>& parameters);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_STATEMENT_H_
