// Statements that change rows: judged, taken apart, and given to the control plane or the write
// path.
#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/type.h"
#include "delta/log.h"
#include "engine/sql_text.h"
#include "engine/statement.h"
#include "guard/protection.h"
#include "lakegate/session.h"
#include "lakegate/table_transaction.h"
#include "session/judged_text.h"
#include "session/location.h"
#include "session/session_state.h"
#include "session/statement_run.h"

namespace lakegate {
namespace {

using nlohmann::json;

std::string TextIn(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<std::string> TextsIn(const json& object, const char* name) {
  return object.value(name, std::vector<std::string>());
}

// The path of the Delta table that a statement changes.
Result<std::string> ChangedTable(const session::SessionState& state, const SqlPolicy& policy,
                                 const json& change) {
  const auto parts = TextsIn(change, "table");
  const std::string name = base::Join(parts, ".");
  LG_ASSIGN_OR_RETURN(const catalog::Entry entry, state.catalog.Find(name));
  if (guard::ProtectionOf(policy, name) != nullptr) {
    return Error(
        ErrorKind::kSqlPolicyViolation,
        fmt::format("The SQL policy shows a part of this relation alone, so that it cannot "
                    "be changed: {} (policy '{}').",
                    name, policy.name),
        PolicyViolation{
            .violation = "protected", .name = name, .position = {}, .setting = "protect"});
  }
  const auto* dataset = std::get_if<catalog::DatasetEntry>(&entry);
  if (dataset == nullptr) {
    return Error(ErrorKind::kUnsupported,
                 fmt::format("A {} cannot be changed: {}; changes are made to Delta tables.",
                             catalog::EntryKindName(entry), name));
  }
  if (dataset->spec.location.version || dataset->spec.location.timestamp_ms) {
    return Error(ErrorKind::kInvalidArgument,
                 "The dataset is pinned to a version, which nothing can change: " + name);
  }
  LG_ASSIGN_OR_RETURN(const DatasetLocation located,
                      session::LocateSource(dataset->spec.location, state.profile));
  if (located.format != DataFormat::kDelta) {
    return Error(ErrorKind::kUnsupported,
                 fmt::format("Files of this format cannot be changed: {} ({}); changes are made to "
                             "Delta tables.",
                             name, DataFormatName(located.format.value_or(DataFormat::kParquet))));
  }
  return located.path;
}

// How SQL writes the type that an integer may become on its way into a column; "" for any other.
std::string NumberType(const columnar::DataType& type) {
  using columnar::TypeId;
  switch (type.id) {
    case TypeId::kInt8:
      return "TINYINT";
    case TypeId::kInt16:
      return "SMALLINT";
    case TypeId::kInt32:
      return "INT";
    case TypeId::kInt64:
      return "BIGINT";
    case TypeId::kFloat32:
      return "REAL";
    case TypeId::kFloat64:
      return "DOUBLE";
    case TypeId::kDecimal128:
      return fmt::format("DECIMAL({}, {})", type.precision, type.scale);
    default:
      return "";
  }
}

// The same rows, their columns called otherwise.
class CalledOtherwise final : public RecordStream {
 public:
  CalledOtherwise(ArrowStream rows, OwnedSchema schema)
      : schema_(std::move(schema)), rows_(std::move(rows)) {}

  const ArrowSchema& schema() const override { return *schema_; }
  Result<std::optional<OwnedArray>> Next() override { return rows_->Next(); }

 private:
  OwnedSchema schema_;
  ArrowStream rows_;
};

// Rows given by place, under the names they are inserted by. A whole number becomes the number
// type of its column, or fails.
Result<ArrowStream> Named(session::SessionState& state, ArrowStream rows, const ArrowSchema& table,
                          const std::vector<std::string>& columns) {
  const ArrowSchema& given = rows->schema();
  if (given.n_children != static_cast<std::int64_t>(columns.size())) {
    return Error(ErrorKind::kSchemaMismatch,
                 fmt::format("The INSERT gives {} columns for {}: {}.", given.n_children,
                             columns.size(), base::ListNames(columns)));
  }
  // Of equal names there may be several; by place they are told apart.
  std::vector<OwnedSchema> fields;
  std::string list;
  for (std::int64_t i = 0; i < given.n_children; ++i) {
    OwnedSchema field = CopySchema(*given.children[i]);
    const std::string place = fmt::format("c{}", i);
    columnar::SetName(place, &field);
    fields.push_back(std::move(field));
    const std::string& column = columns[static_cast<std::size_t>(i)];
    LG_ASSIGN_OR_RETURN(const auto index, columnar::FindColumn(table, column, "INSERT"));
    const auto from = columnar::ParseFormat(given.children[i]->format);
    const auto to = columnar::ParseFormat(table.children[index]->format);
    const std::string type = to ? NumberType(*to) : "";
    const bool cast = from && columnar::IsInteger(from->id) && !type.empty();
    const std::string value = cast ? fmt::format("CAST({} AS {})", place, type) : place;
    list += fmt::format("{}{} AS {}", i == 0 ? "" : ", ", value, base::QuoteIdentifier(column));
  }
  const OwnedSchema schema = columnar::SchemaOf(std::move(fields));
  LG_ASSIGN_OR_RETURN(auto session, engine::EngineSession::Open(state.engine));
  // Read once: the plan scans it once.
  auto once = std::make_shared<ArrowStream>(
      std::make_unique<CalledOtherwise>(std::move(rows), CopySchema(*schema)));
  LG_RETURN_IF_ERROR(session.AddStream("given", *schema, [once]() -> Result<ArrowStream> {
    if (*once == nullptr) {
      return Error(ErrorKind::kInternal, "The rows of an INSERT were read twice.");
    }
    return std::move(*once);
  }));
  LG_ASSIGN_OR_RETURN(const auto plan,
                      session.PlanStatement(fmt::format("SELECT {} FROM given", list)));
  return plan.Execute();
}

ChangeReceipt ReceiptOf(const WriteReceipt& written) {
  ChangeReceipt receipt;
  receipt.path = written.destination;
  receipt.operation = "WRITE";
  receipt.retries = written.retries;
  receipt.metrics = {{"numOutputRows", written.rows},
                     {"numAddedFiles", static_cast<std::int64_t>(written.files.size())},
                     {"numOutputBytes", written.bytes}};
  if (const auto* done = std::get_if<Committed>(&written.outcome)) {
    receipt.version = done->version;
    receipt.read_version = done->version - 1;
  } else {
    receipt.reason = "no_rows";
  }
  for (const auto& [phase, millis] : written.duration_ms) receipt.duration_ms += millis;
  return receipt;
}

Result<MergeOptions> MergeOf(const json& change, const ArrowSchema& table) {
  MergeOptions merge;
  merge.on = TextIn(change, "condition");
  merge.target_name = TextIn(change, "alias");
  merge.source_name = TextIn(change, "source_alias");
  for (const auto& told : change.value("clauses", json::array())) {
    MergeClause clause;
    const std::string when = TextIn(told, "when");
    const std::string then = TextIn(told, "then");
    clause.when = when == "matched"       ? MergeWhen::kMatched
                  : when == "not_matched" ? MergeWhen::kNotMatched
                                          : MergeWhen::kNotMatchedBySource;
    clause.then = then == "update"   ? MergeThen::kUpdate
                  : then == "delete" ? MergeThen::kDelete
                                     : MergeThen::kInsert;
    clause.condition = TextIn(told, "condition");
    auto columns = TextsIn(told, "columns");
    const auto values = TextsIn(told, "values");
    if (columns.empty() && !values.empty()) columns = columnar::ColumnNames(table);
    if (columns.size() != values.size()) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("An INSERT of the MERGE gives {} values for {} columns.",
                               values.size(), columns.size()));
    }
    for (std::size_t i = 0; i < columns.size(); ++i) clause.set[columns[i]] = values[i];
    merge.clauses.push_back(std::move(clause));
  }
  return merge;
}

std::map<std::string, std::string> SetOf(const json& change) {
  std::map<std::string, std::string> set;
  for (const auto& pair : change.value("set", json::array())) {
    if (pair.size() == 2) set[pair[0].get<std::string>()] = pair[1].get<std::string>();
  }
  return set;
}

// The words of a statement, folded.
std::string Folded(std::string_view statement) {
  std::string folded;
  bool gap = false;
  for (const char letter : statement) {
    if (letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n') {
      gap = true;
      continue;
    }
    if (gap && !folded.empty()) folded += ' ';
    gap = false;
    folded += letter;
  }
  return base::ToLowerAscii(folded);
}

bool IsOneOf(std::string_view statement, std::initializer_list<std::string_view> texts) {
  const std::string folded = Folded(statement);
  return std::find(texts.begin(), texts.end(), folded) != texts.end();
}

// "BEGIN; …; COMMIT" as its parts; nothing for any other text.
struct Script {
  std::vector<std::string> statements;
  bool commits = true;
};

Result<std::optional<Script>> ScriptIn(std::string_view text, const SqlPolicy& policy) {
  LG_ASSIGN_OR_RETURN(const auto ranges, engine::SplitSql(text, policy.sql));
  std::vector<std::string> statements;
  statements.reserve(ranges.size());
  for (const auto& range : ranges) {
    statements.emplace_back(text.substr(static_cast<std::size_t>(range.start),
                                        static_cast<std::size_t>(range.end - range.start)));
  }
  const bool begins = !statements.empty() &&
                      IsOneOf(statements.front(),
                              {"begin", "begin transaction", "begin work", "start transaction"});
  if (!begins) return std::optional<Script>();
  const std::string& last = statements.back();
  const bool commits =
      IsOneOf(last, {"commit", "commit transaction", "commit work", "end", "end transaction"});
  const bool ends = commits || IsOneOf(last, {"rollback", "rollback transaction", "rollback work"});
  if (statements.size() < 2 || !ends) {
    return Error(
        ErrorKind::kInvalidArgument,
        "A transaction is one text, from BEGIN to COMMIT or ROLLBACK; the end is missing.");
  }
  statements.pop_back();
  statements.erase(statements.begin());
  return std::optional(Script{std::move(statements), commits});
}

// What a statement changes, taken apart, under the policy that let it pass.
struct Change {
  SqlPolicy policy;
  json parts;
  std::string path;
};

Result<Change> ChangeIn(session::SessionState& state, std::string_view text,
                        const QueryOptions& options) {
  LG_ASSIGN_OR_RETURN(session::JudgedStatement judged, session::JudgeForRun(state, text, options));
  if (judged.facts.statement_class != guard::StatementClass::kDml || judged.facts.explain) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("This statement changes no rows, run it as a query: {}.",
                             judged.facts.explain ? "explain" : judged.facts.kind));
  }
  LG_ASSIGN_OR_RETURN(const std::string told, engine::SqlChange(text, judged.policy.sql));
  json parts = json::parse(told, nullptr, false);
  if (!parts.is_object()) {
    return Error(ErrorKind::kInternal, "What a statement changes was not told as promised.");
  }
  LG_ASSIGN_OR_RETURN(std::string path, ChangedTable(state, judged.policy, parts));
  return Change{std::move(judged.policy), std::move(parts), std::move(path)};
}

