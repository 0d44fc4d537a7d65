// A session: one profile, one engine, the datasets and views that SQL may name.
//
// Threads: every method may be called from many threads; a stream it returns is read by one
// at a time. Ownership: streams keep what they need alive and may outlive the session.
// Every statement passes the guard before anything is planned or opened.
#ifndef LAKEGATE_SESSION_H_
#define LAKEGATE_SESSION_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/cancel.h"
#include "lakegate/dataset.h"
#include "lakegate/delta_table.h"
#include "lakegate/export.h"
#include "lakegate/kernel_call.h"
#include "lakegate/policy.h"
#include "lakegate/profile.h"
#include "lakegate/result.h"
#include "lakegate/table_transaction.h"
#include "lakegate/write.h"

namespace lakegate {

// A typed scalar bound to a placeholder, never spliced into text.
using ParameterValue = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

struct QueryOptions {
  // `$name` and `$1` ("1") placeholders: every one needs a value, every value a placeholder.
  std::map<std::string, ParameterValue> parameters;
  // May only narrow the session's policy; a wider one is kInvalidArgument naming the setting.
  std::optional<SqlPolicy> policy;
  // Equal inputs give equal row order, at the price of one scan thread. Writes and kernel
  // steps always read this way.
  bool ordered = false;
  CancelToken cancel;
  // Of a change: kept in the log of its table.
  std::string run_id = {};
};

// Recycled memory of kernel outputs, counted since the process began.
struct BufferStatistics {
  std::int64_t requests = 0;       // buffers asked for
  std::int64_t recycled = 0;       // of these, served without new memory
  std::int64_t peak_bytes = 0;     // most at one time, waiting ones included
  std::int64_t trimmed_bytes = 0;  // given back to the system
};

// How a named step output was kept.
struct StepOutput {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  bool spilled = false;
};

// What a SQL text is and names, and what the guard says of it.
struct Judgement {
  struct Statement {
    std::string kind;  // "query", "insert", ...: docs/FACTS.md
    // Tables it reads and writes that no CTE supplies, sorted; one part each unless qualified.
    std::vector<std::string> relations;
    std::vector<std::string> functions;
    std::vector<std::string> placeholders;
  };
  std::string policy;
  std::vector<Statement> statements;
  // The refusal, where there is one.
  std::optional<Error> refusal;
  // The verdict for people, a line or more.
  std::string text;
};

class LAKEGATE_EXPORT Session {
 public:
  // kInvalidArgument (profile), kVersionMismatch (bridge), kIo (spill directory).
  static Result<std::unique_ptr<Session>> Open(Profile profile = Profile::Safe());
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Profile& profile() const;

  // Names a dataset. Its location is checked now (kNotFound, kIo, kCorruptData, kInvalidArgument),
  // its files are opened when a statement names it. A name in use is kAlreadyExists.
  Status Register(const DatasetSpec& spec);
  // Names a guarded SQL view. Its text is judged now and again by every statement that uses it.
  Status RegisterView(std::string_view name, std::string_view sql);
  // Names a stream. It is read once, now: kept in memory up to `job.step_memory_limit`, spilled
  // to Arrow IPC under the spill directory beyond it, gone with the session or `Deregister`.
  Result<StepOutput> RegisterStream(std::string_view name, ArrowStream stream,
                                    const CancelToken& cancel = {});
  Status Deregister(std::string_view name);

  // Registered names with what they are, sorted: for `\d`, completions and error messages.
  struct Entry {
    std::string name;
    std::string kind;  // "dataset", "view", "stream"
    std::string location;
  };
  std::vector<Entry> Entries() const;

  // The guard's verdict on a text under a profile, from the syntax alone: no session, no name is
  // resolved, nothing is opened. kInvalidSql; kSqlPolicyViolation when a cap on the text itself
  // was passed; any other refusal is in the judgement.
  static Result<Judgement> Judge(std::string_view text, const Profile& profile = Profile::Safe(),
                                 const QueryOptions& options = {});

  // One statement. kInvalidSql, kSqlPolicyViolation, kNotFound (a relation; the nearest name and
  // the names there are), kSchemaMismatch, then whatever running it meets, from the stream.
  Result<ArrowStream> Sql(std::string_view text, const QueryOptions& options = {});
  // The statements of a text, by the engine's own tokeniser; comments alone are no statement.
  Result<std::vector<std::string>> Split(std::string_view text) const;
  // A registered dataset, view or stream as it is, under its contract. Ordered.
  Result<ArrowStream> Scan(std::string_view name, const QueryOptions& options = {});

  // A kernel over registered names, one for each of its inputs: `Apply(IntervalAlignOptions{...},
  // {{"calls", "functions"}})`. Threads, memory and spilling are the profile's. The C++ functions
  // of the kernels' headers take streams.
  Result<ArrowStream> Apply(const KernelCall& call, std::span<const std::string> inputs,
                            const CancelToken& cancel = {});
  Result<ArrowStream> Apply(const KernelCall& call, std::initializer_list<std::string> inputs,
                            const CancelToken& cancel = {}) {
    return Apply(call, std::span(inputs.begin(), inputs.size()), cancel);
  }

  static BufferStatistics Buffers();

  // One logical write from a SELECT (or a stream), with maintenance by policy. The statement is
  // judged like any other.
  Result<WriteReceipt> Write(std::string_view sql, const WriteOptions& write,
                             const QueryOptions& query = {});
  Result<WriteReceipt> WriteStream(ArrowStream source, const WriteOptions& write,
                                   const CancelToken& cancel = {});

  // One INSERT INTO, DELETE FROM, UPDATE or MERGE INTO of a registered Delta dataset, in one commit
  // (`DeltaTable` says how). Its policy must allow the statement. Conditions are expressions over
  // the columns of one row; parameters are bound in the query of an INSERT alone. kUnsupported
  // names a clause that is not run, kSqlPolicyViolation a table under a protection of the policy,
  // kInvalidArgument a statement that gives rows.
  // "BEGIN; …; COMMIT" is a transaction of the table that its first statement changes, in one
  // commit; it takes no parameters. "BEGIN; …; ROLLBACK" does nothing.
  Result<ChangeReceipt> Execute(std::string_view text, const QueryOptions& options = {});

  // The control plane of a Delta table: a path, or a name of the profile's datasets. That it is a
  // table, its calls find out. kSqlPolicyViolation outside the allowed roots.
  Result<DeltaTable> Delta(std::string_view table);

  // A transaction of one Delta table, which `Delta` would find: what happens in it is one commit.
  // kUnsupported where statements run in worker processes.
  Result<TableTransaction> Begin(std::string_view table);

  // The rows as the bytes of one file of a format (Arrow IPC, Parquet, ...), handed out in
  // pieces: for pipes. The file is made in the spill directory first. A `sink` that gives false
  // ends the call with kIo. Gives the number of rows.
  Result<std::int64_t> Encode(ArrowStream rows, DataFormat format,
                              const std::function<bool(std::string_view)>& sink);

 private:
  friend struct SessionAccess;  // how a job opens an observed session
  class Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Versions of the library and of what it carries, as one JSON object.
LAKEGATE_EXPORT std::string VersionsJson();

}  // namespace lakegate

#endif  // LAKEGATE_SESSION_H_