// Every statement in one transaction of the table that the first one changes.
Result<ChangeReceipt> RunScript(Session& session, session::SessionState& state,
                                const Script& script, const QueryOptions& options) {
  if (script.statements.empty()) {
    return Error(ErrorKind::kInvalidArgument, "The transaction holds no statement.");
  }
  if (!options.parameters.empty()) {
    return Error(ErrorKind::kUnsupported, "A transaction as a text takes no parameters.");
  }
  LG_ASSIGN_OR_RETURN(const Change first, ChangeIn(state, script.statements.front(), options));
  LG_ASSIGN_OR_RETURN(TableTransaction transaction, session.Begin(first.path));
  std::map<std::string, std::int64_t> metrics;
  for (std::size_t i = 0; i < script.statements.size(); ++i) {
    const auto done = transaction.session().Execute(script.statements[i], options);
    if (!done) {
      return done.error().WithContext(fmt::format("Statement {} of the transaction", i + 1));
    }
    for (const auto& [name, count] : done->metrics) metrics[name] += count;
  }
  if (!script.commits) {
    transaction.Abandon();
    ChangeReceipt receipt;
    receipt.path = transaction.path();
    receipt.operation = "TRANSACTION";
    receipt.reason = "rolled_back";
    return receipt;
  }
  ChangeOptions committing;
  committing.cancel = options.cancel;
  committing.run_id = options.run_id;
  LG_ASSIGN_OR_RETURN(ChangeReceipt receipt, transaction.Commit(committing));
  // Of files the transaction knows better than the sum of its statements.
  receipt.metrics.merge(metrics);
  return receipt;
}

}  // namespace

Result<ChangeReceipt> Session::Execute(std::string_view text, const QueryOptions& options) {
  const std::shared_ptr<session::SessionState>& state = impl_->state;
  LG_ASSIGN_OR_RETURN(const SqlPolicy in_force, session::PolicyInForce(state->profile, options));
  LG_ASSIGN_OR_RETURN(const auto script, ScriptIn(text, in_force));
  if (script) return RunScript(*this, *state, *script, options);
  LG_ASSIGN_OR_RETURN(const Change changed, ChangeIn(*state, text, options));
  const json& change = changed.parts;
  const std::string& path = changed.path;
  DeltaTable table(state, path);
  ChangeOptions changing;
  changing.cancel = options.cancel;
  changing.run_id = options.run_id;
  changing.policy = options.policy;
  changing.table_name = TextIn(change, "alias");
  const std::string kind = TextIn(change, "kind");
  if (kind == "delete") return table.Delete(TextIn(change, "condition"), changing);
  if (kind == "update") {
    return table.Update(SetOf(change), TextIn(change, "condition"), changing);
  }
  LG_ASSIGN_OR_RETURN(const delta::Snapshot head,
                      delta::ReadSnapshot(*state->engine, path, {}, {}));
  if (kind == "merge") {
    LG_ASSIGN_OR_RETURN(const MergeOptions merge, MergeOf(change, **head.schema));
    return table.Merge(TextIn(change, "source"), merge, changing);
  }
  auto columns = TextsIn(change, "columns");
  const bool some = !columns.empty();
  if (!some) columns = columnar::ColumnNames(**head.schema);
  if (std::set<std::string>(columns.begin(), columns.end()).size() != columns.size()) {
    return Error(ErrorKind::kInvalidArgument, "The INSERT names a column twice.");
  }
  QueryOptions query = options;
  query.ordered = true;
  LG_ASSIGN_OR_RETURN(ArrowStream rows, session::RunText(state, TextIn(change, "source"), query));
  LG_ASSIGN_OR_RETURN(rows, Named(*state, std::move(rows), **head.schema, columns));
  WriteOptions write;
  write.destination.path = path;
  write.destination.format = DataFormat::kDelta;
  write.mode = WriteMode::kAppend;
  write.run_id = options.run_id;
  // Columns that are not named are null.
  if (some) write.options["schema_mode"] = "merge";
  LG_ASSIGN_OR_RETURN(const WriteReceipt receipt,
                      WriteStream(std::move(rows), write, options.cancel));
  return ReceiptOf(receipt);
}

}  // namespace lakegate
